// Modules over MQTT (iothub A.3, A.13): identities of their own beside their device.

#include "codec/topics.h"
#include "gateway/hub_world.h"

#include <gtest/gtest.h>

namespace muster::gateway {
namespace {

constexpr auto accepted = "CONNACK sp=0 rc=0\n";
constexpr auto restored = "CONNACK sp=1 rc=0\n";
constexpr auto not_authorized = "CONNACK sp=0 rc=5\n";
constexpr auto no_client_id = "CONNACK sp=0 rc=2\n";

class HubMqttModulesTest : public testing::Test {
  protected:
    HubMqttModulesTest() {
        hub::Device wanted;
        wanted.id = DeviceId("dev-01");
        wanted.module = ModuleId("cam");
        wanted.authentication.primary_key = recorded_key;
        static_cast<void>(world.hub.put_device(wanted, {}).value());
    }

    [[nodiscard]] mqtt::Connect connecting() const {
        auto packet = HubDevice::connecting(world, "dev-01/cam");
        packet.password = world.device_token("dev-01/modules/cam");
        return packet;
    }

    HubWorld world;
    const hub::IdentityId cam{DeviceId("dev-01"), ModuleId("cam")};
};

TEST_F(HubMqttModulesTest, AreLetInByTheirOwnProof) { // IOTHUB-2, IOTHUB-3
    HubDevice module(world);
    EXPECT_EQ(module.send(connecting()), accepted);
    const auto answer_to = [&](const mqtt::Connect& packet) {
        HubDevice other(world);
        return other.send(packet);
    };
    auto packet = connecting();
    packet.user_name = "hub1.example.org/dev-01/cam/?api-version=2020-09-30&DeviceClientType=x"
                       "&auth-chain=dev-01%2Fcam%3Bedge-1%3B%24edgeHub";
    EXPECT_EQ(answer_to(packet), accepted) << "the chain of nested Edge is not ours to judge";
    packet = connecting();
    packet.password = world.device_token("dev-01");
    EXPECT_EQ(answer_to(packet), accepted) << "the same key, a token for all of the device";
    packet.password = world.device_token("dev-01/modules/other");
    EXPECT_EQ(answer_to(packet), not_authorized);
    packet = connecting();
    packet.client_id = "dev-01/other";
    EXPECT_EQ(answer_to(packet), not_authorized);
    packet.user_name = "hub1.example.org/dev-01/other/?api-version=2020-09-30";
    EXPECT_EQ(answer_to(packet), not_authorized) << "no such module";
    packet.client_id = "dev-01/a/b";
    packet.user_name = "hub1.example.org/dev-01/a/b/?api-version=2020-09-30";
    EXPECT_EQ(answer_to(packet), no_client_id);
}

TEST_F(HubMqttModulesTest, HaveConnectionsOfTheirOwn) { // IOTHUB-7
    HubDevice device(world);
    HubDevice module(world);
    EXPECT_EQ(device.connect(), accepted);
    EXPECT_EQ(module.send(connecting()), accepted);
    EXPECT_FALSE(device.is_cut());
    HubDevice newer(world);
    EXPECT_EQ(newer.send(connecting()), accepted);
    module.settle();
    EXPECT_TRUE(module.is_cut());
    EXPECT_FALSE(device.is_cut());
}

TEST_F(HubMqttModulesTest, SendTelemetryUnderTheirName) { // IOTHUB-9
    HubDevice module(world);
    module.send(connecting());
    EXPECT_EQ(module.publish("devices/dev-01/modules/cam/messages/events/%24.on=out", "hello", 4),
              "PUBACK id=4\n");
    const auto sent = world.messages();
    ASSERT_EQ(sent.size(), 1U);
    EXPECT_EQ(sent.front().identity, cam);
    EXPECT_NE(sent.front().auth_method.find("module"), std::string::npos);
    module.publish(events_topic, "as the device");
    EXPECT_TRUE(module.is_cut());
    EXPECT_EQ(world.messages().size(), 1U);
}

TEST_F(HubMqttModulesTest, LeaveAWill) {
    HubDevice module(world);
    auto packet = connecting();
    packet.will = {.topic = "devices/dev-01/modules/cam/messages/events/", .payload = "bye"};
    module.send(packet);
    module.wire().lose();
    world.workers.run_all();
    EXPECT_EQ(world.bodies(), std::vector<std::string>{"bye"});
}

TEST_F(HubMqttModulesTest, KeepSubscriptionsOfTheirOwn) { // IOTHUB-6, IOTHUB-8
    {
        HubDevice module(world);
        module.send(connecting());
        EXPECT_EQ(module.subscribe({"devices/dev-01/modules/cam/inputs/#", hub_filters::twin,
                                    hub_filters::desired, hub_filters::methods,
                                    "devices/dev-01/messages/devicebound/#"}),
                  "SUBACK id=9 [1 1 1 1 128]\n");
    }

    HubDevice device(world);
    EXPECT_EQ(device.connect(), accepted) << "nothing of it is the device's";
    HubDevice module(world);
    EXPECT_EQ(module.send(connecting()), restored);
}

TEST_F(HubMqttModulesTest, HaveTwinsAndMethods) { // IOTHUB-11, IOTHUB-15, IOTHUB-16
    HubDevice module(world);
    module.send(connecting());
    module.subscribe({hub_filters::twin, hub_filters::desired, hub_filters::methods});
    EXPECT_NE(module.publish("$iothub/twin/PATCH/properties/reported/?$rid=1", R"({"fw":2})")
                  .find("$iothub/twin/res/204/?$rid=1&$version=2"),
              std::string::npos);
    static_cast<void>(world.hub.patch_twin(cam, HubWorld::desired(R"({"a":1})"), {}).value());
    EXPECT_NE(module.settle().find(R"({"a":1,"$version":2})"), std::string::npos);
    EXPECT_EQ(to_text(world.hub.read_twin(DeviceId("dev-01"))->reported.values), "{}");

    std::optional<int> status;
    world.hub.methods().invoke(cam, {.name = "zoom"}, [&](const Result<hub::MethodReply>& reply) {
        status = reply ? reply->status : -1;
    });
    const std::string asked = module.settle();
    const auto at = asked.find("$rid=");
    ASSERT_NE(at, std::string::npos) << asked;
    const std::string rid =
        asked.substr(at + 5, asked.find_first_not_of("0123456789abcdef", at + 5) - at - 5);
    module.publish("$iothub/methods/res/200/?$rid=" + rid, "{}");
    EXPECT_EQ(status, 200);
}

TEST_F(HubMqttModulesTest, GoWithTheirDevice) { // IOTHUB-34
    HubDevice module(world);
    module.send(connecting());
    world.disable("dev-01");
    module.settle();
    EXPECT_TRUE(module.is_cut());
    HubDevice again(world);
    EXPECT_EQ(again.send(connecting()), not_authorized);
}

} // namespace
} // namespace muster::gateway
