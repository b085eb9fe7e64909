// Who takes a turn at a hub and is charged, for what, and when (reference: iothub E.1 to E.3): over
// HTTPS and over MQTT.

#include "gateway/hub_world.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

namespace muster::gateway {
namespace {

using hub::Operation;
using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;

constexpr std::string_view events_path = "/devices/dev-01/messages/events";

/// One now, and the next one later than anybody waits.
hub::HubSettings one_each() {
    auto made = HubWorld::settings();
    made.limits.rates.fill({.per_second = 0.001, .burst = 1});
    made.limits.wait_max = 0ms;
    return made;
}

hub::HubSettings one_each_of(Operation operation) {
    auto made = HubWorld::settings();
    made.limits.rates.at(static_cast<std::size_t>(operation)) = {.per_second = 0.001, .burst = 1};
    made.limits.wait_max = 0ms;
    return made;
}

hub::HubSettings two_a_second(Operation operation) {
    auto made = HubWorld::settings();
    made.limits.rates.at(static_cast<std::size_t>(operation)) = {.per_second = 2, .burst = 1};
    made.limits.wait_max = 1000ms;
    return made;
}

hub::HubSettings with_quota(std::int64_t messages) {
    auto made = HubWorld::settings();
    made.limits.quota = hub::DailyQuota{.messages = messages, .step_bytes = 4096};
    return made;
}

void pass(HubWorld& world, std::chrono::milliseconds time) {
    world.clock.advance(time);
    world.timers.advance(time);
}

HttpAsk telemetry(std::string body = "{}") {
    return {.method = "POST", .target = std::string(events_path), .body = std::move(body)};
}

HttpAsk batch(int messages) {
    std::string body = "[";
    for (int i = 0; i < messages; ++i) {
        body += i == 0 ? R"({"body":"YQ=="})" : R"(,{"body":"YQ=="})";
    }
    HttpAsk ask = telemetry(body + ']');
    ask.headers.push_back({"Content-Type", "application/vnd.microsoft.iothub.json"});
    return ask;
}

HttpReply as_device(HubWorld& world, HttpAsk ask) {
    ask.headers.push_back({"Authorization", world.device_token()});
    return world.ask(std::move(ask), "");
}

// ---- who ----

struct Request {
    std::string_view method;
    std::string_view target;
    std::string_view body;
};

/// One of each kind that is limited.
constexpr auto limited = std::to_array<Request>({
    {"GET", "/devices", ""},
    {"GET", "/devices/dev-01", ""},
    {"DELETE", "/devices/dev-01", ""},
    {"GET", "/devices/dev-01/modules", ""},
    {"POST", "/devices", R"([{"id":"new","importMode":"create"}])"},
    {"POST", "/devices/keys/regenerate",
     R"({"policyKey":"primaryKey","devices":[{"id":"dev-01"}]})"},
    {"POST", "/devices/query", R"({"query":"SELECT * FROM devices"})"},
    {"POST", "/devices/dev-01/messages/events", ""},
    {"GET", "/devices/dev-01/messages/devicebound", ""},
    {"POST", "/devices/dev-01/files", "{}"},
    {"DELETE", "/devices/dev-01/commands", ""},
    {"GET", "/statistics/devices", ""},
    {"GET", "/statistics/service", ""},
    {"GET", "/twins/dev-01", ""},
    {"PATCH", "/twins/dev-01", R"({"tags":{}})"},
    {"POST", "/twins/dev-01/methods", R"({"methodName":"m"})"},
    {"GET", "/digitaltwins/dev-01", ""},
    {"PATCH", "/digitaltwins/dev-01", "[]"},
    {"POST", "/messages/devicebound", ""},
    {"GET", "/jobs", ""},
    {"GET", "/jobs/v2/query", ""},
    {"GET", "/jobs/v2/j", ""},
    {"GET", "/configurations", ""},
});

HttpAsk ask_of(const Request& request) {
    HttpAsk ask{.method = std::string(request.method),
                .target = std::string(request.target),
                .body = std::string(request.body)};
    ask.headers.push_back({"iothub-to", "/devices/dev-01/messages/devicebound"});
    ask.headers.push_back({"If-Match", "*"});
    return ask;
}

TEST(HubTurns, AreTakenByWhoeverMay) {
    for (const Request& request : limited) {
        for (const std::string_view policy :
             {"", "service", "device", "registryRead", "registryReadWrite"}) {
            HubWorld world(one_each());
            const unsigned first = world.ask(ask_of(request), policy).status;
            EXPECT_NE(first, 429U);
            EXPECT_EQ(world.ask(ask_of(request)).status == 429, first != 401)
                << request.method << ' ' << request.target << " by " << policy << ": " << first;
        }
    }
}

TEST(HubCharges, ArePaidByNobodyWhoHasProvedNothing) {
    HubWorld world(with_quota(2));
    HttpAsk twin{.method = "PATCH", .target = "/twins/dev-01", .body = R"({"tags":{"a":1}})"};
    for (int i = 0; i < 5; ++i) {
        EXPECT_EQ(world.ask(telemetry(), "").status, 401U);
        EXPECT_EQ(world.ask(telemetry(), "service").status, 401U) << "not on its behalf";
        EXPECT_EQ(world.ask(twin, "").status, 401U);
        EXPECT_EQ(world.ask(twin, "registryRead").status, 401U);
    }
    EXPECT_EQ(as_device(world, telemetry()).status, 204U);
    EXPECT_EQ(world.ask(twin, "service").status, 200U);
    EXPECT_EQ(as_device(world, telemetry()).status, 403U);
}

TEST(HubTurns, AreTakenByConnectionsThatHaveProvedThemselves) {
    HubWorld world(one_each_of(Operation::connection));
    for (int i = 0; i < 5; ++i) {
        HubDevice stranger(world);
        auto packet = HubDevice::connecting(world);
        packet.password = "SharedAccessSignature sr=x&sig=eA%3D%3D&se=1893560000";
        EXPECT_EQ(stranger.send(packet), "CONNACK sp=0 rc=5\n");
    }
    HubDevice device(world);
    EXPECT_EQ(device.connect(), "CONNACK sp=0 rc=0\n");
    HubDevice newer(world);
    EXPECT_EQ(newer.connect(), "CONNACK sp=0 rc=3\n");
    EXPECT_FALSE(device.is_cut()) << "it was displaced by nobody";
}

TEST(HubTurns, AreOfNoUseToADeviceThatIsDisabledMeanwhile) {
    HubWorld world(two_a_second(Operation::connection));
    HubDevice first(world);
    EXPECT_EQ(first.connect(), "CONNACK sp=0 rc=0\n");
    world.add_device("dev-02");
    HubDevice second(world);
    EXPECT_EQ(second.connect("dev-02"), "");
    world.disable("dev-02");
    pass(world, 500ms);
    EXPECT_EQ(second.settle(), "CONNACK sp=0 rc=5\n");
}

TEST(HubTurns, AreOfNoUseToARequestOfADeviceThatIsDisabledMeanwhile) {
    HubWorld world(two_a_second(Operation::telemetry));
    EXPECT_EQ(as_device(world, telemetry("1")).status, 204U);
    auto wire = world.https();
    auto second = world.completed(telemetry("2"), "");
    second.headers.push_back({"Authorization", world.device_token()});
    wire.send(bytes_of(second));
    wire.settle(world.workers);
    EXPECT_EQ(wire.take(), "");
    world.disable("dev-01");
    pass(world, 500ms);
    wire.settle(world.workers);
    auto text = wire.take();
    EXPECT_EQ(take_reply(text).status, 401U);
    EXPECT_EQ(world.bodies(), std::vector<std::string>{"1"});
}

// Exempt is exempt from throttles: the quota is the hub's whoever asks.
TEST(HubCharges, ArePaidByPoliciesThatAreNotThrottled) {
    auto settings = with_quota(2);
    settings.unthrottled_policies = {"service"};
    HubWorld world(std::move(settings));
    const HttpAsk patch{.method = "PATCH", .target = "/twins/dev-01", .body = R"({"tags":{}})"};
    EXPECT_EQ(world.ask(patch, "service").status, 200U);
    EXPECT_EQ(world.ask(patch, "service").status, 200U);
    EXPECT_EQ(world.ask(patch, "service").status, 403U);
}

// ---- for what ----

TEST(HubCharges, ArePaidByModules) {
    HubWorld world(with_quota(2));
    hub::Device module;
    module.id = DeviceId("dev-01");
    module.module = ModuleId("cam");
    module.authentication.primary_key = recorded_key;
    module.authentication.secondary_key = Secret("the other key of the module");
    ASSERT_TRUE(world.hub.put_device(module, {}));
    HttpAsk ask{.method = "POST", .target = "/devices/dev-01/modules/cam/messages/events"};
    ask.headers.push_back({"Authorization", world.device_token("dev-01/modules/cam")});
    EXPECT_EQ(world.ask(ask, "").status, 204U);
    EXPECT_EQ(world.ask(ask, "").status, 204U);
    EXPECT_EQ(world.ask(ask, "").status, 403U);
}

TEST(HubTurns, AreTakenByModulesAsTelemetry) {
    HubWorld world(one_each_of(Operation::telemetry));
    hub::Device module;
    module.id = DeviceId("dev-01");
    module.module = ModuleId("cam");
    ASSERT_TRUE(world.hub.put_device(module, {}));
    const HttpAsk ask{.method = "POST", .target = "/devices/dev-01/modules/cam/messages/events"};
    EXPECT_EQ(world.ask(ask, "device").status, 204U);
    EXPECT_EQ(world.ask(ask, "device").status, 429U);
}

TEST(HubCharges, CountEachMessageOfABatchAndAllOrNone) {
    HubWorld world(with_quota(3));
    EXPECT_EQ(as_device(world, batch(4)).status, 403U);
    EXPECT_TRUE(world.messages().empty());
    EXPECT_EQ(as_device(world, batch(3)).status, 204U) << "nothing was taken before";
    EXPECT_EQ(as_device(world, batch(1)).status, 403U);
    EXPECT_EQ(world.messages().size(), 3U);
}

TEST(HubTurns, CountEachMessageOfABatch) {
    auto settings = one_each_of(Operation::telemetry);
    settings.limits.rates.at(static_cast<std::size_t>(Operation::telemetry)).burst = 4;
    HubWorld world(std::move(settings));
    EXPECT_EQ(as_device(world, batch(3)).status, 204U);
    EXPECT_EQ(as_device(world, batch(2)).status, 429U);
    EXPECT_EQ(as_device(world, telemetry()).status, 204U);
    EXPECT_EQ(as_device(world, telemetry()).status, 429U);
}

TEST(HubCharges, CountATwinThatIsReadByItsSize) {
    const std::string large(3000, 'x');
    const std::string desired = R"({"a":")" + large + R"(","b":")" + large + R"("})";
    HubWorld world(with_quota(5));
    world.patch_desired(desired);
    const HttpAsk get{.method = "GET", .target = "/twins/dev-01"};
    EXPECT_EQ(world.ask(get).status, 200U);
    HubDevice device(world);
    device.connect();
    device.subscribe({hub_filters::twin});
    EXPECT_TRUE(device.publish("$iothub/twin/GET/?$rid=1", "")
                    .starts_with("PUBLISH qos0 $iothub/twin/res/200/?$rid=1 "));
    EXPECT_EQ(world.ask(get).status, 403U) << "there is one left, and it costs two";
    device.publish("$iothub/twin/GET/?$rid=2", "");
    EXPECT_TRUE(device.is_cut());
}

TEST(HubTurns, TellMethodsFromADeviceOfThatName) {
    HubWorld world(one_each_of(Operation::twin_read));
    world.add_device("methods");
    EXPECT_EQ(world.ask({.method = "GET", .target = "/twins/methods"}).status, 200U);
    EXPECT_EQ(world.ask({.method = "GET", .target = "/twins/methods"}).status, 429U);
}

TEST(HubTurns, CountTheStartsOfUploads) {
    HubWorld world(one_each_of(Operation::file_upload));
    const auto post = [&](std::string target) {
        return as_device(world, {.method = "POST", .target = std::move(target), .body = "{}"})
            .status;
    };
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(post("/devices/dev-01/files/notifications"), 400U);
    }
    EXPECT_EQ(post("/devices/dev-01/files"), 400U);
    EXPECT_EQ(post("/devices/dev-01/files"), 429U);
}

// ---- last words ----

/// A device that has sent three messages, the first of them on its way, and is gone.
void send_three_and_go(HubDevice& device) {
    for (const std::string_view body : {"1", "2", "3"}) {
        device.wire().send(mqtt::encode(HubDevice::message(events_topic, body)));
    }
    device.wire().lose();
}

TEST(HubCharges, ArePaidForLastWords) {
    HubWorld world(with_quota(4));
    HubDevice device(world);
    device.connect();
    send_three_and_go(device);
    world.workers.run_all();
    EXPECT_EQ(world.bodies(), (std::vector<std::string>{"1", "2", "3"}));
    EXPECT_EQ(as_device(world, telemetry()).status, 204U);
    EXPECT_EQ(as_device(world, telemetry()).status, 403U);
}

TEST(HubCharges, DropLastWordsThatCannotBePaid) {
    HubWorld world(with_quota(2));
    HubDevice device(world);
    device.connect();
    send_three_and_go(device);
    world.workers.run_all();
    EXPECT_EQ(world.bodies(), std::vector<std::string>{"1"});
    EXPECT_EQ(as_device(world, telemetry()).status, 204U) << "they have cost nothing";
}

TEST(HubCharges, ArePaidForTheWill) {
    HubWorld world(with_quota(1));
    const auto connect_and_go = [&] {
        HubDevice device(world);
        auto packet = HubDevice::connecting(world);
        packet.will = {.topic = std::string(events_topic), .payload = "bye"};
        EXPECT_EQ(device.send(packet), "CONNACK sp=0 rc=0\n");
        device.wire().lose();
        world.workers.run_all();
    };
    connect_and_go();
    connect_and_go();
    EXPECT_EQ(world.bodies(), std::vector<std::string>{"bye"});
}

/// A device whose second message waits for its turn.
class HubWaiting : public testing::Test {
  protected:
    HubWaiting() {
        device.connect();
        device.subscribe({hub_filters::messages});
        // One that stays unacknowledged: it is to be given back, so that there are last words.
        EXPECT_TRUE(world.hub.send_message(
            DeviceId("dev-01"),
            {.properties = {}, .time_to_live = std::nullopt, .body = "for the device"}));
        EXPECT_NE(device.settle(), "");
        EXPECT_EQ(device.publish(events_topic, "1", 1), "PUBACK id=1\n");
        EXPECT_EQ(device.publish(events_topic, "2", 2), "");
    }

    HubWorld world{two_a_second(Operation::telemetry)};
    HubDevice device{world};
};

TEST_F(HubWaiting, KeepsWhatADeviceHasSentThatIsGone) {
    device.wire().send(mqtt::encode(HubDevice::message(events_topic, "3", 3)));
    device.wire().lose();
    world.workers.run_all();
    EXPECT_EQ(world.bodies(), (std::vector<std::string>{"1", "2", "3"}));
}

TEST_F(HubWaiting, StoresNothingOnceTheDeviceIsCutOff) { // IOTHUB-34
    world.disable("dev-01");
    device.settle();
    EXPECT_TRUE(device.is_cut());
    device.wire().lose();
    world.workers.run_all();
    pass(world, 1s);
    world.workers.run_all();
    EXPECT_EQ(world.bodies(), std::vector<std::string>{"1"});
}

TEST_F(HubWaiting, StoresNothingOfADeviceThatIsDisabledAfterItHasGone) {
    device.wire().send(mqtt::encode(HubDevice::message(events_topic, "3", 3)));
    device.wire().lose();
    world.disable("dev-01");
    world.workers.run_all();
    EXPECT_EQ(world.bodies(), std::vector<std::string>{"1"});
}

} // namespace
} // namespace muster::gateway
