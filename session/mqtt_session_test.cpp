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
                         [](const auto& info) { return info.param.name; });

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

// ---- acknowledgements and bounds ----

TEST(MqttAcknowledgements, of_publishes_keep_their_order) {
    Probe probe;
    probe.connect(plain_connect);
    probe.feed(publish_qos_1(1) + publish_qos_1(2) + publish_qos_1(3));
    probe.session.puback(3);
    probe.session.puback(2);
    EXPECT_EQ(probe.output(), "");
    probe.session.puback(1);
    EXPECT_EQ(probe.output(), puback(1) + puback(2) + puback(3));
}

TEST(MqttAcknowledgements, nobody_asked_for_are_not_sent) {
    Probe probe;
    probe.connect(plain_connect);
    probe.session.puback(1);
    probe.feed(publish_qos_1(1));
    probe.session.puback(1);
    probe.session.puback(1);
    EXPECT_EQ(probe.output(), puback(1));
}

TEST(MqttAcknowledgements, cover_a_redelivery_of_what_is_under_way) {
    Probe probe;
    probe.connect(plain_connect);
    probe.feed(publish_qos_1(5) + publish_qos_1(5, true));
    EXPECT_EQ(probe.events().size(), 1U);
    probe.session.puback(5);
    EXPECT_EQ(probe.output(), puback(5));
    probe.feed(publish_qos_1(5, true)); // a message of its own again (MQTT 4.3.2)
    EXPECT_EQ(probe.events().size(), 1U);
    probe.session.puback(5);
    EXPECT_EQ(probe.output(), puback(5));
}

TEST(MqttAcknowledgements, answer_each_use_of_an_id_that_is_used_twice) {
    Probe probe;
    probe.connect(plain_connect);
    probe.feed(publish_qos_1(5) + publish_qos_1(5));
    EXPECT_EQ(probe.events().size(), 2U);
    probe.session.puback(5);
    probe.session.puback(5);
    EXPECT_EQ(probe.output(), puback(5) + puback(5));
}

TEST(MqttWindow, stops_reading_when_full_and_goes_on_when_acknowledged) {
    Probe probe(MqttLimits{.unacknowledged_max = 2});
    probe.connect(plain_connect);
    probe.feed(publish_qos_1(1) + publish_qos_1(2) + publish_qos_1(3) + ping);
    EXPECT_EQ(probe.events().size(), 2U);
    EXPECT_FALSE(probe.session.wants_input());
    EXPECT_EQ(probe.output(), "");
    probe.session.puback(1);
    EXPECT_EQ(probe.output(), puback(1));
    EXPECT_EQ(probe.events().size(), 1U);
    EXPECT_FALSE(probe.session.wants_input());
    probe.session.puback(2);
    EXPECT_EQ(probe.output(), puback(2) + pong);
    EXPECT_TRUE(probe.session.wants_input());
}

TEST(MqttOutput, of_a_peer_that_does_not_read_is_bounded) {
    Probe probe(MqttLimits{.output_bytes_max = 1000});
    probe.connect(plain_connect);
    std::size_t sent = 0;
    while (probe.session.publish("t", std::string(97, 'x'), mqtt::QoS::at_most_once)) {
        ++sent;
    }
    EXPECT_EQ(sent, 9U); // of 102 bytes each
    EXPECT_EQ(probe.output(), "");
    EXPECT_THAT(probe.events(), testing::ElementsAre(closed_dirty()));
}

TEST(MqttOutput, of_pings_that_nobody_reads_is_bounded) {
    Probe probe(MqttLimits{.output_bytes_max = 1000});
    probe.connect(plain_connect);
    for (int count = 0; count < 501; ++count) {
        probe.feed(ping);
    }
    EXPECT_EQ(probe.output(), "");
    EXPECT_THAT(probe.events(), testing::ElementsAre(closed_dirty()));
}

TEST(MqttInFlight, ids_start_at_1_and_skip_0_and_those_in_use) {
    Probe probe;
    probe.connect(plain_connect);
    EXPECT_EQ(probe.session.publish("t", "", mqtt::QoS::at_most_once), 0);
    for (unsigned id = 1; id <= 65'535; ++id) {
        ASSERT_EQ(probe.session.publish("t", "", mqtt::QoS::at_least_once), id);
        if (id != 2) {
            probe.feed(puback(static_cast<std::uint16_t>(id)));
        }
        probe.output();
    }
    EXPECT_EQ(probe.session.publish("t", "", mqtt::QoS::at_least_once), 1);
    EXPECT_EQ(probe.session.publish("t", "", mqtt::QoS::at_least_once), 3);
}

TEST(MqttInFlight, acknowledgements_become_events_once) {
    Probe probe;
    probe.connect(plain_connect);
    probe.session.publish("t", "", mqtt::QoS::at_least_once);
    probe.feed(puback(1));
    EXPECT_THAT(probe.events(),
                testing::ElementsAre(testing::VariantWith<mqtt::Puback>(mqtt::Puback{1})));
    // Repeated, unknown, and the 0 with which C# answers QoS 0 (dps-device 3.5, 6).
    probe.feed(puback(1) + puback(9) + puback(0));
    EXPECT_TRUE(probe.events().empty());
    EXPECT_TRUE(probe.session.connected());
}

TEST(MqttInFlight, is_bounded) {
    Probe probe(MqttLimits{.in_flight_max = 2});
    probe.connect(plain_connect);
    EXPECT_EQ(probe.session.publish("t", "", mqtt::QoS::at_least_once), 1);
    EXPECT_EQ(probe.session.publish("t", "", mqtt::QoS::at_least_once), 2);
    EXPECT_EQ(probe.session.publish("t", "", mqtt::QoS::at_least_once), std::nullopt);
    EXPECT_THAT(probe.events(), testing::ElementsAre(closed_dirty()));
}

TEST(MqttPublish, of_what_fits_no_packet_closes_instead_of_failing_a_check) {
    Probe topic;
    topic.connect(plain_connect);
    EXPECT_EQ(topic.session.publish(std::string(65'536, 't'), "", mqtt::QoS::at_most_once),
              std::nullopt);
    EXPECT_TRUE(topic.session.wants_close());
    Probe payload(MqttLimits{.packet_bytes_max = 1000});
    payload.connect(plain_connect);
    EXPECT_EQ(payload.session.publish("t", std::string(1001, 'x'), mqtt::QoS::at_most_once),
              std::nullopt);
    EXPECT_TRUE(payload.session.wants_close());
}

TEST(MqttPublish, before_connack_sends_nothing) {
    Probe probe;
    probe.feed(plain_connect);
    EXPECT_EQ(probe.session.publish("t", "", mqtt::QoS::at_least_once), std::nullopt);
    EXPECT_EQ(probe.output(), "");
}

} // namespace
} // namespace muster::session
