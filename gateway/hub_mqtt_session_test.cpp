// A hub's MQTT edge: twins and methods, and how connections end.

#include "codec/topics.h"
#include "gateway/hub_world.h"
#include "gateway/pattern.h"

#include <gtest/gtest.h>

#include <utility>

namespace muster::gateway {
namespace {

using std::chrono::seconds;

const topics::Property will_mark{"iothub-MessageType", "Will"};

class HubMqttSession : public testing::Test {
  protected:
    HubMqttSession() { EXPECT_EQ(device.connect(), "CONNACK sp=0 rc=0\n"); }

    void expect_lines(const std::string& lines, const std::string& wanted) {
        EXPECT_TRUE(pattern.matches(wanted, lines)) << lines << "wanted:\n" << wanted;
    }

    /// What the caller of a method gets; empty while it waits.
    std::string reply;

    void invoke(const std::string& name, const std::optional<Json>& payload) {
        hub::MethodCall call;
        call.name = name;
        call.payload = payload;
        world.hub.methods().invoke(
            DeviceId("dev-01"), call, [this](const Result<hub::MethodReply>& result) {
                reply = result ? std::to_string(result->status) + ' ' + to_text(result->payload)
                               : result.error().detail;
            });
    }

    HubWorld world;
    HubDevice device{world};
    Pattern pattern;
};

// ---- twins ----

TEST_F(HubMqttSession, AnswersTwinGets) {
    // IOTHUB-11, IOTHUB-12: unwrapped, with both versions; a slash before '?' and the rid first
    device.subscribe({hub_filters::twin});
    EXPECT_EQ(device.publish("$iothub/twin/GET/?$rid=6b1e-4", " "),
              "PUBLISH qos0 $iothub/twin/res/200/?$rid=6b1e-4 "
              R"({"desired":{"$version":1},"reported":{"$version":1}})"
              "\n");
}

TEST_F(HubMqttSession, AcknowledgesTwinAndMethodTopics) {
    // IOTHUB-10, in the order they came
    device.subscribe({hub_filters::twin});
    expect_lines(device.publish("$iothub/twin/GET/?$rid=1", "", 5),
                 "PUBACK id=5\nPUBLISH qos0 $iothub/twin/res/200/?$rid=1 <*>\n");
    expect_lines(device.publish("$iothub/twin/PATCH/properties/reported/?$rid=2", R"({"a":1})", 6),
                 "PUBACK id=6\nPUBLISH qos0 $iothub/twin/res/204/?$rid=2&$version=2 \n");
    EXPECT_EQ(device.publish("$iothub/methods/res/200/?$rid=77", "", 7), "PUBACK id=7\n");
}

TEST_F(HubMqttSession, AnswersReportedPatchesWithTheVersion) {
    // IOTHUB-13, IOTHUB-24
    device.subscribe({hub_filters::twin});
    const std::string topic = "$iothub/twin/PATCH/properties/reported/?$rid=";
    EXPECT_EQ(device.publish(topic + "a", R"({"x":1})"),
              "PUBLISH qos0 $iothub/twin/res/204/?$rid=a&$version=2 \n");
    EXPECT_EQ(device.publish(topic + "b", R"({"x":null,"y":2})"),
              "PUBLISH qos0 $iothub/twin/res/204/?$rid=b&$version=3 \n");
    EXPECT_EQ(device.publish("$iothub/twin/GET/?$rid=c", ""),
              "PUBLISH qos0 $iothub/twin/res/200/?$rid=c "
              R"({"desired":{"$version":1},"reported":{"y":2,"$version":3}})"
              "\n");
}

TEST_F(HubMqttSession, TellsTwinErrorsInABody) {
    // IOTHUB-14
    device.subscribe({hub_filters::twin});
    for (const auto* body : {"{", "[1]", "", R"({"a.b":1})"}) {
        expect_lines(device.publish("$iothub/twin/PATCH/properties/reported/?$rid=1", body),
                     R"(PUBLISH qos0 $iothub/twin/res/400/?$rid=1 {"errorCode":400004,)"
                     R"("trackingId":"<*>","message":"<*>","timestampUtc":"<*>Z"})"
                     "\n");
    }
    world.devices.read_failures.push_back({.code = Code::unavailable, .detail = "away"});
    expect_lines(device.publish("$iothub/twin/GET/?$rid=2", ""),
                 R"(PUBLISH qos0 $iothub/twin/res/503/?$rid=2 {"errorCode":503001,<*>})"
                 "\n");
    EXPECT_FALSE(device.is_cut());
}

TEST_F(HubMqttSession, AnswersTwinsOnlyToWhoSubscribed) {
    EXPECT_EQ(device.publish("$iothub/twin/GET/?$rid=1", ""), "");
    EXPECT_EQ(device.publish("$iothub/twin/PATCH/properties/reported/?$rid=2", "{"), "");
    EXPECT_FALSE(device.is_cut());
}

TEST_F(HubMqttSession, NotifiesOfDesiredChanges) {
    // IOTHUB-15: the version in the topic and in the body
    world.patch_desired(R"({"early":true})");
    EXPECT_EQ(device.settle(), ""); // not subscribed yet
    device.subscribe({hub_filters::desired});
    world.patch_desired(R"({"period":60,"early":null})");
    EXPECT_EQ(device.settle(), "PUBLISH qos0 $iothub/twin/PATCH/properties/desired/?$version=3 "
                               R"({"period":60,"early":null,"$version":3})"
                               "\n");
}

// ---- methods ----

TEST_F(HubMqttSession, CarriesAMethodAndItsAnswer) {
    // IOTHUB-16, IOTHUB-17: nothing follows the rid, and the answer finds its caller by it
    device.subscribe({hub_filters::methods});
    invoke("reprovision", Json(JsonObject{{"delaySeconds", 0}}));
    expect_lines(device.settle(), "PUBLISH qos0 $iothub/methods/POST/reprovision/?$rid=<rid> "
                                  R"({"delaySeconds":0})"
                                  "\n");
    device.publish("$iothub/methods/res/500/?$rid=" + pattern["rid"] + "0", "foreign");
    EXPECT_EQ(reply, "");
    device.publish("$iothub/methods/res/202/?$rid=" + pattern["rid"], R"({"accepted":true})");
    EXPECT_EQ(reply, R"(202 {"accepted":true})");
}

TEST_F(HubMqttSession, TakesAnAnswerOnlyFromTheDeviceThatWasAsked) {
    world.add_device("dev-02");
    HubDevice other(world);
    other.connect("dev-02");
    device.subscribe({hub_filters::methods});
    invoke("m", std::nullopt);
    expect_lines(device.settle(), "PUBLISH qos0 $iothub/methods/POST/m/?$rid=<rid> <*>\n");
    other.publish("$iothub/methods/res/200/?$rid=" + pattern["rid"], "1");
    EXPECT_EQ(reply, "");
}

TEST_F(HubMqttSession, TakesNoMethodsBeforeItSubscribed) {
    invoke("m", std::nullopt);
    EXPECT_EQ(reply, "timed out waiting for device to connect"); // IOTHUB-17
    EXPECT_EQ(device.settle(), "");
}

TEST_F(HubMqttSession, TakesNoMethodsOnceItUnsubscribed) {
    device.subscribe({hub_filters::methods});
    device.send(mqtt::Unsubscribe{.packet_id = 4, .filters = {std::string(hub_filters::methods)}});
    invoke("m", std::nullopt);
    EXPECT_EQ(reply, "timed out waiting for device to connect"); // at once, not after 30 s
}

// ---- how it ends ----

class HubMqttEnd : public testing::Test {
  protected:
    HubMqttEnd() {
        auto packet = HubDevice::connecting(world);
        packet.will = {.topic = std::string(events_topic) + "k=v&iothub-MessageType=mine",
                       .payload = "bye",
                       .retain = true};
        EXPECT_EQ(device.send(packet), "CONNACK sp=0 rc=0\n");
    }

