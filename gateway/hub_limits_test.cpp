// A hub that is asked for more than it gives: over MQTT and over HTTPS (reference: iothub E.3).

#include "gateway/hub_world.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <optional>

namespace muster::gateway {
namespace {

using hub::Operation;
using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;

class HubLimits : public testing::Test {
  protected:
    static hub::HubSettings settings(Operation operation, const hub::Rate& rate) {
        auto made = HubWorld::settings();
        made.limits.rates.at(static_cast<std::size_t>(operation)) = rate;
        made.limits.wait_max = 1000ms;
        return made;
    }

    static hub::HubSettings with_quota(std::int64_t messages) {
        auto made = HubWorld::settings();
        made.limits.quota = hub::DailyQuota{.messages = messages, .step_bytes = 4096};
        return made;
    }

    /// Both clocks.
    static void pass(HubWorld& world, std::chrono::milliseconds time) {
        world.clock.advance(time);
        world.timers.advance(time);
    }
};

// ---- MQTT ----

TEST_F(HubLimits, TellsConnectionsAboveTheRateToComeAgain) {
    // IOTHUB-2: 3 for what is throttled
    HubWorld world(settings(Operation::connection, {.per_second = 1, .burst = 1}));
    HubDevice first(world);
    EXPECT_EQ(first.connect(), "CONNACK sp=0 rc=0\n");
    world.add_device("dev-02");
    HubDevice second(world);
    EXPECT_EQ(second.connect("dev-02"), "") << "it waits for its turn";
    world.add_device("dev-03");
    HubDevice third(world);
    EXPECT_EQ(third.connect("dev-03"), "CONNACK sp=0 rc=3\n");
    EXPECT_TRUE(third.is_cut());
    pass(world, 1s);
    EXPECT_EQ(second.settle(), "CONNACK sp=0 rc=0\n");
}

TEST_F(HubLimits, ForgetsAConnectionThatEndsBeforeItsTurn) {
    HubWorld world(settings(Operation::connection, {.per_second = 1, .burst = 1}));
    HubDevice first(world);
    EXPECT_EQ(first.connect(), "CONNACK sp=0 rc=0\n");
    HubDevice second(world);
    EXPECT_EQ(second.connect(), "");
    second.wire().lose();
    pass(world, 1s);
    world.workers.run_all();
    EXPECT_FALSE(first.is_cut()) << "it was displaced by nobody";
}

TEST_F(HubLimits, AcknowledgesTelemetryAtItsTurnAndEndsAFlood) {
    HubWorld world(settings(Operation::telemetry, {.per_second = 2, .burst = 1}));
    HubDevice device(world);
    device.connect();
    EXPECT_EQ(device.publish(events_topic, "1", 1), "PUBACK id=1\n");
    EXPECT_EQ(device.publish(events_topic, "2", 2), "");
    EXPECT_EQ(world.bodies().size(), 1U);
    pass(world, 500ms);
    EXPECT_EQ(device.settle(), "PUBACK id=2\n");

    world.add_device("dev-02");
    HubDevice other(world);
    other.connect("dev-02");
    const std::string topic = "devices/dev-02/messages/events/";
    EXPECT_EQ(device.publish(events_topic, "3", 3), "");
    EXPECT_EQ(other.publish(topic, "4", 4), "");
    world.add_device("dev-03");
    HubDevice flood(world);
    flood.connect("dev-03");
    EXPECT_EQ(flood.publish("devices/dev-03/messages/events/", "5", 5), "");
    EXPECT_TRUE(flood.is_cut()) << "there is no other way to refuse a message";
    pass(world, 1s);
    EXPECT_EQ(device.settle(), "PUBACK id=3\n");
    EXPECT_EQ(other.settle(), "PUBACK id=4\n");
    auto bodies = world.bodies(); // in order for each device
    std::ranges::sort(bodies);
    EXPECT_EQ(bodies, (std::vector<std::string>{"1", "2", "3", "4"}));
}

TEST_F(HubLimits, RefusesTwinRequestsInABody) {
    HubWorld world(settings(Operation::twin_read, {.per_second = 0.1, .burst = 1}));
    HubDevice device(world);
    device.connect();
    device.subscribe({hub_filters::twin});
    EXPECT_TRUE(device.publish("$iothub/twin/GET/?$rid=1", "")
                    .starts_with("PUBLISH qos0 $iothub/twin/res/200/?$rid=1 "));
    const auto refused = device.publish("$iothub/twin/GET/?$rid=2", "");
    EXPECT_TRUE(refused.starts_with("PUBLISH qos0 $iothub/twin/res/429/?$rid=2 ")) << refused;
    EXPECT_TRUE(refused.contains("429001")) << refused;
    EXPECT_FALSE(device.is_cut());
}

TEST_F(HubLimits, EndsAConnectionOnceTheDailyQuotaIsUsedUp) { // 403002
    HubWorld world(with_quota(2));
    HubDevice device(world);
    device.connect();
    EXPECT_EQ(device.publish(events_topic, "1", 1), "PUBACK id=1\n");
    EXPECT_EQ(device.publish(events_topic, "2", 2), "PUBACK id=2\n");
    EXPECT_EQ(device.publish(events_topic, "3", 3), "");
    EXPECT_TRUE(device.is_cut());
    EXPECT_EQ(world.bodies().size(), 2U);
}

// ---- HTTPS ----

TEST_F(HubLimits, RefusesRequestsAboveTheRateWithTheTimeToComeAgain) { // 429001
    HubWorld world(settings(Operation::registry, {.per_second = 0.1, .burst = 2}));
    const HttpAsk get{.method = "GET", .target = "/devices/dev-01"};
    EXPECT_EQ(world.ask(get).status, 200U);
    EXPECT_EQ(world.ask(get).status, 200U);
    const auto refused = world.ask(get);
    EXPECT_EQ(refused.status, 429U);
    EXPECT_EQ(refused.header("iothub-errorcode"), "ThrottlingException");
    EXPECT_EQ(refused.header("Retry-After"), "9");
    EXPECT_TRUE(refused.body.contains("ErrorCode:ThrottlingException")) << refused.body;
    EXPECT_EQ(world.ask({.method = "GET", .target = "/twins/dev-01"}).status, 200U)
        << "each is counted by itself";
}

TEST_F(HubLimits, AnswersARequestAtItsTurnWithoutAThread) {
    HubWorld world(settings(Operation::twin_read, {.per_second = 2, .burst = 1}));
    const HttpAsk get{.method = "GET", .target = "/twins/dev-01"};
    EXPECT_EQ(world.ask(get).status, 200U);
    auto wire = world.https();
    wire.send(bytes_of(world.completed(get, "iothubowner")));
    wire.settle(world.workers);
    EXPECT_EQ(wire.take(), "");
    EXPECT_FALSE(world.workers.run_one());
    pass(world, 500ms);
    wire.settle(world.workers);
    auto text = wire.take();
    EXPECT_EQ(take_reply(text).status, 200U);
}

TEST_F(HubLimits, CountsEachDeviceOfABulkCall) { // E.2
    HubWorld world(settings(Operation::registry, {.per_second = 0.1, .burst = 3}));
    const auto bulk = [&](int from) {
        std::string body = "[";
        for (int i = from; i < from + 2; ++i) {
            body += (i == from ? "" : ",");
            body += R"({"id":"bulk-)" + std::to_string(i) + R"(","importMode":"create"})";
        }
        HttpAsk ask{.method = "POST", .target = "/devices"};
        ask.headers.push_back({"Content-Type", "application/json"});
        ask.body = body + "]";
        return world.ask(ask).status;
    };
    EXPECT_EQ(bulk(0), 200U);
    EXPECT_EQ(bulk(2), 429U);
    EXPECT_EQ(world.ask({.method = "GET", .target = "/devices/bulk-0"}).status, 200U);
}

TEST_F(HubLimits, LeavesAloneWhoIsExemptAndWhoHasProvedNothing) {
    auto exempt = settings(Operation::registry, {.per_second = 0.1, .burst = 1});
    exempt.unthrottled_policies = {"registryRead"};
    HubWorld world(std::move(exempt));
    const HttpAsk get{.method = "GET", .target = "/devices/dev-01"};
    for (int i = 0; i < 5; ++i) {
        EXPECT_EQ(world.ask(get, "registryRead").status, 200U);
        EXPECT_EQ(world.ask(get, "").status, 401U);
    }
    EXPECT_EQ(world.ask(get).status, 200U) << "nobody has taken anything";
    EXPECT_EQ(world.ask(get).status, 429U);
}

TEST_F(HubLimits, RefusesTwinsOnceTheDailyQuotaIsUsedUp) { // 403002
    HubWorld world(with_quota(1));
    const HttpAsk get{.method = "GET", .target = "/twins/dev-01"};
    EXPECT_EQ(world.ask(get).status, 200U);
    const auto refused = world.ask(get);
    EXPECT_EQ(refused.status, 403U);
    EXPECT_EQ(refused.header("iothub-errorcode"), "IotHubQuotaExceeded");
    EXPECT_EQ(world.ask({.method = "GET", .target = "/devices/dev-01"}).status, 200U)
        << "the registry costs no messages";
}

// ---- cutting off ----

class HubCutting : public testing::Test {
  protected:
    HubCutting() {
        auto packet = HubDevice::connecting(world);
        packet.will = {.topic = std::string(events_topic), .payload = "bye"};
        EXPECT_EQ(device.send(packet), "CONNACK sp=0 rc=0\n");
    }

