// The way to CONNACK: who is refused, how, and that nothing is kept of them.

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

struct FirstBytes {
    std::string name;
    std::string bytes;
    std::string answer; // before the close
};

void PrintTo(const FirstBytes& first, std::ostream* out) {
    *out << first.name;
}

const std::vector<FirstBytes> refused_openings = {
    {"publish_cve_2023_0809", framed(0x30, wire("0001 't' 'x'")), ""},
    {"huge_publish_header_cve_2023_0809", wire("30 ffffff7f"), ""},
    {"connack_cve_2021_28166", wire("20 02 00 00"), ""},
    {"pingreq", ping, ""},
    {"disconnect", wire("e0 00"), ""},
    {"subscribe", framed(0x82, wire("0001 0001 't' 00")), ""},
    {"reserved_type_0", wire("00 00"), ""},
    {"reserved_type_15", wire("f0 00"), ""},
    {"tls_on_the_wrong_port", wire("16 03 01"), ""},
    {"http_on_the_wrong_port", "GET / HTTP/1.1\r\n", ""},
    {"reserved_header_flags", framed(0x11, wire("0004 'MQTT' 04 02 003c 0001 'd'")), ""},
    {"malformed_connect", framed(0x10, wire("0004 'MQTT' 04 03 003c 0001 'd'")), ""},
    {"unknown_protocol_name", framed(0x10, wire("0004 'HTTP' 04 02 003c 0001 'd'")), ""},
    {"remaining_length_cve_2026_25627", wire("10 80808080 01"), ""},
    {"connect_over_its_limit", wire("10 80 80 01"), ""},
    {"will_of_qos_2", framed(0x10, wire("0004 'MQTT' 04 16 003c 0001 'd' 0001 't' 0000")), ""},
    {"mqtt_5", framed(0x10, wire("0004 'MQTT' 05 02 003c 00 0001 'd'")), wire("20 02 00 01")},
    {"mqtt_3_1", framed(0x10, wire("0006 'MQIsdp' 03 02 003c 0001 'd'")), wire("20 02 00 01")},
    {"empty_client_id", framed(0x10, wire("0004 'MQTT' 04 02 003c 0000")), wire("20 02 00 02")},
    {"empty_client_id_unclean", framed(0x10, wire("0004 'MQTT' 04 00 003c 0000")),
     wire("20 02 00 02")},
    {"client_id_with_space", framed(0x10, wire("0004 'MQTT' 04 02 003c 0003 'a b'")),
     wire("20 02 00 02")},
    {"client_id_without_module", framed(0x10, wire("0004 'MQTT' 04 02 003c 0002 'a/'")),
     wire("20 02 00 02")},
    {"client_id_of_three_parts", framed(0x10, wire("0004 'MQTT' 04 02 003c 0005 'a/b/c'")),
     wire("20 02 00 02")},
    {"client_id_too_long",
     framed(0x10, wire("0004 'MQTT' 04 02 003c 0081") + std::string(129, 'a')),
     wire("20 02 00 02")},
};

class RefusedOpening : public testing::TestWithParam<FirstBytes> {};

// CVE-2025-56352: a refused connection is closed, not left open.
TEST_P(RefusedOpening, is_answered_closed_and_never_shown_to_the_caller) {
    Probe probe;
    probe.feed(GetParam().bytes);
    EXPECT_EQ(probe.output(), GetParam().answer);
    EXPECT_TRUE(probe.session.wants_close());
    EXPECT_FALSE(probe.session.wants_input());
    EXPECT_EQ(probe.session.next_deadline(), std::nullopt);
    EXPECT_THAT(probe.events(), testing::ElementsAre(closed_dirty()));
}

TEST_P(RefusedOpening, hears_nothing_afterwards) {
    Probe probe;
    probe.feed(GetParam().bytes);
    probe.output();
    probe.events();
    probe.feed(plain_connect);
    probe.session.connack(mqtt::ConnectCode::accepted, false, probe.now);
    probe.session.deadline(probe.now + 24h);
    probe.session.lost(probe.now);
    EXPECT_EQ(probe.output(), "");
    EXPECT_TRUE(probe.events().empty());
}

