// Acknowledgements in both directions, their order, and the bounds of everything that waits.

#include "session/mqtt_session_probe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>

namespace muster::session {
namespace {

std::string puback(std::uint16_t packet_id) {
    return mqtt::encode(mqtt::Puback{.packet_id = packet_id});
}

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

TEST(MqttAcknowledgements, of_an_id_used_twice_wait_for_those_before_them) {
    Probe probe;
    probe.connect(plain_connect);
    probe.feed(publish_qos_1(4) + publish_qos_1(5) + publish_qos_1(5));
    probe.session.puback(5);
    probe.session.puback(5);
    EXPECT_EQ(probe.output(), "");
    probe.session.puback(4);
    EXPECT_EQ(probe.output(), puback(4) + puback(5) + puback(5));
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
