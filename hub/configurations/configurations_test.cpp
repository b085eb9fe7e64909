#include "hub/configurations/configurations.h"
#include "hub/fixture.h"

#include <fmt/format.h>

#include <random>

namespace muster::hub {

namespace {

using What = ConfigurationFault::What;

/// A hub that works by itself.
class ConfigurationsTest : public HubTest {
  protected:
    ConfigurationsTest() { restart(); }

    /// As after a crash: what was waiting is gone.
    void restart() {
        workers.forget();
        service.reset();
        auto of = settings();
        of.devices_max = 1000;
        service = std::make_unique<Service>(of, ports());
        service->start();
        settle();
    }

    void settle() {
        workers.run_all();
        pass(std::chrono::seconds(5));
    }

    void pass(std::chrono::seconds time) {
        clock.advance(time);
        timers.advance(time);
        workers.run_all();
    }

    void add_device(std::string_view id, std::string_view tags = "{}") {
        Device wanted;
        wanted.id = DeviceId(std::string(id));
        const TwinContent content{
            .tags = object(tags), .desired = object(R"({"own":1})"), .reported = {}};
        ASSERT_TRUE(service->create_with_twin(wanted, content));
    }

    Twin twin(std::string_view id) {
        return service->get_twin(DeviceId(std::string(id))).value().twin;
    }

    JsonObject desired(std::string_view id) { return twin(id).desired.values; }

    ConfigurationResult<Configuration> put(std::string_view id, std::string_view document,
                                           const IfMatch& if_match = {}) {
        auto stored = service->configurations().put(ConfigurationId(std::string(id)),
                                                    object(document), if_match);
        settle();
        return stored;
    }

    void erase(std::string_view id) {
        ASSERT_TRUE(service->configurations().erase(ConfigurationId(std::string(id)), {}));
        settle();
    }

    void tag(std::string_view id, std::string_view tags) {
        ASSERT_TRUE(service->patch_twin(DeviceId(std::string(id)),
                                        {.tags = object(tags), .desired = std::nullopt}, {}));
    }

    ConfigurationMetrics metrics(std::string_view id) {
        return service->configurations().get(ConfigurationId(std::string(id))).value().metrics;
    }

    static std::string configuration(std::string_view condition, int priority,
                                     std::string_view content) {
        return fmt::format(
            R"({{"targetCondition":"{}","priority":{},"content":{{"deviceContent":{{{}}}}}}})",
            condition, priority, content);
    }

