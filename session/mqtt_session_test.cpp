// The rules of a connected MQTT peer: what ends it, what is bounded, in which order it is answered.

#include "codec/wire_text.h"
#include "session/mqtt_session_probe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <vector>

namespace muster::session {
namespace {

using namespace std::chrono_literals;
using mqtt::framed;
using mqtt::wire;

std::string puback(std::uint16_t packet_id) {
    return mqtt::encode(mqtt::Puback{.packet_id = packet_id});
}

std::string connect_keeping_alive(std::uint16_t seconds) {
    return mqtt::encode(mqtt::Connect{.keep_alive_seconds = seconds, .client_id = "dev-1"});
}

struct Offence {
    std::string name;
    std::string bytes;
};

void PrintTo(const Offence& offence, std::ostream* out) {
    *out << offence.name;
}

const std::vector<Offence> offences = {
    {"second_connect", plain_connect},
    {"publish_of_qos_2",
     mqtt::encode(
         mqtt::Publish{.topic = "t", .qos = mqtt::QoS::exactly_once, .packet_id = 1})}, // IOTHUB-9
    {"pubrel", wire("62 02 0001")},
    {"connack_cve_2021_28166", wire("20 02 00 00")},
    {"suback", wire("90 03 0001 00")},
    {"unsuback", wire("b0 02 0001")},
    {"pingresp", pong},
    {"empty_topic_cve_2021_34432", framed(0x30, wire("0000"))},
    {"wildcard_topic", framed(0x30, wire("0001 '#'"))},
    {"subscribe_without_filter", framed(0x82, wire("0001"))},
    {"packet_over_the_limit", wire("30 ffffff7f")},
    {"auth_of_mqtt_5", wire("f0 00")},
};

class OffendingPacket : public testing::TestWithParam<Offence> {};

TEST_P(OffendingPacket, ends_the_connection_without_an_answer) {
    Probe probe;
    probe.connect(plain_connect);
    probe.feed(GetParam().bytes + ping);
    EXPECT_EQ(probe.output(), "");
    EXPECT_TRUE(probe.session.wants_close());
    EXPECT_FALSE(probe.session.connected());
    EXPECT_THAT(probe.events(), testing::ElementsAre(closed_dirty()));
}

INSTANTIATE_TEST_SUITE_P(mqtt, OffendingPacket, testing::ValuesIn(offences),
                         [](const auto& instance) { return instance.param.name; });

TEST(MqttSession, answers_a_ping_at_once) {
    Probe probe;
    probe.connect(plain_connect);
    probe.feed(ping);
    EXPECT_EQ(probe.output(), pong);
}

TEST(MqttSession, tells_disconnect_from_every_other_end) {
    Probe clean;
    clean.connect(plain_connect);
    clean.feed(publish_qos_1(1) + wire("e0 00") + ping);
    const auto events = clean.events();
    ASSERT_EQ(events.size(), 2U);
    EXPECT_TRUE(std::get<MqttClosed>(events.back()).clean);
    EXPECT_EQ(clean.output(), "");
    Probe lost;
    lost.connect(plain_connect);
    lost.session.lost(lost.now);
    EXPECT_THAT(lost.events(), testing::ElementsAre(closed_dirty()));
    Probe told;
    told.connect(plain_connect);
    told.session.close("displaced");
    told.session.close("again");
    EXPECT_TRUE(told.session.wants_close());
    EXPECT_THAT(told.events(), testing::ElementsAre(closed_dirty()));
}

TEST(MqttSession, sends_what_is_queued_before_it_closes) {
    Probe probe;
    probe.connect(plain_connect);
    probe.session.publish("t", "last words", mqtt::QoS::at_most_once);
    probe.session.close("stopping");
    EXPECT_EQ(probe.output(), mqtt::encode(mqtt::Publish{.topic = "t", .payload = "last words"}));
    EXPECT_EQ(probe.session.publish("t", "", mqtt::QoS::at_most_once), std::nullopt);
    probe.session.suback({.packet_id = 1, .codes = {0}});
    probe.session.unsuback(1);
    probe.session.puback(1);
    EXPECT_EQ(probe.output(), "");
}

TEST(MqttSession, sends_nothing_on_a_lost_connection) {
    Probe probe;
    probe.connect(plain_connect);
    probe.session.publish("t", "", mqtt::QoS::at_most_once);
    probe.session.lost(probe.now);
    EXPECT_EQ(probe.output(), "");
}

TEST(MqttSession, trusts_a_known_peer_with_larger_packets) {
    Probe probe(MqttLimits{.packet_bytes_max = 1000, .connect_bytes_max = 100});
    probe.connect(plain_connect);
    probe.feed(mqtt::encode(mqtt::Publish{.topic = "t", .payload = std::string(900, 'x')}));
    EXPECT_EQ(probe.events().size(), 1U);
    probe.feed(mqtt::encode(mqtt::Publish{.topic = "t", .payload = std::string(1000, 'x')}));
    EXPECT_THAT(probe.events(), testing::ElementsAre(closed_dirty()));
}

TEST(MqttSession, takes_any_number_of_packets_in_one_piece) {
    Probe probe(MqttLimits{.packet_bytes_max = 100});
    probe.connect(plain_connect);
    std::string pings;
    for (int count = 0; count < 1000; ++count) {
        pings += ping;
    }
    probe.feed(pings);
    EXPECT_EQ(probe.output().size(), 1000 * pong.size());
}

// ---- keep-alive ----

struct KeepAlive {
    std::uint16_t seconds;
    std::chrono::milliseconds allowed;
};

// iothub A.6; DPS-DEVICE-32: keep-alive 0 is accepted.
TEST(MqttKeepAlive, allows_one_and_a_half_times_and_never_more_than_the_cap) {
    for (const auto& [seconds, allowed] :
         {KeepAlive{1, 1500ms}, KeepAlive{60, 90s}, KeepAlive{1177, 1765500ms},
          KeepAlive{1178, 1767s}, KeepAlive{1740, 1767s}, KeepAlive{65'535, 1767s},
          KeepAlive{0, 1767s}}) {
        Probe probe;
        probe.connect(connect_keeping_alive(seconds));
        EXPECT_EQ(probe.session.next_deadline(), probe.now + allowed) << seconds;
        probe.deadline(allowed - 1ms);
        EXPECT_FALSE(probe.session.wants_close()) << seconds;
        probe.deadline(1ms);
        EXPECT_THAT(probe.events(), testing::ElementsAre(closed_dirty())) << seconds;
    }
}

TEST(MqttKeepAlive, begins_with_connack) {
    Probe probe;
    probe.feed(connect_keeping_alive(60));
    probe.now += 10s;
    probe.session.connack(mqtt::ConnectCode::accepted, false, probe.now);
    EXPECT_EQ(probe.session.next_deadline(), probe.now + 90s);
}

TEST(MqttKeepAlive, is_served_by_any_whole_packet_and_by_no_part_of_one) {
    Probe probe;
    probe.connect(connect_keeping_alive(60));
    probe.feed(ping, 60s);
    EXPECT_EQ(probe.session.next_deadline(), probe.now + 90s);
    probe.feed(publish_qos_1(1), 60s);
    EXPECT_EQ(probe.session.next_deadline(), probe.now + 90s);
    probe.feed(puback(99), 60s);
    EXPECT_EQ(probe.session.next_deadline(), probe.now + 90s);
    probe.feed(ping.substr(0, 1), 60s);
    EXPECT_EQ(probe.session.next_deadline(), probe.now + 30s);
}

TEST(MqttKeepAlive, does_not_run_out_while_the_peer_is_not_read) {
    Probe probe(MqttLimits{.unacknowledged_max = 1});
    probe.connect(connect_keeping_alive(60));
    probe.feed(publish_qos_1(1));
    ASSERT_FALSE(probe.session.wants_input());
    probe.deadline(90s);
    EXPECT_FALSE(probe.session.wants_close());
    EXPECT_EQ(probe.session.next_deadline(), probe.now + 90s);
    probe.session.puback(1);
    probe.deadline(90s);
    EXPECT_TRUE(probe.session.wants_close());
}

} // namespace
} // namespace muster::session
