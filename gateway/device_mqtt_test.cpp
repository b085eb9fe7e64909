// The device API over MQTT: what it refuses and where, and the rules that no SDK script shows.

#include "gateway/sdk_scripts.h"

#include <gtest/gtest.h>

namespace muster::gateway {
namespace {

constexpr auto qos0 = mqtt::QoS::at_most_once;
constexpr auto qos1 = mqtt::QoS::at_least_once;

class DeviceMqtt : public testing::Test {
  protected:
    DeviceMqtt() { world.enroll("dev-1"); }

    [[nodiscard]] mqtt::Connect connecting(const std::string& id = "dev-1") const {
        mqtt::Connect packet;
        packet.client_id = id;
        packet.user_name = "0ne00TEST01/registrations/" + id + "/api-version=2019-03-31";
        packet.password = world.device_token(id);
        return packet;
    }

    static mqtt::Publish registering(const std::string& payload = {}) {
        return {.topic = "$dps/registrations/PUT/iotdps-register/?$rid=1",
                .payload = payload,
                .qos = qos0};
    }

    static mqtt::Publish polling(const std::string& operation, const std::string& rid = "2") {
        return {.topic = "$dps/registrations/GET/iotdps-get-operationstatus/?$rid=" + rid +
                         "&operationId=" + operation,
                .payload = {},
                .qos = qos0};
    }

    std::string send(Wire& wire, const mqtt::Packet& packet) {
        wire.send(mqtt::encode(packet));
        wire.settle(world.workers);
        return mqtt_lines(wire.take());
    }

    Wire connected(const mqtt::Connect& packet) {
        auto wire = world.mqtt();
        EXPECT_EQ(send(wire, packet), "CONNACK sp=0 rc=0\n");
        return wire;
    }

    /// The one line must be a response with this status and error code.
    void expect_refusal(const std::string& lines, unsigned status, int error_code) {
        Pattern pattern;
        const auto wanted = "PUBLISH qos1 $dps/registrations/res/" + std::to_string(status) +
                            "/?$rid=1 {\"errorCode\":" + std::to_string(error_code) +
                            R"(,"trackingId":"<id>","message":"<*>","timestampUtc":"<*>Z"})"
                            "\n";
        EXPECT_TRUE(pattern.matches(wanted, lines)) << lines << "wanted:\n" << wanted;
        EXPECT_FALSE(world.has_record("dev-1"));
        EXPECT_EQ(world.hubs.calls(), 0);
    }

