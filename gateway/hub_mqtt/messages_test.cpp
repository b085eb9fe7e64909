// Messages to devices over MQTT (reference: iothub A.9).

#include "base/text.h"
#include "codec/topics.h"
#include "gateway/hub_world.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace muster::gateway {
namespace {

using testing::HasSubstr;

const std::string to_dev_01 = "%24.to=%2Fdevices%2Fdev-01%2Fmessages%2Fdevicebound";
const std::string c2d_topic = "devices/dev-01/messages/devicebound/";

class HubMqttMessages : public testing::Test {
  protected:
    void send(std::string body, hub::MessageProperties properties = {}) {
        properties.insert(properties.begin(), {"$.mid", "m" + std::to_string(++sent)});
        const auto outcome = world.hub.send_message(
            DeviceId("dev-01"), {.properties = std::move(properties), .body = std::move(body)});
        ASSERT_TRUE(outcome) << outcome.error().detail;
    }

    std::string line(int number, const std::string& body, int qos = 1) {
        return "PUBLISH qos" + std::to_string(qos) + ' ' + c2d_topic + to_dev_01 + "&%24.mid=m" +
               std::to_string(number) + ' ' + body + '\n';
    }

    std::int64_t waiting() { return world.hub.get_device(DeviceId("dev-01"))->messages_waiting; }

    static mqtt::Puback ack(std::uint16_t packet_id) { return {.packet_id = packet_id}; }

    static std::string subscribe_qos_0(HubDevice& device) {
        mqtt::Subscribe packet{.packet_id = 9, .subscriptions = {}};
        packet.subscriptions.push_back(
            {std::string(hub_filters::messages), mqtt::QoS::at_most_once});
        return device.send(packet);
    }

    std::string feedback() {
        std::string text;
        for (const auto& record : world.stores.messages.records()) {
            text += record.message_id + ' ';
        }
        return text;
    }

