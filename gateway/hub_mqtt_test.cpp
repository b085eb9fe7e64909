// A hub's MQTT edge: who gets in, what they may subscribe to, and what becomes of their telemetry.

#include "codec/topics.h"
#include "gateway/hub_world.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

namespace muster::gateway {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

constexpr auto accepted = "CONNACK sp=0 rc=0\n";
constexpr auto restored = "CONNACK sp=1 rc=0\n";
constexpr auto not_authorized = "CONNACK sp=0 rc=5\n";
constexpr auto try_again = "CONNACK sp=0 rc=3\n";

const topics::Property retain_mark{"mqtt-retain", "true"};

class HubMqttTest : public testing::Test {
  protected:
    [[nodiscard]] mqtt::Connect connecting() const { return HubDevice::connecting(world); }

    /// What a connection of its own is answered. A refusal must also close it.
    std::string answer_to(const mqtt::Connect& packet) {
        HubDevice device(world);
        const auto lines = device.send(packet);
        EXPECT_EQ(device.is_cut(), lines != accepted && lines != restored) << lines;
        return lines;
    }

    std::string answer_to_user(const std::string& user_name) {
        auto packet = connecting();
        packet.user_name = user_name;
        return answer_to(packet);
    }

    std::string answer_to_password(const std::string& password) {
        auto packet = connecting();
        packet.password = password;
        return answer_to(packet);
    }

    [[nodiscard]] std::string token_until(WallTime expiry) const {
        return crypto::make_sas(std::string(HubWorld::host) + "/devices/dev-01", recorded_key,
                                expiry);
    }