    std::unique_ptr<Service> service;
};

constexpr std::string_view sets_a = R"("properties.desired.a":1)";

} // namespace

TEST_F(ConfigurationsTest, ApplyAtOnceToThoseWhoAreThereAndThoseWhoCome) {
    add_device("n", R"({"site":"north"})");
    add_device("s", R"({"site":"south"})");
    ASSERT_TRUE(put("c", configuration("tags.site = 'north'", 1, sets_a)));
    EXPECT_EQ(desired("n"), object(R"({"own":1,"a":1})"));
    EXPECT_EQ(desired("s"), object(R"({"own":1})"));
    add_device("new", R"({"site":"north"})");
    workers.run_all();
    EXPECT_EQ(desired("new"), object(R"({"own":1,"a":1})"));
    tag("s", R"({"site":"north"})");
    tag("n", R"({"site":"east"})");
    workers.run_all();
    EXPECT_EQ(desired("s"), object(R"({"own":1,"a":1})"));
    EXPECT_EQ(desired("n"), object(R"({"own":1})"));
}

TEST_F(ConfigurationsTest, TheDeviceIsToldOnce) {
    add_device("n");
    const auto link = std::make_shared<fakes::Link>();
    const LinkId id = service->live().attach(DeviceId("n"), link);
    service->live().set_takes_desired(DeviceId("n"), id, true);
    ASSERT_TRUE(put("c", configuration("*", 1, sets_a)));
    pass(std::chrono::seconds(300));
    ASSERT_EQ(link->notifications.size(), 1U);
    EXPECT_EQ(link->notifications[0].second, R"({"a":1,"$version":2})");
}

TEST_F(ConfigurationsTest, ADeletedOneIsTakenBackEvenAcrossACrash) {
    add_device("n");
    ASSERT_TRUE(put("c", configuration("*", 1, sets_a)));
    ASSERT_TRUE(service->configurations().erase(ConfigurationId("c"), {}));
    EXPECT_EQ(desired("n"), object(R"({"own":1,"a":1})")); // nobody has looked yet
    restart();
    EXPECT_EQ(desired("n"), object(R"({"own":1})"));
    EXPECT_EQ(twin("n").configured, Configured());
}

TEST_F(ConfigurationsTest, CountsWhatItFinds) {
    add_device("n", R"({"site":"north"})");
    add_device("m", R"({"site":"north"})");
    add_device("s", R"({"site":"south"})");
    ASSERT_TRUE(put("low", R"({"targetCondition":"tags.site='north'","priority":1,)"
                           R"("content":{"deviceContent":{"properties.desired.a":1}},"metrics":)"
                           R"({"queries":{"south":"select * from devices where tags.site='south'",)"
                           R"("all":"select deviceId from devices"}}})"));
    EXPECT_EQ(
        metrics("low"),
        (ConfigurationMetrics{.targeted = 2, .applied = 2, .custom = {{"all", 3}, {"south", 1}}}));
    ASSERT_TRUE(put("high", configuration("deviceId = 'n'", 2, sets_a)));
    EXPECT_EQ(metrics("low").applied, 1);
    EXPECT_EQ(metrics("low").targeted, 2);
}

TEST_F(ConfigurationsTest, ContentIsImmutableAndETagsCount) {
    const std::string first = configuration("*", 1, sets_a);
    const auto made = put("c", first);
    ASSERT_TRUE(made);
    EXPECT_EQ(put("c", first).error().error.code, Code::already_exists);
    EXPECT_EQ(
        put("c", configuration("*", 1, R"("properties.desired.a":2)"), any_etag()).error().what,
        What::immutable_content);
    EXPECT_EQ(put("d", first, any_etag()).error().error.code, Code::not_found);
    EXPECT_EQ(put("c", first, exactly(ETag("no"))).error().error.code, Code::precondition);
    const auto changed = put("c", configuration("*", 7, sets_a), exactly(etag_of(*made)));
    ASSERT_TRUE(changed);
    EXPECT_EQ(changed->priority, 7);
    EXPECT_EQ(changed->created, made->created);
    EXPECT_NE(etag_of(*changed), etag_of(*made));
    EXPECT_EQ(
        code_of(service->configurations().erase(ConfigurationId("c"), exactly(etag_of(*made)))),
        Code::precondition);
    EXPECT_EQ(code_of(service->configurations().erase(ConfigurationId("d"), {})), Code::not_found);
    EXPECT_EQ(put("m", R"({"content":{"moduleContent":{}},"targetCondition":"*"})").error().what,
              What::condition);
    EXPECT_EQ(put("m", R"({"targetCondition":"*"})").error().what, What::content);
}

TEST_F(ConfigurationsTest, ThereAreAHundredAtMost) {
    add_device("n");
    for (int number = 0; number < 100; ++number) {
        ASSERT_TRUE(service->configurations().put(
            ConfigurationId(fmt::format("c{}", number)),
            object(configuration("*", number,
                                 fmt::format(R"("properties.desired.p{}":{})", number, number))),
            {}));
    }
    EXPECT_EQ(put("more", configuration("*", 1, sets_a)).error().error.code, Code::quota_exceeded);
    settle();
    EXPECT_EQ(desired("n").size(), 101U);
    EXPECT_EQ(service->configurations().list(20)->size(), 20U);
}

TEST_F(ConfigurationsTest, WhatCouldNotBeDoneIsDoneLater) {
    add_device("n");
    devices.write_failures.push_back(failure(Code::unavailable));
    ASSERT_TRUE(put("c", configuration("*", 1, sets_a)));
    pass(std::chrono::seconds(40));
    EXPECT_EQ(desired("n"), object(R"({"own":1,"a":1})"));
}

namespace {

/// What the rule of the reference says, written a second time and naively.
class ConfigurationsProperty : public ConfigurationsTest {
  protected:
    struct Known {
        int priority = 0;
        int created = 0;
        int site = -1; // of its devices; -1: all
        std::string place;
        int value = 0;
    };