    ProvisioningWorld world;
};

TEST_F(DeviceMqtt, ReportsEveryBadProofOnTheResponseTopic) {
    // DPS-DEVICE-33, DPS-DEVICE-41: CONNACK 0, then 401 as JSON
    for (const auto& password :
         {std::string("nonsense"), world.device_token("dev-2"),
          crypto::make_sas("0ne00TEST01/registrations/dev-1", Secret("another"),
                           world.clock.wall() + std::chrono::hours(1)),
          crypto::make_sas("0ne00TEST01/registrations/dev-1", recorded_key,
                           world.clock.wall() - std::chrono::hours(1))}) {
        auto packet = connecting();
        packet.password = password;
        auto wire = connected(packet);
        expect_refusal(send(wire, registering()), 401, 401000);
        EXPECT_FALSE(wire.wants_close()); // DPS-DEVICE-45
    }
    auto none = connecting();
    none.password.reset();
    auto wire = connected(none);
    expect_refusal(send(wire, registering()), 401, 401000);
}

TEST_F(DeviceMqtt, ReportsUnknownScopesDevicesAndVersionsOnTheResponseTopic) {
    auto scope = connecting();
    scope.user_name = "0ne00TEST02/registrations/dev-1/api-version=2019-03-31";
    auto first = connected(scope);
    expect_refusal(send(first, registering()), 404, 404000);

    auto second = connected(connecting("stranger"));
    expect_refusal(send(second, registering()), 404, 404201);

    for (const auto* rest : {"", "/", "/api-version=", "/api-version=soon", "/ClientVersion=1"}) {
        auto version = connecting();
        version.user_name = std::string("0ne00TEST01/registrations/dev-1") + rest;
        auto wire = connected(version);
        expect_refusal(send(wire, registering()), 400, 400000);
    }
}

TEST_F(DeviceMqtt, ReadsUserNamesLeniently) {
    // DPS-DEVICE-34, DPS-DEVICE-65, DPS-DEVICE-24
    for (const auto* rest :
         {"api-version=2019-03-31", "ClientVersion=a%2Fb&api-version=2021-06-01",
          "api-version=2031-01-01-preview&ClientVersion=odd/%zz/?&x", "api-version=2019-03-31&"}) {
        auto packet = connecting();
        packet.client_id = "DEV-1";
        packet.user_name = std::string("0ne00TEST01/registrations/dev-1/") + rest;
        auto wire = connected(packet);
        EXPECT_TRUE(
            send(wire, registering())
                .starts_with("PUBLISH qos1 $dps/registrations/res/202/?$rid=1&retry-after=3 {"));
    }
}

TEST_F(DeviceMqtt, RefusesConnectionsThatNameNobody) {
    const auto refusal_of = [&](const mqtt::Connect& packet) {
        auto wire = world.mqtt();
        const auto lines = send(wire, packet);
        EXPECT_TRUE(wire.wants_close()); // peers 5.2: no socket is left open after a refusal
        return lines;
    };
    auto other = connecting();
    other.client_id = "dev-2";
    EXPECT_EQ(refusal_of(other), "CONNACK sp=0 rc=2\n");
    auto empty = connecting();
    empty.client_id.clear();
    EXPECT_EQ(refusal_of(empty), "CONNACK sp=0 rc=2\n");
    auto anonymous = connecting();
    anonymous.user_name.reset();
    anonymous.password.reset();
    EXPECT_EQ(refusal_of(anonymous), "CONNACK sp=0 rc=5\n");
    auto nameless = connecting();
    nameless.user_name = "/registrations/dev-1/api-version=2019-03-31";
    EXPECT_EQ(refusal_of(nameless), "CONNACK sp=0 rc=5\n");
    auto idless = connecting();
    idless.user_name = "0ne00TEST01/registrations//api-version=2019-03-31";
    EXPECT_EQ(refusal_of(idless), "CONNACK sp=0 rc=5\n");
    auto old = connecting();
    old.protocol_level = 3;
    EXPECT_EQ(refusal_of(old), "CONNACK sp=0 rc=1\n");
}

TEST_F(DeviceMqtt, RefusesBodies) {
    // DPS-DEVICE-41
    auto wire = connected(connecting());
    expect_refusal(send(wire, registering("{")), 400, 400004);
    expect_refusal(send(wire, registering("[]")), 400, 400004);
    expect_refusal(send(wire, registering(R"({"registrationId":"dev-2"})")), 400, 400004);
    expect_refusal(send(wire, registering(R"({"a":1,"a":2})")), 400, 400004);
    expect_refusal(send(wire, registering(std::string(97 * 1024, ' ') + "{}")), 413, 413000);
    EXPECT_FALSE(wire.wants_close());
}

TEST_F(DeviceMqtt, KnowsOnlyTheOperationsOfTheDevice) {
    auto wire = connected(connecting());
    const auto lines = send(wire, polling("5.x.y", "1"));
    expect_refusal(lines, 404, 404202);
}

TEST_F(DeviceMqtt, AnswersAConnectionThatNeverSubscribed) {
    // DPS-DEVICE-22, DPS-DEVICE-42: Python, dropped after the 202, comes back and only polls
    Pattern known;
    {
        auto wire = connected(connecting());
        ASSERT_TRUE(
            known.matches(sdk::with_rid(sdk::res_accepted, "1"), send(wire, registering())));
        wire.lose();
    }
    auto again = connecting();
    again.clean_session = false;
    auto wire = connected(again);
    const auto lines = send(wire, polling(known["op"]));
    EXPECT_TRUE(known.matches(sdk::with_rid(sdk::res_assigned, "2"), lines)) << lines;
}

TEST_F(DeviceMqtt, IgnoresThePayloadOfAQuery) {
    // DPS-DEVICE-43: nothing, one space, the register document again, and what nobody sends
    auto wire = connected(connecting());
    Pattern known;
    ASSERT_TRUE(known.matches(sdk::with_rid(sdk::res_accepted, "1"), send(wire, registering())));
    for (const auto* payload : {"", " ", R"({"registrationId":"dev-1"})", "{broken", "[1]"}) {
        auto query = polling(known["op"]);
        query.payload = payload;
        const auto lines = send(wire, query);
        EXPECT_TRUE(known.matches(sdk::with_rid(sdk::res_assigned, "2"), lines)) << lines;
    }
}

TEST_F(DeviceMqtt, EchoesTheRequestIdByteForByte) {
    // DPS-DEVICE-39, DPS-DEVICE-40
    auto wire = connected(connecting());
    for (const auto* rid : {"1", "27ad4fd8-8249-49d2-ab3d-8c745864f1f5", "a%20b", "x%2f", "_~."}) {
        auto message = registering();
        message.topic = std::string("$dps/registrations/PUT/iotdps-register/?$rid=") + rid;
        EXPECT_TRUE(send(wire, message)
                        .starts_with("PUBLISH qos1 $dps/registrations/res/202/?$rid=" +
                                     std::string(rid) + "&retry-after="))
            << rid;
    }
}

TEST_F(DeviceMqtt, AcknowledgesBeforeItAnswers) {
    // DPS-DEVICE-37: even while no worker has looked at it
    auto wire = connected(connecting());
    auto message = registering();
    message.qos = qos1;
    message.packet_id = 7;
    wire.send(mqtt::encode(message));
    EXPECT_EQ(mqtt_lines(wire.take()), "PUBACK id=7\n");
    wire.settle(world.workers);
    EXPECT_TRUE(mqtt_lines(wire.take()).starts_with("PUBLISH qos1 $dps/registrations/res/202/"));
}

TEST_F(DeviceMqtt, AnswersARepeatedMessageWithTheSameOperation) {
    // dps-device 3.4: DUP after the first was acknowledged
    world.hubs.answer_next(9, {.code = Code::unavailable});
    auto wire = connected(connecting());
    auto message = registering();
    message.qos = qos1;
    message.packet_id = 7;
    Pattern known;
    const auto wanted = "PUBACK id=7\n" + sdk::with_rid(sdk::res_accepted, "1");
    EXPECT_TRUE(known.matches(wanted, send(wire, message)));
    message.duplicate = true;
    EXPECT_TRUE(known.matches(wanted, send(wire, message))); // <op> must be the same
}

TEST_F(DeviceMqtt, GrantsOnlyTheResponseFilter) {
    // DPS-DEVICE-35
    auto wire = connected(connecting());
    const mqtt::Subscribe packet{
        .packet_id = 9,
        .subscriptions = {{.filter = "$dps/registrations/res/#", .qos = qos0},
                          {.filter = "$dps/registrations/res/#", .qos = mqtt::QoS::exactly_once},
                          {.filter = "#", .qos = qos1},
                          {.filter = "$dps/registrations/#", .qos = qos1},
                          {.filter = "$iothub/methods/POST/#", .qos = qos1}}};
    EXPECT_EQ(send(wire, packet), "SUBACK id=9 [0 1 128 128 128]\n");
    const mqtt::Unsubscribe unsubscribe{.packet_id = 10, .filters = {"never/subscribed"}};
    EXPECT_EQ(send(wire, unsubscribe), "UNSUBACK id=10\n");
}

TEST_F(DeviceMqtt, IgnoresOtherTopicsAndStaysOpen) {
    // DPS-DEVICE-38, DPS-DEVICE-45: no unsolicited packet, no close in mid-registration
    auto wire = connected(connecting());
    for (const auto* topic :
         {"$dps/registrations/PUT/iotdps-register/", "$dps/registrations/res/200/?$rid=1",
          "$dps/registrations/GET/iotdps-get-operationstatus/?$rid=1", "devices/dev-1/messages"}) {
        EXPECT_EQ(
            send(wire, mqtt::Publish{.topic = topic, .payload = {}, .qos = qos1, .packet_id = 3}),
            "PUBACK id=3\n")
            << topic;
    }
    EXPECT_FALSE(wire.wants_close());
    EXPECT_EQ(send(wire, mqtt::Pingreq{}), "PINGRESP\n");
}

TEST_F(DeviceMqtt, AnswersInTimeAndOnce) {
    // DPS-DEVICE-38, DPS-DEVICE-44: within 10 s, and the late answer is not sent after it
    auto wire = connected(connecting());
    wire.send(mqtt::encode(registering()));
    ASSERT_TRUE(wire.next_deadline());
    EXPECT_LE(*wire.next_deadline(), world.clock.steady() + std::chrono::seconds(9));
    world.clock.advance(std::chrono::seconds(9));
    wire.deadline();
    const auto lines = mqtt_lines(wire.take());
    EXPECT_TRUE(lines.starts_with(
        "PUBLISH qos1 $dps/registrations/res/504/?$rid=1&retry-after=3 {\"errorCode\":504000"))
        << lines;
    wire.settle(world.workers);
    EXPECT_EQ(wire.take(), "");
    EXPECT_FALSE(wire.wants_close());
}

TEST_F(DeviceMqtt, HoldsBackAHastyPeer) {
    auto wire = connected(connecting());
    std::string bytes;
    for (int i = 0; i < 500; ++i) {
        bytes += mqtt::encode(registering());
    }
    wire.send(bytes);
    EXPECT_FALSE(wire.wants_input());
    std::size_t most_waiting = 0;
    do {
        most_waiting = std::max(most_waiting, world.workers.waiting());
        wire.run_posted();
    } while (world.workers.run_one());
    EXPECT_LE(most_waiting, 9U); // its eight, and the work on the plan
    EXPECT_TRUE(wire.wants_input());
    EXPECT_EQ(std::ranges::count(mqtt_lines(wire.take()), '\n'), 500);
}

TEST_F(DeviceMqtt, StopsAfterTheAnswerInFlight) {
    auto idle = connected(connecting());
    idle.stop();
    EXPECT_TRUE(idle.wants_close());

    auto busy = connected(connecting());
    busy.send(mqtt::encode(registering()));
    busy.stop();
    EXPECT_FALSE(busy.wants_close());
    busy.settle(world.workers);
    EXPECT_TRUE(mqtt_lines(busy.take()).starts_with("PUBLISH qos1 $dps/registrations/res/202/"));
    EXPECT_TRUE(busy.wants_close());

    auto stranger = world.mqtt(); // nothing said yet
    stranger.stop();
    EXPECT_TRUE(stranger.wants_close());
}

TEST_F(DeviceMqtt, OutlivesTheLongestPollInterval) {
    // dps-device 3.1: keep-alive 0 sends no PINGREQ; 300 s is the longest retry-after of one client
    auto packet = connecting();
    packet.keep_alive_seconds = 0;
    auto wire = connected(packet);
    world.clock.advance(std::chrono::seconds(360));
    wire.deadline();
    EXPECT_FALSE(wire.wants_close());
    EXPECT_TRUE(send(wire, registering()).starts_with("PUBLISH"));
}

TEST_F(DeviceMqtt, ClosesSilentAndHalfOpenConnections) {
    auto silent = world.mqtt();
    world.clock.advance(std::chrono::seconds(31));
    silent.deadline();
    EXPECT_TRUE(silent.wants_close());
    EXPECT_EQ(silent.take(), "");

    auto packet = connecting();
    packet.keep_alive_seconds = 60;
    auto gone = connected(packet);
    world.clock.advance(std::chrono::seconds(91));
    gone.deadline();
    EXPECT_TRUE(gone.wants_close());
}

TEST_F(DeviceMqtt, EndsOnBytesThatAreNotMqtt) {
    // peers 5.2: a first packet other than CONNECT (CVE-2023-0809), a server's packet
    // (CVE-2021-28166), an empty topic (CVE-2021-34432), a length without end
    const std::string publish_empty_topic{"\x30\x02\x00\x00", 4};
    for (const auto& bytes :
         {std::string("GET / HTTP/1.1\r\n\r\n"), mqtt::encode(mqtt::Pingreq{}),
          mqtt::encode(mqtt::Connack{}), std::string("\x30\xff\xff\xff\xff\x7f", 6),
          std::string("\x10\xff\xff\xff\x7f", 5), std::string(64, '\0')}) {
        auto wire = world.mqtt();
        wire.send(bytes);
        EXPECT_TRUE(wire.wants_close());
        EXPECT_EQ(wire.take(), "");
    }
    for (const auto& bytes : {publish_empty_topic, mqtt::encode(connecting()),
                              mqtt::encode(mqtt::Connack{}), std::string("\xf0\x00", 2)}) {
        auto wire = connected(connecting());
        wire.send(bytes);
        EXPECT_TRUE(wire.wants_close());
    }
}

TEST_F(DeviceMqtt, DropsTheAnswerOfAPeerThatLeft) {
    auto wire = connected(connecting());
    wire.send(mqtt::encode(registering()) + mqtt::encode(mqtt::Disconnect{}));
    EXPECT_TRUE(wire.wants_close());
    wire.settle(world.workers);
    EXPECT_EQ(wire.take(), "");
    EXPECT_TRUE(world.has_record("dev-1")); // what was asked for is done all the same
}

} // namespace
} // namespace muster::gateway