    HubWorld world;
};

// ---- who gets in ----

TEST_F(HubMqttTest, AcceptsADeviceWithItsToken) {
    EXPECT_EQ(answer_to(connecting()), accepted); // IOTHUB-1
}

TEST_F(HubMqttTest, AcceptsEveryFormOfUserName) {
    // IOTHUB-3: any well-formed date, anything after it, or nothing at all
    for (const auto* rest :
         {"", "/", "/?api-version=2016-11-14", "/?api-version=2021-04-12&DeviceClientType=a%2Fb",
          "/?DeviceClientType=a&api-version=2031-01-01-preview"}) {
        EXPECT_EQ(answer_to_user("hub1.example.org/dev-01" + std::string(rest)), accepted) << rest;
    }
    EXPECT_EQ(answer_to_user("HUB1.Example.Org/dev-01"), accepted);
}

TEST_F(HubMqttTest, KeepsTheModelOfTheUserName) {
    HubDevice device(world);
    auto packet = connecting();
    packet.user_name = "hub1.example.org/dev-01/?api-version=2020-09-30&model-id=dtmi%3Aa%3Bb%3B1";
    ASSERT_EQ(device.send(packet), accepted);
    device.publish(events_topic, "m");
    EXPECT_EQ(world.messages().at(0).model_id, "dtmi:a;b;1");
}

TEST_F(HubMqttTest, RefusesDevicesThatAreNotAllowed) {
    // IOTHUB-2
    EXPECT_EQ(answer_to(HubDevice::connecting(world, "stranger")), not_authorized);
    world.add_device("dev-02");
    world.disable("dev-02");
    EXPECT_EQ(answer_to(HubDevice::connecting(world, "dev-02")), not_authorized);
}

TEST_F(HubMqttTest, RefusesBadProofs) {
    // IOTHUB-2
    EXPECT_EQ(answer_to_password("nonsense"), not_authorized);
    EXPECT_EQ(answer_to_password(""), not_authorized);
    EXPECT_EQ(answer_to_password(world.device_token("dev-02")), not_authorized);
    EXPECT_EQ(
        answer_to_password(crypto::make_sas("hub1.example.org/devices/dev-01", Secret("another"),
                                            world.clock.wall() + hours(1))),
        not_authorized);
    auto none = connecting();
    none.password.reset();
    EXPECT_EQ(answer_to(none), not_authorized);
    EXPECT_EQ(world.hub.live().connected_count(), 0U);
}

TEST_F(HubMqttTest, AcceptsATokenUntilFiveMinutesAfterItsExpiry) {
    // IOTHUB-5
    EXPECT_EQ(answer_to_password(token_until(world.clock.wall() - seconds(299))), accepted);
    EXPECT_EQ(answer_to_password(token_until(world.clock.wall() - seconds(301))), not_authorized);
}

TEST_F(HubMqttTest, RefusesNamesThatDoNotFit) {
    // IOTHUB-2: 5 and never 4
    world.add_device("dev-02");
    auto other = connecting();
    other.client_id = "dev-02";
    EXPECT_EQ(answer_to(other), not_authorized);
    auto module = connecting();
    module.client_id = "dev-01/mod";
    module.user_name = "hub1.example.org/dev-01/mod/?api-version=2019-10-01";
    EXPECT_EQ(answer_to(module), not_authorized);
    module.client_id = "dev-01"; // nor does the device stand in for its module
    EXPECT_EQ(answer_to(module), not_authorized);
    auto nameless = connecting();
    nameless.user_name.reset();
    nameless.password.reset();
    EXPECT_EQ(answer_to(nameless), not_authorized);
    EXPECT_EQ(answer_to_user("hub2.example.org/dev-01/?api-version=2019-10-01"), not_authorized);
    EXPECT_EQ(answer_to_user("hub1.example.org/dev-01/?api-version=soon"), not_authorized);
    EXPECT_EQ(answer_to_user("nonsense"), not_authorized);
}

TEST_F(HubMqttTest, RefusesAWillOnAForeignTopic) {
    for (const auto* topic : {"devices/dev-02/messages/events/", "$iothub/twin/GET/?$rid=1",
                              "devices/dev-01/modules/m/messages/events/", "goodbye"}) {
        auto packet = connecting();
        packet.will = {.topic = topic, .payload = "bye"};
        EXPECT_EQ(answer_to(packet), not_authorized) << topic;
    }
    EXPECT_EQ(world.bodies(), std::vector<std::string>()); // nor is it left by the refusal
}

TEST_F(HubMqttTest, AsksToTryAgainForWhatPasses) {
    // IOTHUB-2: not ready is 3
    world.workers.full = true;
    EXPECT_EQ(answer_to(connecting()), try_again);
    world.workers.full = false;
    world.devices.read_failures.push_back({.code = Code::unavailable, .detail = "away"});
    EXPECT_EQ(answer_to(connecting()), try_again);
    EXPECT_EQ(answer_to(connecting()), accepted);
}

TEST_F(HubMqttTest, RefusesWhoWasDisabledWhileConnecting) {
    HubDevice device(world);
    device.wire().send(mqtt::encode(connecting()));
    world.disable("dev-01");
    EXPECT_EQ(device.settle(), not_authorized); // IOTHUB-34
    EXPECT_EQ(world.hub.live().connected_count(), 0U);
}

TEST_F(HubMqttTest, LetsTheNewerConnectionWin) {
    // IOTHUB-7
    HubDevice older(world);
    HubDevice newer(world);
    ASSERT_EQ(older.connect(), accepted);
    newer.wire().send(mqtt::encode(connecting()));
    world.settle({&older.wire(), &newer.wire()});
    EXPECT_EQ(newer.take(), accepted);
    EXPECT_FALSE(newer.is_cut());
    EXPECT_TRUE(older.is_cut());
    older.wire().lose(); // must not take its successor along
    EXPECT_EQ(world.hub.live().connected_count(), 1U);
    newer.subscribe({hub_filters::desired});
    world.patch_desired(R"({"a":1})");
    EXPECT_NE(newer.settle(), "");
}

TEST_F(HubMqttTest, DoesNotLetAFailedConnectionDisplace) {
    // IOTHUB-7
    HubDevice older(world);
    HubDevice failing(world);
    ASSERT_EQ(older.connect(), accepted);
    auto packet = connecting();
    packet.password = "nonsense";
    failing.wire().send(mqtt::encode(packet));
    world.settle({&older.wire(), &failing.wire()});
    EXPECT_EQ(failing.take(), not_authorized);
    EXPECT_FALSE(older.is_cut());
    EXPECT_EQ(world.hub.live().connected_count(), 1U);
}

TEST_F(HubMqttTest, ForgetsAConnectionThatIsLostWhileItConnects) {
    HubDevice device(world);
    device.wire().send(mqtt::encode(connecting()));
    device.wire().lose();
    world.workers.run_all();
    EXPECT_EQ(world.hub.live().connected_count(), 0U);
}

// ---- subscriptions ----

TEST_F(HubMqttTest, RestoresStoredSubscriptions) {
    // IOTHUB-6: on a new connection nobody subscribes again
    {
        HubDevice device(world);
        ASSERT_EQ(device.connect(), accepted); // nothing is stored: not present
        device.subscribe({hub_filters::twin, hub_filters::desired});
        device.wire().lose();
    }
    HubDevice device(world);
    EXPECT_EQ(device.connect(), restored);
    EXPECT_TRUE(device.publish("$iothub/twin/GET/?$rid=1", " ")
                    .starts_with("PUBLISH qos0 $iothub/twin/res/200/?$rid=1 "));
    world.patch_desired(R"({"a":1})");
    EXPECT_NE(device.settle(), "");
}

TEST_F(HubMqttTest, ClearsStoredSubscriptionsForACleanSession) {
    // IOTHUB-6
    world.store_filters({std::string(hub_filters::desired)});
    HubDevice device(world);
    auto packet = connecting();
    packet.clean_session = true;
    EXPECT_EQ(device.send(packet), accepted);
    EXPECT_EQ(world.stored_filters(), std::vector<std::string>());
    world.patch_desired(R"({"a":1})");
    EXPECT_EQ(device.settle(), "");
    EXPECT_EQ(device.subscribe({hub_filters::desired}), "SUBACK id=9 [1]\n");
    EXPECT_EQ(world.stored_filters(), std::vector<std::string>());
}

TEST_F(HubMqttTest, GrantsFiveFiltersInOnePacket) {
    // IOTHUB-8. There are no more than these five texts, so a sixth is also an unknown one.
    HubDevice device(world);
    device.connect();
    EXPECT_EQ(
        device.subscribe({hub_filters::messages, "devices/+/messages/devicebound/#",
                          hub_filters::twin, hub_filters::desired, hub_filters::methods, "sixth"}),
        "SUBACK id=9 [1 1 1 1 1 128]\n");
    EXPECT_EQ(world.stored_filters().size(), 5U);
    EXPECT_EQ(device.subscribe({hub_filters::twin}), "SUBACK id=9 [1]\n"); // again is not one more
    EXPECT_EQ(world.stored_filters().size(), 5U);
}

TEST_F(HubMqttTest, RefusesForeignFilters) {
    HubDevice device(world);
    device.connect();
    EXPECT_EQ(device.subscribe({"devices/dev-02/messages/devicebound/#", "#", "$iothub/#"}),
              "SUBACK id=9 [128 128 128]\n");
    EXPECT_FALSE(device.is_cut());
    EXPECT_EQ(world.stored_filters(), std::vector<std::string>());
}

TEST_F(HubMqttTest, GrantsNoMoreThanQosOne) {
    // IOTHUB-8
    HubDevice device(world);
    device.connect();
    mqtt::Subscribe packet{.packet_id = 3, .subscriptions = {}};
    packet.subscriptions.push_back({std::string(hub_filters::twin), mqtt::QoS::at_most_once});
    packet.subscriptions.push_back({std::string(hub_filters::desired), mqtt::QoS::exactly_once});
    EXPECT_EQ(device.send(packet), "SUBACK id=3 [0 1]\n");
}

TEST_F(HubMqttTest, ForgetsWhatIsUnsubscribed) {
    HubDevice device(world);
    device.connect();
    device.subscribe({hub_filters::desired, hub_filters::twin});
    EXPECT_EQ(device.send(mqtt::Unsubscribe{
                  .packet_id = 4, .filters = {std::string(hub_filters::desired), "unknown"}}),
              "UNSUBACK id=4\n");
    EXPECT_EQ(world.stored_filters(), std::vector<std::string>{std::string(hub_filters::twin)});
    world.patch_desired(R"({"a":1})");
    EXPECT_EQ(device.settle(), "");
}

// ---- telemetry ----

TEST_F(HubMqttTest, StoresTelemetryInTheOrderItCame) {
    // IOTHUB-9: both kinds, with and without a trailing '/', keys in both spellings
    HubDevice device(world);
    device.connect();
    const std::string topic(events_topic);
    auto bytes = mqtt::encode(HubDevice::message(topic + "%24.mid=a&k=v", "1"));
    bytes += mqtt::encode(HubDevice::message(topic + "$.mid=b&k=v/", "2", 7));
    bytes += mqtt::encode(HubDevice::message("devices/dev-01/messages/events", "3"));
    bytes += mqtt::encode(HubDevice::message(topic, "4", 8));
    EXPECT_EQ(device.send_bytes(bytes), "PUBACK id=7\nPUBACK id=8\n");
    EXPECT_EQ(world.bodies(), (std::vector<std::string>{"1", "2", "3", "4"}));
    const auto messages = world.messages();
    EXPECT_EQ(messages[0].properties, (topics::Properties{{"$.mid", "a"}, {"k", "v"}}));
    EXPECT_EQ(messages[1].properties, (topics::Properties{{"$.mid", "b"}, {"k", "v"}}));
    EXPECT_EQ(messages[3].identity.text(), "dev-01");
    EXPECT_FALSE(messages[3].generation_id.empty());
}

TEST_F(HubMqttTest, AcknowledgesOnlyWhatIsStored) {
    // IOTHUB-9
    HubDevice device(world);
    device.connect();
    device.wire().send(mqtt::encode(HubDevice::message(events_topic, "1", 7)));
    device.wire().run_posted();
    EXPECT_EQ(device.take(), "");
    EXPECT_EQ(world.bodies(), std::vector<std::string>());
    EXPECT_EQ(device.settle(), "PUBACK id=7\n");
    EXPECT_EQ(world.bodies(), std::vector<std::string>{"1"});
}

TEST_F(HubMqttTest, ClosesWhenTelemetryCannotBeStored) {
    // The device sends it again; what came behind it must not be stored before it.
    HubDevice device(world);
    device.connect();
    world.events.failure = Error{.code = Code::unavailable, .detail = "away"};
    EXPECT_EQ(device.send_bytes(mqtt::encode(HubDevice::message(events_topic, "1", 7)) +
                                mqtt::encode(HubDevice::message(events_topic, "2", 8)) +
                                mqtt::encode(HubDevice::message(events_topic, "3"))),
              "");
    EXPECT_TRUE(device.is_cut());
    device.wire().lose();
    world.workers.run_all();
    EXPECT_EQ(world.bodies(), std::vector<std::string>());
}

TEST_F(HubMqttTest, ClosesOnTopicsThatAreNotTheDevicesOwn) {
    world.add_device("dev-02");
    for (const auto* topic :
         {"devices/dev-02/messages/events/", "devices/dev-01/modules/m/messages/events/",
          "devices/dev-01/messages/devicebound/", "$iothub/twin/PATCH/properties/desired/?$rid=1",
          "news", "devices/dev-01/messages/events/%zz"}) {
        HubDevice device(world);
        device.connect();
        EXPECT_EQ(device.publish(topic, "x", 7), "") << topic;
        EXPECT_TRUE(device.is_cut()) << topic;
    }
    EXPECT_EQ(world.bodies(), std::vector<std::string>());
}

TEST_F(HubMqttTest, ClosesOnQosTwo) {
    HubDevice device(world); // IOTHUB-9
    device.connect();
    auto message = HubDevice::message(events_topic, "x", 7);
    message.qos = mqtt::QoS::exactly_once;
    EXPECT_EQ(device.send(message), "");
    EXPECT_TRUE(device.is_cut());
    EXPECT_EQ(world.bodies(), std::vector<std::string>());
}

TEST_F(HubMqttTest, RefusesMessagesOver256KiB) {
    constexpr std::size_t bytes_max = 256 * 1024; // with the property: "ab" is two of them
    const auto topic = std::string(events_topic) + "a=b";
    HubDevice device(world);
    device.connect();
    EXPECT_EQ(device.publish(topic, std::string(bytes_max - 2, 'x'), 7), "PUBACK id=7\n");
    EXPECT_EQ(device.publish(topic, std::string(bytes_max - 1, 'x'), 8), "");
    EXPECT_TRUE(device.is_cut());
    EXPECT_EQ(world.messages().size(), 1U);
}

TEST_F(HubMqttTest, ReadsOnWhenLargeMessagesAreStored) {
    HubDevice device(world);
    device.connect();
    const std::string large(200 * 1024, 'x');
    for (int i = 0; i < 3; ++i) {
        device.wire().send(mqtt::encode(HubDevice::message(events_topic, large)));
    }
    EXPECT_FALSE(device.wire().wants_input()); // more than the queue's half MiB
    device.settle();
    EXPECT_TRUE(device.wire().wants_input());
    EXPECT_EQ(world.messages().size(), 3U);
}

TEST_F(HubMqttTest, MarksWhatWasToBeRetained) {
    HubDevice device(world);
    device.connect();
    auto message = HubDevice::message(std::string(events_topic) + "mqtt-retain=no", "x");
    message.retain = true;
    device.send(message);
    device.publish(events_topic, "y");
    const auto messages = world.messages();
    EXPECT_EQ(messages.at(0).properties, topics::Properties{retain_mark});
    EXPECT_EQ(messages.at(1).properties, topics::Properties{});
}

TEST_F(HubMqttTest, KeepsTelemetryThatAFullQueueTurnsAway) {
    HubDevice device(world);
    device.connect();
    world.workers.full = true;
    EXPECT_EQ(device.publish(events_topic, "1", 7), "");
    EXPECT_FALSE(device.is_cut());
    world.workers.full = false;
    world.timers.advance(std::chrono::milliseconds(50));
    EXPECT_EQ(device.settle(), "PUBACK id=7\n");
    EXPECT_EQ(world.bodies(), std::vector<std::string>{"1"});
}

TEST_F(HubMqttTest, ReadsNothingWhileTheWorkersAreBusy) {
    // The silence is then ours: the keep-alive of 60 s must not end the connection.
    constexpr int more_than_fits = 100;
    HubDevice device(world);
    device.connect();
    for (int i = 0; i < more_than_fits; ++i) {
        device.wire().send(mqtt::encode(HubDevice::message(events_topic, std::to_string(i))));
    }
    EXPECT_FALSE(device.wire().wants_input());
    world.clock.advance(hours(1));
    device.wire().deadline();
    EXPECT_FALSE(device.is_cut());
    device.settle();
    EXPECT_TRUE(device.wire().wants_input());
    EXPECT_EQ(world.messages().size(), std::size_t{more_than_fits});
    EXPECT_EQ(world.bodies().back(), std::to_string(more_than_fits - 1));
    EXPECT_EQ(device.wire().next_deadline(), world.clock.steady() + seconds(90));
    world.clock.advance(seconds(90));
    device.wire().deadline();
    EXPECT_TRUE(device.is_cut()); // now it is the device that is silent
}

} // namespace
} // namespace muster::gateway