    void renew_keys() {
        auto changed = world.hub.get_device(DeviceId("dev-01"))->device;
        changed.authentication.primary_key = Secret("another key of the device");
        changed.authentication.secondary_key = Secret("and yet another one");
        ASSERT_TRUE(world.hub.put_device(changed, hub::IfMatch::from_header("*")));
    }

    HubWorld world;
    HubDevice device{world};
};

TEST_F(HubCutting, DropsTheWillAndWhatNobodyHasBegunToStore) { // IOTHUB-34
    device.wire().send(mqtt::encode(HubDevice::message(events_topic, "1", 1)));
    device.wire().send(mqtt::encode(HubDevice::message(events_topic, "2", 2)));
    renew_keys();
    EXPECT_EQ(device.settle(), "");
    EXPECT_TRUE(device.is_cut());
    device.wire().lose();
    world.workers.run_all();
    EXPECT_EQ(world.bodies(), std::vector<std::string>{"1"}) << "this one was on its way";
}

TEST_F(HubCutting, KeepsTheWillOfADeviceThatIsDisplaced) {
    HubDevice newer(world);
    newer.connect();
    device.settle();
    EXPECT_TRUE(device.is_cut());
    device.wire().lose();
    world.workers.run_all();
    EXPECT_EQ(world.bodies(), std::vector<std::string>{"bye"});
}

TEST_F(HubCutting, EndsTheMethodsThatWaitForTheDevice) { // IOTHUB-34
    device.subscribe({hub_filters::methods});
    std::optional<Code> ended;
    world.hub.methods().invoke(DeviceId("dev-01"), {.name = "reboot"},
                               [&](const auto& reply) { ended = reply.error().code; });
    EXPECT_TRUE(device.settle().contains("reboot"));
    EXPECT_FALSE(ended);
    world.disable("dev-01");
    EXPECT_EQ(ended, Code::unavailable);
    EXPECT_EQ(world.hub.methods().in_flight(), 0U);
}

} // namespace
} // namespace muster::gateway
