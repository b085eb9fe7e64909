#include "hub/fixture.h"

#include <atomic>
#include <thread>

namespace muster::hub {

namespace {

class Twins : public HubTest {
  protected:
    Twins() { create("dev-01"); }

    Result<TwinView> patch(std::string_view desired, const IfMatch& if_match = {}) {
        return hub.patch_twin(device, desired_update(desired), if_match);
    }

    const DeviceId device{"dev-01"};
};

} // namespace

// IOTHUB-23, IOTHUB-26
TEST_F(Twins, ComparesTheEtagOfTheTwin) {
    const ETag first = etag_of(hub.get_twin(device)->twin);
    EXPECT_TRUE(patch(R"({"a":1})", exactly(first)));
    EXPECT_EQ(code_of(patch(R"({"a":2})", exactly(first))), Code::precondition);
    EXPECT_EQ(code_of(hub.replace_twin(device, {}, exactly(first))), Code::precondition);
    EXPECT_TRUE(patch(R"({"a":3})", any_etag()));
    EXPECT_TRUE(patch(R"({"a":4})"));
    EXPECT_EQ(to_text(hub.get_twin(device)->twin.desired.values), R"({"a":4})");
    EXPECT_TRUE(hub.replace_twin(device, {}, exactly(etag_of(hub.get_twin(device)->twin))));
}

TEST_F(Twins, UnknownDevicesHaveNone) {
    const DeviceId nobody("nobody");
    EXPECT_EQ(code_of(hub.get_twin(nobody)), Code::not_found);
    EXPECT_EQ(code_of(hub.patch_twin(nobody, {}, {})), Code::not_found);
    EXPECT_EQ(code_of(hub.replace_twin(nobody, {}, any_etag())), Code::not_found);
    EXPECT_EQ(code_of(hub.read_twin(nobody)), Code::not_found);
    EXPECT_EQ(code_of(hub.report(nobody, {})), Code::not_found);
    EXPECT_EQ(code_of(hub.set_model_id(nobody, "dtmi:x;1")), Code::not_found);
}

// IOTHUB-15: a PATCH is told as it was applied, a PUT as the whole new document.
TEST_F(Twins, TellsTheDevice) {
    const auto connection = connect(device);
    ASSERT_TRUE(patch(R"({"period":60,"route":null})"));
    ASSERT_TRUE(hub.replace_twin(device, desired_update(R"({"b":{"c":null,"d":1}})"), {}));
    ASSERT_EQ(connection.link->notifications.size(), 2u);
    EXPECT_EQ(
        connection.link->notifications[0],
        std::pair(std::int64_t{2}, std::string(R"({"period":60,"route":null,"$version":2})")));
    EXPECT_EQ(connection.link->notifications[1],
              std::pair(std::int64_t{3}, std::string(R"({"b":{"d":1},"$version":3})")));
}

TEST_F(Twins, TellsOnlyOfDesiredChanges) {
    const auto connection = connect(device);
    ASSERT_TRUE(hub.patch_twin(device, {.tags = object(R"({"a":1})"), .desired = {}}, {}));
    ASSERT_TRUE(hub.replace_twin(device, {.tags = object(R"({"a":2})"), .desired = {}}, {}));
    ASSERT_TRUE(hub.report(device, object(R"({"fw":1})")));
    ASSERT_TRUE(hub.set_model_id(device, "dtmi:x;1"));
    EXPECT_FALSE(patch(R"({"a b":1})"));
    EXPECT_TRUE(connection.link->notifications.empty());
    ASSERT_TRUE(patch("{}"));
    EXPECT_EQ(connection.link->notifications.size(), 1u);
    ASSERT_TRUE(patch(R"({"a":1})"));
    ASSERT_TRUE(hub.replace_twin(device, {}, {}));
    EXPECT_EQ(connection.link->notifications.back().second, R"({"$version":4})");
}

TEST_F(Twins, NotSubscribedMeansNotTold) {
    const auto connection = connect(device);
    hub.live().set_takes_desired(device, connection.id, false);
    ASSERT_TRUE(patch(R"({"a":1})"));
    hub.live().set_takes_desired(device, connection.id, true);
    EXPECT_TRUE(connection.link->notifications.empty()) << "never queued";
}

TEST_F(Twins, AFailedWriteTellsNobody) {
    const auto connection = connect(device);
    devices.write_failures = {failure(Code::unavailable)};
    EXPECT_EQ(code_of(patch(R"({"a":1})")), Code::unavailable);
    EXPECT_TRUE(connection.link->notifications.empty());
    EXPECT_EQ(hub.get_twin(device)->twin.version, 1);
}

TEST_F(Twins, DecidesAgainAfterAConflict) {
    const auto connection = connect(device);
    devices.before_write = [&] { // another node
        auto twin = devices.find(hub.settings().name, device)->value().twin;
        auto next = apply_patch(twin, desired_update(R"({"b":1})"), noon()).value();
        ASSERT_TRUE(devices.update_twin(hub.settings().name, device, next, twin.version));
    };
    const auto view = patch(R"({"a":1})");
    ASSERT_TRUE(view.has_value());
    EXPECT_EQ(to_text(view->twin.desired.values), R"({"b":1,"a":1})");
    EXPECT_EQ(view->twin.desired.version, 3);
    ASSERT_EQ(connection.link->notifications.size(), 1u);
    EXPECT_EQ(connection.link->notifications[0].first, 3);

    devices.write_failures.assign(8, failure(Code::conflict));
    EXPECT_EQ(code_of(patch(R"({"a":2})")), Code::conflict);
}

// With If-Match naming the etag, somebody else's change is not overwritten.
TEST_F(Twins, AConflictCanEndInPrecondition) {
    const ETag first = etag_of(hub.get_twin(device)->twin);
    devices.before_write = [&] {
        auto twin = devices.find(hub.settings().name, device)->value().twin;
        auto next = apply_patch(twin, desired_update(R"({"b":1})"), noon()).value();
        ASSERT_TRUE(devices.update_twin(hub.settings().name, device, next, twin.version));
    };
    EXPECT_EQ(code_of(patch(R"({"a":1})", exactly(first))), Code::precondition);
}

// IOTHUB-13: the version that the response carries.
TEST_F(Twins, ReportsReturnTheNewVersion) {
    EXPECT_EQ(hub.report(device, object(R"({"fw":1})")).value(), 2);
    EXPECT_EQ(hub.report(device, object(R"({"$version":2,"fw":2})")).value(), 3);
    EXPECT_EQ(code_of(hub.report(device, object(R"({"$version":2,"fw":3})"))), Code::precondition);
    EXPECT_EQ(to_text(to_device_document(*hub.read_twin(device))),
              R"({"desired":{"$version":1},"reported":{"fw":2,"$version":3}})");
}

TEST_F(Twins, ModelIdIsKeptOnce) {
    ASSERT_TRUE(hub.set_model_id(device, "dtmi:x;1"));
    const int writes = devices.writes;
    ASSERT_TRUE(hub.set_model_id(device, "dtmi:x;1"));
    EXPECT_EQ(devices.writes, writes);
    EXPECT_EQ(hub.get_twin(device)->twin.model_id, "dtmi:x;1");
    EXPECT_TRUE(hub.set_model_id(device, std::string(2048, 'm')));
    EXPECT_EQ(code_of(hub.set_model_id(device, std::string(2049, 'm'))), Code::malformed);
}

// IOTHUB-24: versions grow by exactly one, and the device hears of them in order.
TEST_F(Twins, ManyThreadsMakeOneOrder) {
    const auto connection = connect(device);
    constexpr int threads_count = 8;
    constexpr int patches = 50;
    std::atomic<int> conflicts{0};
    std::vector<std::thread> threads;
    for (int thread = 0; thread < threads_count; ++thread) {
        threads.emplace_back([&, thread] {
            for (int at = 0; at < patches; ++at) {
                const std::string key = "k" + std::to_string(thread * patches + at);
                EXPECT_TRUE(patch(R"({")" + key + R"(":1})"));
                conflicts += hub.report(device, JsonObject{{key, at}}) ? 0 : 1;
            }
        });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
    constexpr int total = threads_count * patches;
    EXPECT_EQ(conflicts, 0);
    const Twin twin = hub.get_twin(device)->twin;
    EXPECT_EQ(twin.desired.version, 1 + total);
    EXPECT_EQ(twin.reported.version, 1 + total);
    EXPECT_EQ(twin.version, 1 + 2 * total);
    EXPECT_EQ(twin.desired.values.size(), static_cast<std::size_t>(total));
    ASSERT_EQ(connection.link->notifications.size(), static_cast<std::size_t>(total));
    for (int at = 0; at < total; ++at) {
        EXPECT_EQ(connection.link->notifications[static_cast<std::size_t>(at)].first, at + 2);
    }
}

// The device replays what it hears onto what it read, and ends where the hub is.
TEST_F(Twins, NotificationsOfRacingChangesReplay) {
    const auto connection = connect(device);
    std::vector<std::thread> threads;
    for (int thread = 0; thread < 8; ++thread) {
        threads.emplace_back([&, thread] {
            for (int at = 0; at < 50; ++at) {
                const Json value = at % 7 == 0 ? Json(nullptr) : Json(thread * 100 + at);
                const JsonObject change{{"shared", JsonObject{{"x", value}}}};
                EXPECT_TRUE(hub.patch_twin(device, {.tags = std::nullopt, .desired = change}, {}));
            }
        });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
    const JsonObject heard = object(connection.link->notifications.back().second);
    const Json last = heard.at("shared").at("x");
    const JsonObject values = hub.get_twin(device)->twin.desired.values;
    const Json* stored = values.at("shared").as_object().if_contains("x");
    EXPECT_EQ(stored == nullptr ? Json(nullptr) : *stored, last);
}

} // namespace muster::hub