    int draw(int below) { return std::uniform_int_distribution<>(0, below - 1)(engine); }

    static JsonObject put_at(JsonObject values, const std::string& place, int value) {
        const auto dot = place.find('.');
        if (dot == std::string::npos) {
            values[place] = value;
            return values;
        }
        Json& child = values[place.substr(0, dot)];
        child = put_at(child.is_object() ? child.get_object() : JsonObject(), place.substr(dot + 1),
                       value);
        return values;
    }

    JsonObject expected(int site, const JsonObject& own) const {
        std::vector<Known> meant;
        for (const auto& [id, one] : known) {
            if (one.site == -1 || one.site == site) {
                meant.push_back(one);
            }
        }
        std::ranges::sort(meant, {},
                          [](const Known& one) { return std::pair(one.priority, one.created); });
        JsonObject values = own;
        for (const Known& one : meant) {
            values = put_at(std::move(values), one.place, one.value);
        }
        return values;
    }

    std::string document(const Known& one) const {
        const std::string condition =
            one.site == -1 ? "*" : fmt::format("tags.site = {}", one.site);
        return configuration(condition, one.priority,
                             fmt::format(R"("properties.desired.{}":{})", one.place, one.value));
    }

    void change_something() {
        static constexpr std::array<std::string_view, 5> places{"a", "b", "b.x", "b.x.y", "b.z"};
        const std::string id = fmt::format("c{}", draw(8));
        const auto found = known.find(id);
        switch (draw(7)) {
        case 0:
        case 1:
            if (found == known.end()) {
                const Known one{.priority = draw(4),
                                .created = ++creations,
                                .site = draw(4) - 1,
                                .place = std::string(places[static_cast<std::size_t>(draw(5))]),
                                .value = draw(3)};
                clock.advance(std::chrono::milliseconds(1));
                ASSERT_TRUE(
                    service->configurations().put(ConfigurationId(id), object(document(one)), {}));
                known[id] = one;
            }
            return;
        case 2:
            if (found != known.end()) {
                found->second.priority = draw(4);
                found->second.site = draw(4) - 1;
                ASSERT_TRUE(service->configurations().put(
                    ConfigurationId(id), object(document(found->second)), any_etag()));
            }
            return;
        case 3:
            if (found != known.end()) {
                ASSERT_TRUE(service->configurations().erase(ConfigurationId(id), {}));
                known.erase(found);
            }
            return;
        case 4: {
            const int device = draw(devices_count);
            sites[device] = draw(3);
            return tag(name(device), fmt::format(R"({{"site":{}}})", sites[device]));
        }
        case 5: {
            const int device = draw(devices_count);
            owned[device] = JsonObject{{"own", draw(5)}};
            ASSERT_TRUE(service->patch_twin(DeviceId(name(device)),
                                            {.tags = std::nullopt, .desired = owned[device]}, {}));
            return;
        }
        default: workers.run_one(); return;
        }
    }

    static std::string name(int device) { return fmt::format("dev-{}", device); }

    static constexpr int devices_count = 5;
    std::mt19937 engine;
    std::map<std::string, Known> known;
    std::map<int, int> sites;
    std::map<int, JsonObject> owned;
    int creations = 0;
};

} // namespace

TEST_F(ConfigurationsProperty, AfterEverythingEveryTwinIsAsTheRuleSays) {
    for (int device = 0; device < devices_count; ++device) {
        add_device(name(device), R"({"site":0})");
        sites[device] = 0;
        owned[device] = object(R"({"own":1})");
    }
    for (unsigned seed = 0; seed < 40; ++seed) {
        SCOPED_TRACE(fmt::format("seed {}", seed));
        engine.seed(seed);
        for (int step = draw(30); step >= 0; --step) {
            change_something();
        }
        draw(3) == 0 ? restart() : settle();
        for (int device = 0; device < devices_count; ++device) {
            ASSERT_EQ(desired(name(device)), expected(sites[device], owned[device]))
                << name(device);
        }
        const auto version = twin(name(0)).version;
        pass(std::chrono::seconds(305));
        ASSERT_EQ(twin(name(0)).version, version);
    }
}

} // namespace muster::hub