    HubWorld world;
    HubDevice device{world};
};

TEST_F(HubMqttEnd, StoresTheWillOfADeviceThatIsLost) {
    device.wire().lose();
    world.workers.run_all();
    const auto messages = world.messages();
    ASSERT_EQ(messages.size(), 1U);
    EXPECT_EQ(messages[0].body, "bye");
    EXPECT_EQ(messages[0].properties,
              (topics::Properties{{"k", "v"}, {"mqtt-retain", "true"}, will_mark}));
}

TEST_F(HubMqttEnd, StoresTheWillBehindWhatTheDeviceSentBefore) {
    device.wire().send(mqtt::encode(HubDevice::message(events_topic, "1", 1)) +
                       mqtt::encode(HubDevice::message(events_topic, "2")));
    device.wire().lose();
    world.workers.run_all();
    EXPECT_EQ(world.bodies(), (std::vector<std::string>{"1", "2", "bye"}));
}

TEST_F(HubMqttEnd, StoresNothingBehindWhatCouldNotBeStored) {
    world.events.failure = Error{.code = Code::unavailable, .detail = "away"};
    device.wire().send(mqtt::encode(HubDevice::message(events_topic, "1", 1)) +
                       mqtt::encode(HubDevice::message(events_topic, "2")));
    device.wire().lose();
    world.workers.run_all();
    EXPECT_EQ(world.bodies(), std::vector<std::string>());
}

TEST_F(HubMqttEnd, StoresTheWillOfADeviceThatFallsSilent) {
    EXPECT_EQ(device.send(mqtt::Pingreq()), "PINGRESP\n");
    EXPECT_EQ(device.wire().next_deadline(), world.clock.steady() + seconds(90));
    world.clock.advance(seconds(90));
    device.wire().deadline();
    EXPECT_TRUE(device.is_cut());
    device.settle();
    EXPECT_EQ(world.bodies(), std::vector<std::string>{"bye"});
}

TEST_F(HubMqttEnd, ForgetsTheWillOfADeviceThatDisconnects) {
    device.publish(events_topic, "last");
    device.send(mqtt::Disconnect());
    EXPECT_TRUE(device.is_cut());
    device.wire().lose();
    world.workers.run_all();
    EXPECT_EQ(world.bodies(), std::vector<std::string>{"last"});
    EXPECT_EQ(world.hub.live().connected_count(), 0U);
}

TEST_F(HubMqttEnd, CutsADeviceThatIsDeleted) {
    // IOTHUB-34: at once, and it has no last word
    world.erase("dev-01");
    device.settle();
    EXPECT_TRUE(device.is_cut());
    device.wire().lose();
    world.workers.run_all();
    EXPECT_EQ(world.bodies(), std::vector<std::string>());
    HubDevice again(world);
    EXPECT_EQ(again.connect(), "CONNACK sp=0 rc=5\n");
}

TEST_F(HubMqttEnd, CutsADeviceThatIsDisabled) {
    // IOTHUB-34
    world.disable("dev-01");
    device.settle();
    EXPECT_TRUE(device.is_cut());
    EXPECT_EQ(world.bodies(), std::vector<std::string>());
    HubDevice again(world);
    EXPECT_EQ(again.connect(), "CONNACK sp=0 rc=5\n");
}

// IOTHUB-34: what sends every SDK back to provisioning (iothub C.4), never 3.
TEST_F(HubMqttEnd, CutsADeviceThatMovesAndSendsItToRegisterAgain) {
    auto fenced = world.hub.get_device(DeviceId("dev-01"))->device;
    fenced.status = hub::DeviceStatus::disabled;
    fenced.status_reason = "moving out 4f3a9c0d11223344; was enabled";
    ASSERT_TRUE(world.hub.put_device(fenced, hub::IfMatch::from_header("*")));
    device.settle();
    EXPECT_TRUE(device.is_cut());
    EXPECT_EQ(HubDevice(world).connect(), "CONNACK sp=0 rc=5\n");
    world.erase("dev-01");
    EXPECT_EQ(HubDevice(world).connect(), "CONNACK sp=0 rc=5\n");
}

TEST_F(HubMqttEnd, KeepsTheWillFromTheNextDeviceOfThatName) {
    device.wire().lose();
    world.erase("dev-01");
    world.add_device("dev-01");
    world.workers.run_all();
    EXPECT_EQ(world.bodies(), std::vector<std::string>());
}

TEST_F(HubMqttEnd, StopsAtOnceWhenNothingIsUnderWay) {
    device.wire().stop();
    EXPECT_TRUE(device.is_cut());
}

TEST_F(HubMqttEnd, StopsWhenWhatWasReadIsStored) {
    device.wire().send(mqtt::encode(HubDevice::message(events_topic, "1", 1)) +
                       mqtt::encode(HubDevice::message(events_topic, "2", 2)));
    device.wire().stop();
    EXPECT_FALSE(device.is_cut());
    EXPECT_FALSE(device.wire().wants_input());
    EXPECT_EQ(device.settle(), "PUBACK id=1\nPUBACK id=2\n");
    EXPECT_TRUE(device.is_cut());
    EXPECT_EQ(world.bodies().front(), "1");
    EXPECT_EQ(world.bodies().at(1), "2");
}

TEST_F(HubMqttEnd, StopsWhoIsStillConnecting) {
    HubDevice other(world);
    other.wire().send(mqtt::encode(HubDevice::connecting(world)));
    other.wire().stop();
    EXPECT_EQ(other.settle(), "CONNACK sp=0 rc=3\n");
    EXPECT_TRUE(other.is_cut());
}

TEST(HubMqttToken, EndsTheConnectionFiveMinutesAfterItsExpiry) {
    // IOTHUB-5
    HubWorld world;
    HubDevice device(world);
    auto packet = HubDevice::connecting(world);
    packet.keep_alive_seconds = 0; // silence is allowed for longer than that
    packet.password = crypto::make_sas("hub1.example.org/devices/dev-01", recorded_key,
                                       world.clock.wall() + seconds(60));
    ASSERT_EQ(device.send(packet), "CONNACK sp=0 rc=0\n");
    EXPECT_EQ(device.wire().next_deadline(), world.clock.steady() + seconds(360));
    world.clock.advance(seconds(359));
    device.wire().deadline();
    EXPECT_FALSE(device.is_cut());
    world.clock.advance(seconds(1));
    device.wire().deadline();
    EXPECT_TRUE(device.is_cut());
}

} // namespace
} // namespace muster::gateway
