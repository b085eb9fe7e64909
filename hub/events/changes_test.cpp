// What a hub says about its devices (iothub D.2).

#include "hub/events/changes.h"
#include "hub/fixture.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>

namespace muster::hub {
namespace {

ChangeOrigin origin_of(IdentityId identity = DeviceId("dev-01")) {
    return {.hub = HubName("hub-1.example.org"),
            .identity = std::move(identity),
            .at = from_unix_seconds(1'893'553'445),
            .correlation = "c-1"};
}

std::string property(const Event& event, std::string_view name) {
    for (const auto& [known, value] : event.properties) {
        if (known == name) {
            return value;
        }
    }
    return "(none)";
}

TEST(HubChanges, HaveTheEnvelopeOfTheReference) {
    const Event event =
        lifecycle_event(origin_of(), LifecycleChange::created, new_twin({}, {}, {}, noon()));
    EXPECT_EQ(event.source, EventSource::lifecycle);
    EXPECT_EQ(event.identity, IdentityId(DeviceId("dev-01")));
    const std::map<std::string, std::string> properties(event.properties.begin(),
                                                        event.properties.end());
    EXPECT_EQ(properties, (std::map<std::string, std::string>{
                              {"$.ct", "application/json"},
                              {"$.ce", "utf-8"},
                              {"$.cid", "c-1"},
                              {"$.uid", "hub-1"},
                              {"hubName", "hub-1"},
                              {"deviceId", "dev-01"},
                              {"operationTimestamp", "2030-01-02T03:04:05.0000000Z"},
                              {"opType", "createDeviceIdentity"},
                              {"iothub-message-schema", "deviceLifecycleNotification"}}));
    EXPECT_EQ(event.auth_method, "") << "nobody sent it";
}

TEST(HubChanges, LifecycleShowsTheTwin) {
    const Twin twin = new_twin({}, {}, {}, noon());
    const std::string untouched =
        R"({"$metadata":{"$lastUpdated":"0001-01-01T00:00:00Z"},"$version":1})";
    EXPECT_EQ(lifecycle_event(origin_of(), LifecycleChange::created, twin).body,
              R"({"deviceId":"dev-01","etag":"AAAAAAAAAAE=","version":1,"properties":{"desired":)" +
                  untouched + R"(,"reported":)" + untouched + "}}");

    const Event gone =
        lifecycle_event(origin_of({DeviceId("dev-01"), ModuleId("cam")}), LifecycleChange::deleted,
                        new_twin({{"site", "north"}}, {}, {}, noon()));
    EXPECT_EQ(property(gone, "opType"), "deleteModuleIdentity");
    EXPECT_EQ(property(gone, "moduleId"), "cam");
    EXPECT_EQ(property(gone, "iothub-message-schema"), "moduleLifecycleNotification");
    const JsonObject body = object(gone.body);
    EXPECT_EQ(body.at("moduleId"), "cam");
    EXPECT_EQ(to_text(body.at("tags")), R"({"site":"north"})");
}

TEST(HubChanges, AnUpdateShowsWhatChangedAndNothingElse) {
    Twin before = new_twin({{"a", 1}}, object(R"({"keep":1,"deep":{"x":1,"y":2},"gone":3})"),
                           object(R"({"r":1})"), noon());
    const TwinUpdate update{.tags = object(R"({"site":"south","a":null})"),
                            .desired = object(R"({"deep":{"x":5},"gone":null})")};
    const Twin next = apply_patch(before, update, noon() + std::chrono::hours(1)).value();
    const Event event =
        twin_updated_event(origin_of(), {.tags = update.tags, .desired = update.desired}, next);
    EXPECT_EQ(event.source, EventSource::twin_change);
    EXPECT_EQ(property(event, "opType"), "updateTwin");
    EXPECT_EQ(property(event, "iothub-message-schema"), "twinChangeNotification");
    const std::string stamp =
        R"("$lastUpdated":"2030-01-02T13:00:00.0000000Z","$lastUpdatedVersion":2)";
    EXPECT_EQ(event.body, R"({"version":2,"tags":{"site":"south","a":null},)"
                          R"("properties":{"desired":{"deep":{"x":5},"gone":null,)"
                          R"("$metadata":{)" +
                              stamp + R"(,"deep":{)" + stamp + R"(,"x":{)" + stamp +
                              R"(}}},"$version":2}}})");
}

TEST(HubChanges, AReplacementShowsTheWholeTwin) {
    const Twin twin = new_twin({}, object(R"({"a":1})"), {}, noon());
    const Event event = twin_replaced_event(origin_of(), twin);
    EXPECT_EQ(property(event, "opType"), "replaceTwin");
    const JsonObject body = object(event.body);
    EXPECT_EQ(body.at("deviceId"), "dev-01");
    EXPECT_EQ(body.at("etag"), Json(etag_of(twin).text()));
    EXPECT_EQ(body.at("properties").at("desired").at("a"), 1);
}

TEST(HubChanges, ConnectionsAreOrderedByText) {
    const auto number = [](const ConnectionOrder& order) {
        const Event event = connection_event(origin_of(), ConnectionChange::connected, order);
        return std::string(object(event.body).at("sequenceNumber").as_string());
    };
    const ConnectionOrder rising[] = {{0, 1}, {0, 2}, {0, 10}, {0, 0xffffffff},
                                      {1, 0}, {9, 7}, {10, 1}, {UINT64_MAX, 0}};
    std::string last;
    for (const ConnectionOrder& order : rising) {
        const std::string next = number(order);
        EXPECT_EQ(next.size(), 64U);
        EXPECT_GT(next, last);
        last = next;
    }
    const IdentityId module(DeviceId("d"), ModuleId("m"));
    EXPECT_EQ(property(connection_event(origin_of(), ConnectionChange::disconnected, {}), "opType"),
              "deviceDisconnected");
    EXPECT_EQ(
        property(connection_event(origin_of(module), ConnectionChange::connected, {}), "opType"),
        "moduleConnected");
    EXPECT_EQ(property(connection_event(origin_of(module), ConnectionChange::connected, {}),
                       "iothub-message-schema"),
              "deviceConnectionStateNotification");
}

TEST(HubChanges, AHubIsCalledByItsFirstLabel) {
    EXPECT_EQ(short_name_of(HubName("hub-1.example.org")), "hub-1");
    EXPECT_EQ(short_name_of(HubName("127.0.0.77")), "127.0.0.77");
    EXPECT_EQ(short_name_of(HubName("::1")), "::1");
}

// ---- what a hub's use cases emit ----

class HubChangesEmitted : public HubTest {
  protected:
    static HubSettings loud() {
        HubSettings settings = HubTest::settings();
        settings.events.twin_changes = true;
        settings.events.lifecycle = true;
        settings.events.connection_state = true;
        return settings;
    }

    std::vector<Event> logged() { return loud_hub.events().read({}).value(); }

    std::vector<std::string> operations() {
        std::vector<std::string> names;
        for (const Event& event : logged()) {
            names.push_back(property(event, "opType"));
        }
        return names;
    }

    void make(std::string_view id = "dev-01") {
        Device wanted;
        wanted.id = DeviceId(std::string(id));
        loud_hub.put_device(wanted, {}).value();
    }

    Service loud_hub{loud(), ports()};
    const DeviceId device{"dev-01"};
};

TEST_F(HubChangesEmitted, EveryChangeIsTold) {
    make();
    loud_hub.patch_twin(device, desired_update(R"({"a":1})"), {}).value();
    loud_hub.report(device, object(R"({"b":2,"$version":1})")).value();
    loud_hub.replace_twin(device, desired_update(R"({"c":3})"), {}).value();
    ASSERT_TRUE(loud_hub.set_model_id(device, "dtmi:com:example;1"));
    ASSERT_TRUE(loud_hub.set_model_id(device, "dtmi:com:example;1"));
    ASSERT_TRUE(loud_hub.delete_device(device, any_etag()));
    EXPECT_EQ(operations(),
              (std::vector<std::string>{"createDeviceIdentity", "updateTwin", "updateTwin",
                                        "replaceTwin", "updateTwin", "deleteDeviceIdentity"}));
    const auto events = logged();
    EXPECT_EQ(object(events[2].body).at("properties").at("reported").at("b"), 2);
    EXPECT_EQ(object(events[2].body).at("properties").at("reported").at("$version"), 2);
    EXPECT_EQ(object(events[4].body).at("modelId"), "dtmi:com:example;1");
    EXPECT_EQ(object(events[5].body).at("version"), 5) << "the twin that is gone";
    for (const Event& event : events) {
        EXPECT_EQ(event.partition, partition_of(device, partitions_default));
        EXPECT_EQ(event.enqueued, clock.wall());
    }
}

TEST_F(HubChangesEmitted, WhatIsRefusedIsNotTold) {
    make();
    EXPECT_FALSE(loud_hub.patch_twin(device, desired_update(R"({"a":1})"), exactly(ETag("x"))));
    EXPECT_FALSE(loud_hub.report(device, object(R"({"$version":7})")));
    EXPECT_FALSE(loud_hub.delete_device(device, exactly(ETag("x"))));
    devices.write_failures.push_back(failure(Code::unavailable));
    EXPECT_FALSE(loud_hub.patch_twin(device, desired_update(R"({"a":1})"), {}));
    EXPECT_EQ(operations(), (std::vector<std::string>{"createDeviceIdentity"}));
}

TEST_F(HubChangesEmitted, AConflictTellsOfItOnce) {
    make();
    devices.write_failures.push_back(failure(Code::conflict));
    loud_hub.patch_twin(device, desired_update(R"({"a":1})"), {}).value();
    EXPECT_EQ(operations(), (std::vector<std::string>{"createDeviceIdentity", "updateTwin"}));
}

TEST_F(HubChangesEmitted, ReadersAreWoken) {
    int woken = 0;
    loud_hub.events().when_appended(0, std::chrono::seconds(30), [&] { ++woken; });
    make();
    EXPECT_EQ(woken, 1);
}

TEST_F(HubChangesEmitted, AQuietHubTellsNothing) {
    create("dev-01"); // at the hub with the settings of before
    hub.patch_twin(device, desired_update(R"({"a":1})"), {}).value();
    EXPECT_EQ(hub.events().extent()->last, 0);
}

// ---- connections ----

TEST_F(HubChangesEmitted, ConnectionsAreToldInBatches) {
    auto first = std::make_shared<fakes::Link>();
    const LinkId link = loud_hub.live().attach(device, first);
    loud_hub.live().attach(DeviceId("dev-02"), std::make_shared<fakes::Link>());
    EXPECT_TRUE(logged().empty()) << "nobody waits for the log";
    workers.run_all();
    loud_hub.live().detach(device, link);
    loud_hub.live().detach(device, link);
    loud_hub.live().cut(DeviceId("dev-02"), "gone");
    workers.run_all();
    EXPECT_EQ(operations(), (std::vector<std::string>{"deviceConnected", "deviceConnected",
                                                      "deviceDisconnected", "deviceDisconnected"}));
}

TEST_F(HubChangesEmitted, ADisplacedConnectionIsNoChange) {
    loud_hub.live().attach(device, std::make_shared<fakes::Link>());
    loud_hub.live().attach(device, std::make_shared<fakes::Link>());
    workers.run_all();
    EXPECT_EQ(operations(), (std::vector<std::string>{"deviceConnected"}));
}

TEST_F(HubChangesEmitted, ConnectionsAreOrderedOverRestarts) {
    std::string last;
    for (int start = 0; start < 3; ++start) {
        Service again(loud(), ports());
        for (int round = 0; round < 2; ++round) {
            const LinkId link = again.live().attach(device, std::make_shared<fakes::Link>());
            again.live().detach(device, link);
            workers.run_all();
        }
    }
    const auto events = logged();
    ASSERT_EQ(events.size(), 12U);
    for (const Event& event : events) {
        const std::string number(object(event.body).at("sequenceNumber").as_string());
        EXPECT_GT(number, last);
        last = number;
    }
}

TEST_F(HubChangesEmitted, ALogThatFailsDelaysConnections) {
    events.failure = failure(Code::unavailable);
    loud_hub.live().attach(device, std::make_shared<fakes::Link>());
    workers.run_all();
    EXPECT_TRUE(logged().empty());
    timers.advance(std::chrono::seconds(1));
    workers.run_all();
    EXPECT_EQ(operations(), (std::vector<std::string>{"deviceConnected"}));
}

// ---- replaying ----

class HubChangesReplayed : public testing::TestWithParam<std::uint64_t> {
  protected:
    int below(int bound) { return static_cast<int>(random_() % static_cast<unsigned>(bound)); }

    /// Few keys, so that patches meet.
    JsonObject any_patch(int depth = 0) {
        JsonObject patch;
        for (int count = below(4); count > 0; --count) {
            const std::string key(1, static_cast<char>('a' + below(4)));
            switch (below(depth < 3 ? 5 : 4)) {
            case 0: patch[key] = nullptr; break;
            case 1: patch[key] = below(10); break;
            case 2: patch[key] = "text"; break;
            case 3: patch[key] = JsonArray{1, JsonObject{{"x", nullptr}}}; break;
            default: patch[key] = any_patch(depth + 1);
            }
        }
        return patch;
    }

  private:
    std::mt19937_64 random_{GetParam()};
};

INSTANTIATE_TEST_SUITE_P(Seeds, HubChangesReplayed, testing::Range<std::uint64_t>(1, 31));

/// A copy of a twin, kept by whoever reads the log.
struct Copy {
    JsonObject tags;
    JsonObject desired;
    JsonObject reported;

    static JsonObject values_of(const Json& section) {
        JsonObject values = section.as_object();
        values.erase("$metadata");
        values.erase("$version");
        return values;
    }

    /// RFC 7396, written down once more.
    static void merge_into(JsonObject& target, const JsonObject& patch) {
        for (const auto& [key, value] : patch) {
            if (value.is_null()) {
                target.stable_erase(key);
            } else if (!value.is_object()) {
                target[key] = value;
            } else {
                if (!target.contains(key) || !target.at(key).is_object()) {
                    target[key] = JsonObject();
                }
                merge_into(target.at(key).as_object(), value.as_object());
            }
        }
    }

    void take(const Event& event) {
        const JsonObject body = object(event.body);
        const bool whole = property(event, "opType") == "replaceTwin";
        if (whole) {
            *this = {};
        }
        if (const Json* changed = body.if_contains("tags")) {
            merge_into(tags, changed->as_object());
        }
        const Json* properties = body.if_contains("properties");
        for (auto [name, values] : {std::pair("desired", &desired), {"reported", &reported}}) {
            const Json* changed =
                properties == nullptr ? nullptr : properties->as_object().if_contains(name);
            if (changed != nullptr) {
                merge_into(*values, values_of(*changed));
            }
        }
    }
};

TEST_P(HubChangesReplayed, TheEventsGiveTheTwin) {
    ManualClock clock{noon()};
    SeededRandom random{1};
    fakes::Stores stores;
    fakes::Workers workers;
    fakes::ManualScheduler timers;
    HubSettings settings{.name = HubName("hub-1.example.org")};
    settings.events.twin_changes = true;
    Service hub(settings, {.stores = stores.ports(),
                           .workers = workers,
                           .timers = timers,
                           .clock = clock,
                           .random = random});
    const DeviceId device("dev-01");
    Device wanted;
    wanted.id = device;
    hub.put_device(wanted, {}).value();

    Copy copy;
    std::int64_t position = 0;
    for (int step = 0; step < 60; ++step) {
        clock.advance(std::chrono::seconds(1));
        switch (below(8)) {
        case 0:
            static_cast<void>(
                hub.replace_twin(device, {.tags = any_patch(), .desired = any_patch()}, {}));
            break;
        case 1: static_cast<void>(hub.replace_twin(device, {.tags = any_patch()}, {})); break;
        case 2:
        case 3:
        case 4: static_cast<void>(hub.report(device, any_patch())); break;
        case 5: static_cast<void>(hub.patch_twin(device, {.tags = any_patch()}, {})); break;
        default:
            static_cast<void>(
                hub.patch_twin(device, {.tags = any_patch(), .desired = any_patch()}, {}));
        }
        for (const Event& event : hub.events().read({.after = position}).value()) {
            copy.take(event);
            position = event.sequence;
        }
        const Twin twin = hub.read_twin(device).value();
        ASSERT_EQ(Json(copy.tags), Json(twin.tags)) << step;
        ASSERT_EQ(Json(copy.desired), Json(twin.desired.values)) << step;
        ASSERT_EQ(Json(copy.reported), Json(twin.reported.values)) << step;
        ASSERT_EQ(position, twin.version - 1) << "one event for each version";
    }
}

} // namespace
} // namespace muster::hub