INSTANTIATE_TEST_SUITE_P(mqtt, RefusedOpening, testing::ValuesIn(refused_openings),
                         [](const auto& instance) { return instance.param.name; });

TEST(MqttSession, refuses_a_first_packet_that_is_not_connect_at_its_first_byte) {
    Probe probe;
    probe.feed(wire("30"));
    EXPECT_TRUE(probe.session.wants_close());
}

TEST(MqttSession, takes_a_client_id_of_the_longest_device_and_module) {
    Probe probe;
    const auto id = std::string(128, 'd') + "/" + std::string(128, 'm');
    probe.feed(mqtt::encode(mqtt::Connect{.client_id = id}));
    const auto events = probe.events();
    ASSERT_EQ(events.size(), 1U);
    EXPECT_EQ(std::get<mqtt::Connect>(events.front()).client_id, id);
}

TEST(MqttSession, closes_if_no_connect_comes_in_time) {
    Probe probe;
    EXPECT_EQ(probe.session.next_deadline(), probe.now + 30s);
    probe.feed(plain_connect.substr(0, 5), 29s); // a slow trickle buys no time
    EXPECT_EQ(probe.session.next_deadline(), probe.now + 1s);
    probe.deadline(1s);
    EXPECT_EQ(probe.output(), "");
    EXPECT_THAT(probe.events(), testing::ElementsAre(closed_dirty()));
}

TEST(MqttSession, says_unavailable_if_nobody_decides_in_time) {
    Probe probe;
    probe.feed(plain_connect);
    probe.events();
    probe.deadline(30s);
    EXPECT_EQ(probe.output(), wire("20 02 00 03"));
    EXPECT_THAT(probe.events(), testing::ElementsAre(closed_dirty()));
}

TEST(MqttSession, ignores_a_deadline_that_has_not_come) {
    Probe probe;
    probe.deadline(30s - 1ms);
    EXPECT_FALSE(probe.session.wants_close());
}

TEST(MqttSession, closes_after_each_refusal_that_the_caller_decides) {
    for (const auto code : {1, 2, 3, 4, 5}) {
        Probe probe;
        probe.feed(plain_connect);
        probe.events();
        probe.session.connack(static_cast<mqtt::ConnectCode>(code), true, probe.now);
        EXPECT_EQ(probe.output(), wire("20 02 00") + static_cast<char>(code));
        EXPECT_TRUE(probe.session.wants_close());
        EXPECT_THAT(probe.events(), testing::ElementsAre(closed_dirty()));
    }
}

// A client need not wait for CONNACK (MQTT 3.1.4); what it sent meanwhile is kept in order.
TEST(MqttSession, holds_back_what_follows_connect_until_it_is_answered) {
    Probe probe;
    probe.feed(plain_connect + publish_qos_1(7) + ping);
    EXPECT_FALSE(probe.session.wants_input());
    EXPECT_EQ(probe.events().size(), 1U);
    EXPECT_EQ(probe.output(), "");
    probe.session.connack(mqtt::ConnectCode::accepted, true, probe.now);
    EXPECT_EQ(probe.output(), wire("20 02 01 00") + pong);
    EXPECT_EQ(probe.events().size(), 1U);
    EXPECT_TRUE(probe.session.wants_input());
}

TEST(MqttSession, does_not_keep_input_without_end_while_connect_is_decided) {
    Probe probe(MqttLimits{.packet_bytes_max = 1000});
    probe.feed(plain_connect);
    probe.feed(std::string(1000, 'x'));
    EXPECT_FALSE(probe.session.wants_close());
    probe.feed("x");
    EXPECT_TRUE(probe.session.wants_close());
}

} // namespace
} // namespace muster::session