    HubWorld world;
    int sent = 0;
};

TEST_F(HubMqttMessages, ComeOnlyToWhoSubscribed) {
    HubDevice device(world);
    device.connect();
    send("a");
    EXPECT_EQ(device.settle(), "");
    EXPECT_EQ(device.subscribe({hub_filters::messages}), "SUBACK id=9 [1]\n" + line(1, "a"));
    send("b");
    EXPECT_EQ(device.settle(), line(2, "b"));
    EXPECT_EQ(waiting(), 2); // nothing is acknowledged yet
    EXPECT_EQ(device.send(ack(1)), "");
    EXPECT_EQ(waiting(), 1);
    EXPECT_EQ(device.send(ack(2)), "");
    EXPECT_EQ(waiting(), 0);
}

TEST_F(HubMqttMessages, ComeToTheFilterWithAPlus) {
    HubDevice device(world);
    device.connect();
    send("a");
    // Both filters are the same queue: one copy. IOTHUB-8
    EXPECT_EQ(device.subscribe({"devices/+/messages/devicebound/#", hub_filters::messages}),
              "SUBACK id=9 [1 1]\n" + line(1, "a"));
}

TEST_F(HubMqttMessages, ComeAgainAfterASessionIsRestored) {
    {
        HubDevice device(world);
        device.connect();
        device.subscribe({hub_filters::messages});
        send("a");
        device.settle();
        device.wire().lose();
        world.workers.run_all();
    }
    send("b");
    HubDevice device(world);
    EXPECT_EQ(device.connect(), "CONNACK sp=1 rc=0\n" + line(1, "a") + line(2, "b"));
    const auto received = world.hub.messages().receive(DeviceId("dev-01"), std::chrono::seconds(1));
    EXPECT_FALSE(*received); // both are on their way
    device.send(ack(1));
    device.send(ack(2));
    EXPECT_EQ(waiting(), 0);
}

TEST_F(HubMqttMessages, ANewerConnectionGetsWhatTheOlderDidNotAcknowledge) {
    HubDevice first(world);
    first.connect();
    first.subscribe({hub_filters::messages});
    send("a");
    EXPECT_EQ(first.settle(), line(1, "a"));
    HubDevice second(world);
    EXPECT_EQ(second.connect(), "CONNACK sp=1 rc=0\n" + line(1, "a"));
    first.send(ack(1)); // too late: it is the other's
    first.settle();
    EXPECT_TRUE(first.is_cut());
    EXPECT_EQ(waiting(), 1);
    second.send(ack(1));
    EXPECT_EQ(waiting(), 0);
}

TEST_F(HubMqttMessages, DeliveryAtQosZeroIsTheOnlyOne) {
    HubDevice device(world);
    device.connect();
    EXPECT_EQ(subscribe_qos_0(device), "SUBACK id=9 [0]\n");
    send("a", {{"iothub-ack", "full"}});
    send("b");
    EXPECT_THAT(device.settle(), HasSubstr("PUBLISH qos0"));
    EXPECT_EQ(waiting(), 0);
    EXPECT_EQ(feedback(), "m1 ");
}

TEST_F(HubMqttMessages, ADeviceThatNeverAcknowledgesGetsSixteen) {
    HubDevice device(world);
    device.connect();
    device.subscribe({hub_filters::messages});
    for (int count = 0; count < 50; ++count) {
        send("x");
    }
    const auto lines = device.settle();
    EXPECT_EQ(std::count(lines.begin(), lines.end(), '\n'), 16);
    EXPECT_EQ(device.settle(), "");
    const auto next = device.send(ack(1)); // one acknowledged, one more
    EXPECT_EQ(next, line(17, "x"));
    EXPECT_FALSE(device.is_cut());
}

TEST_F(HubMqttMessages, WrongAndRepeatedAcknowledgementsAreNothing) {
    HubDevice device(world);
    device.connect();
    device.subscribe({hub_filters::messages});
    send("a");
    send("b");
    device.settle();
    for (const std::uint16_t wrong : std::vector<std::uint16_t>{7, 1, 1, 1, 60'000}) {
        device.send(ack(wrong));
    }
    EXPECT_EQ(waiting(), 1);
    EXPECT_FALSE(device.is_cut());
}

TEST_F(HubMqttMessages, LargeOnesWaitForEachOther) {
    HubDevice device(world);
    device.connect();
    device.subscribe({hub_filters::messages});
    for (int count = 0; count < 20; ++count) {
        send(std::string(65'000, 'x'));
    }
    std::size_t received = 0;
    std::uint16_t acknowledged = 0;
    for (auto lines = device.settle(); !lines.empty();) {
        const auto count = std::count(lines.begin(), lines.end(), '\n');
        EXPECT_LE(count, 8);
        received += static_cast<std::size_t>(count);
        lines.clear();
        while (acknowledged < received) {
            lines += device.send(ack(++acknowledged));
        }
    }
    EXPECT_EQ(received, 20U);
    EXPECT_EQ(waiting(), 0);
    EXPECT_FALSE(device.is_cut());
}

TEST_F(HubMqttMessages, UnsubscribingEndsIt) {
    HubDevice device(world);
    device.connect();
    device.subscribe({hub_filters::messages});
    device.send(mqtt::Unsubscribe{.packet_id = 4, .filters = {std::string(hub_filters::messages)}});
    send("a");
    EXPECT_EQ(device.settle(), "");
    EXPECT_EQ(waiting(), 1);
}

TEST_F(HubMqttMessages, TopicsAreAsEveryClientReadsThem) {
    // IOTHUB-18: the recorded example, with everything that a client trips over.
    HubDevice device(world);
    device.connect();
    device.subscribe({hub_filters::messages});
    send("on", {{"site", "north/\xc3\xa4=1&x%"},
                {"$.to", "/devices/dev-01/messages/devicebound"},
                {"$.ct", "application/json"},
                {"$.ce", "utf-8"},
                {"$.exp", "2030-01-02T04:04:05Z"},
                {"iothub-ack", "full"},
                {"empty", ""}});
    const auto sent_line = device.settle();
    EXPECT_EQ(sent_line, "PUBLISH qos1 " + c2d_topic + to_dev_01 +
                             "&%24.mid=m1&%24.ct=application%2Fjson&%24.ce=utf-8"
                             "&%24.exp=2030-01-02T04%3A04%3A05.0000000Z"
                             "&site=north%2F%C3%A4%3D1%26x%25&iothub-ack=full&empty= on\n");
}

TEST_F(HubMqttMessages, TheBagIsNeverEmptyAndHasNoSlash) {
    // IOTHUB-18: C# splits at slashes and reads the fifth part.
    for (const topics::Properties& properties :
         {topics::Properties{}, topics::Properties{{"a", "/b/c"}}}) {
        const auto topic = topics::cloud_to_device("dev-01", properties);
        const auto parts = split(topic, '/');
        ASSERT_EQ(parts.size(), 5U);
        EXPECT_TRUE(parts[4].starts_with("%24.to=%2Fdevices%2Fdev-01"));
        const auto bag = topics::parse_property_bag(parts[4]);
        ASSERT_TRUE(bag);
        EXPECT_EQ(bag->size(), properties.size() + 1);
    }
}

TEST_F(HubMqttMessages, GoWithTheDevice) {
    HubDevice device(world);
    device.connect();
    device.subscribe({hub_filters::messages});
    send("a");
    device.settle();
    world.erase("dev-01");
    device.settle();
    EXPECT_TRUE(device.is_cut());
    world.add_device("dev-01");
    HubDevice again(world);
    again.connect();
    EXPECT_EQ(again.subscribe({hub_filters::messages}), "SUBACK id=9 [1]\n");
}

TEST_F(HubMqttMessages, AStoreThatFailsIsAskedAgain) {
    HubDevice device(world);
    device.connect();
    device.subscribe({hub_filters::messages});
    send("a");
    world.stores.messages.failures = {
        {.code = Code::unavailable, .detail = "made to fail", .cause = {}, .retry_after = {}}};
    EXPECT_EQ(device.settle(), "");
    world.timers.advance(std::chrono::seconds(1));
    EXPECT_EQ(device.settle(), line(1, "a"));
}

} // namespace
} // namespace muster::gateway
