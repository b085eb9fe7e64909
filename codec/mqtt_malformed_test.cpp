// Every way in which a packet can break MQTT 3.1.1 by itself, one row each, and the shapes of
// published broker vulnerabilities. What only the course of a connection can break is in session/.

#include "codec/mqtt_packet.h"
#include "codec/wire_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <vector>

namespace muster::mqtt {
namespace {

constexpr std::size_t plenty = 1024 * 1024;

struct Broken {
    std::string name;
    unsigned first_byte;
    std::string body;
    std::string section; // that the error names
};

void PrintTo(const Broken& broken, std::ostream* out) {
    *out << broken.name;
}

std::vector<Broken> broken_connects() {
    const std::string head = "0004 'MQTT' 04 ";
    return {
        {"connect_reserved_header_flags", 0x11, head + "02 003c 0001 'd'", "2.2.2"},
        {"connect_empty_body", 0x10, "", "2.2.3"},
        {"connect_unknown_protocol_name", 0x10, "0004 'mqtt' 04 02 003c 0001 'd'", "3.1.2.1"},
        {"connect_old_name_with_new_level", 0x10, "0006 'MQIsdp' 04 02 003c 0001 'd'", "3.1.2.1"},
        {"connect_name_longer_than_packet", 0x10, "ffff 'MQTT' 04 02", "2.2.3"},
        {"connect_reserved_flag", 0x10, head + "03 003c 0001 'd'", "3.1.2.3"},
        {"connect_will_qos_without_will", 0x10, head + "0a 003c 0001 'd'", "3.1.2.6"},
        {"connect_will_retain_without_will", 0x10, head + "22 003c 0001 'd'", "3.1.2.6"},
        {"connect_will_qos_3", 0x10, head + "1e 003c 0001 'd' 0001 't' 0000", "3.1.2.6"},
        {"connect_will_flag_without_topic", 0x10, head + "06 003c 0001 'd'", "2.2.3"},
        {"connect_will_without_payload", 0x10, head + "06 003c 0001 'd' 0001 't'", "2.2.3"},
        {"connect_empty_will_topic", 0x10, head + "06 003c 0001 'd' 0000 0000", "4.7.1"},
        {"connect_will_topic_wildcard", 0x10, head + "06 003c 0001 'd' 0001 '#' 0000", "4.7.1"},
        {"connect_password_without_user", 0x10, head + "42 003c 0001 'd' 0001 'p'", "3.1.2.9"},
        {"connect_user_flag_without_user", 0x10, head + "82 003c 0001 'd'", "2.2.3"},
        {"connect_password_flag_without_one", 0x10, head + "c2 003c 0001 'd' 0001 'u'", "2.2.3"},
        {"connect_no_client_id_field", 0x10, head + "02 003c", "2.2.3"},
        {"connect_trailing_bytes", 0x10, head + "02 003c 0001 'd' 00", "2.2.3"},
        {"connect_client_id_not_utf8", 0x10, head + "02 003c 0002 c328", "1.5.3"},
        {"connect_client_id_surrogate", 0x10, head + "02 003c 0003 eda080", "1.5.3"},
        {"connect_client_id_overlong_utf8", 0x10, head + "02 003c 0002 c080", "1.5.3"},
        {"connect_client_id_with_nul", 0x10, head + "02 003c 0003 'a' 00 'b'", "1.5.3"},
        {"connect_user_with_nul", 0x10, head + "82 003c 0001 'd' 0001 00", "1.5.3"},
        {"connect_will_topic_with_nul", 0x10, head + "06 003c 0001 'd' 0001 00 0000", "1.5.3"},
    };
}

std::vector<Broken> broken_publishes() {
    return {
        {"publish_qos_3", 0x36, "0001 't' 0001", "3.3.1.2"},
        {"publish_duplicate_at_qos_0", 0x38, "0001 't'", "3.3.1.1"},
        {"publish_empty_body", 0x30, "", "2.2.3"},
        {"publish_empty_topic_cve_2021_34432", 0x30, "0000 'payload'", "4.7.3"},
        {"publish_topic_longer_than_packet", 0x30, "0009 't'", "2.2.3"},
        {"publish_topic_length_wraps_cve_2019_19307", 0x30, "ffff", "2.2.3"},
        {"publish_half_a_topic_length", 0x30, "00", "2.2.3"},
        {"publish_multi_level_wildcard", 0x30, "0003 'a/#'", "3.3.2.1"},
        {"publish_single_level_wildcard", 0x30, "0003 'a/+'", "3.3.2.1"},
        {"publish_topic_not_utf8", 0x30, "0001 ff", "1.5.3"},
        {"publish_topic_with_nul", 0x30, "0001 00", "1.5.3"},
        {"publish_packet_id_0", 0x32, "0001 't' 0000", "2.3.1"},
        {"publish_without_packet_id", 0x32, "0001 't'", "2.2.3"},
        {"publish_half_a_packet_id", 0x32, "0001 't' 01", "2.2.3"},
    };
}

std::vector<Broken> broken_subscriptions() {
    return {
        {"subscribe_header_flags_0", 0x80, "0001 0001 't' 00", "2.2.2"},
        {"subscribe_header_flags_3", 0x83, "0001 0001 't' 00", "2.2.2"},
        {"subscribe_packet_id_0", 0x82, "0000 0001 't' 00", "2.3.1"},
        {"subscribe_no_filter", 0x82, "0001", "3.8.3"},
        {"subscribe_empty_filter", 0x82, "0001 0000 00", "4.7.1"},
        {"subscribe_filter_without_qos", 0x82, "0001 0001 't'", "2.2.3"},
        {"subscribe_second_filter_cut", 0x82, "0001 0001 't' 00 0005 'u'", "2.2.3"},
        {"subscribe_qos_3", 0x82, "0001 0001 't' 03", "3.8.3"},
        {"subscribe_reserved_qos_bits", 0x82, "0001 0001 't' 04", "3.8.3"},
        {"subscribe_hash_not_last", 0x82, "0001 0003 '#/a' 00", "4.7.1"},
        {"subscribe_hash_within_level", 0x82, "0001 0002 'a#' 00", "4.7.1"},
        {"subscribe_plus_within_level", 0x82, "0001 0002 'a+' 00", "4.7.1"},
        {"subscribe_plus_before_text", 0x82, "0001 0002 '+a' 00", "4.7.1"},
        {"subscribe_filter_with_nul", 0x82, "0001 0001 00 00", "1.5.3"},
        {"unsubscribe_header_flags_0", 0xa0, "0001 0001 't'", "2.2.2"},
        {"unsubscribe_packet_id_0", 0xa2, "0000 0001 't'", "2.3.1"},
        {"unsubscribe_no_filter", 0xa2, "0001", "3.10.3"},
        {"unsubscribe_malformed_filter", 0xa2, "0001 0002 '##'", "4.7.1"},
        {"unsubscribe_trailing_byte", 0xa2, "0001 0001 't' 00", "2.2.3"},
    };
}

std::vector<Broken> broken_small_packets() {
    return {
        {"connack_header_flags", 0x21, "00 00", "2.2.2"},
        {"connack_reserved_flags", 0x20, "02 00", "3.2.2.1"},
        {"connack_reserved_code", 0x20, "00 06", "3.2.2.3"},
        {"connack_session_in_refusal", 0x20, "01 05", "3.2.2.2"},
        {"connack_short", 0x20, "00", "2.2.3"},
        {"connack_long", 0x20, "00 00 00", "2.2.3"},
        {"puback_header_flags", 0x42, "0001", "2.2.2"},
        {"puback_short", 0x40, "00", "2.2.3"},
        {"puback_long", 0x40, "0001 00", "2.2.3"},
        {"suback_header_flags", 0x92, "0001 00", "2.2.2"},
        {"suback_packet_id_0", 0x90, "0000 00", "2.3.1"},
        {"suback_no_code", 0x90, "0001", "3.9.3"},
        {"suback_reserved_code", 0x90, "0001 03", "3.9.3"},
        {"unsuback_header_flags", 0xb2, "0001", "2.2.2"},
        {"unsuback_packet_id_0", 0xb0, "0000", "2.3.1"},
        {"unsuback_long", 0xb0, "0001 00", "2.2.3"},
        {"pingreq_header_flags", 0xc1, "", "2.2.2"},
        {"pingreq_with_body", 0xc0, "00", "2.2.3"},
        {"pingresp_header_flags", 0xd8, "", "2.2.2"},
        {"pingresp_with_body", 0xd0, "00", "2.2.3"},
        {"disconnect_header_flags", 0xe1, "", "2.2.2"},
        {"disconnect_with_body", 0xe0, "00", "2.2.3"},
    };
}

class MalformedPacket : public testing::TestWithParam<Broken> {};

TEST_P(MalformedPacket, is_refused_with_the_section_it_breaks) {
    Decoder decoder(plenty);
    decoder.feed(framed(GetParam().first_byte, wire(GetParam().body)));
    const auto packet = decoder.next();
    ASSERT_FALSE(packet.has_value());
    EXPECT_EQ(packet.error().code, Code::malformed);
    EXPECT_THAT(packet.error().detail, testing::StartsWith("MQTT " + GetParam().section + ":"));
}

TEST_P(MalformedPacket, keeps_the_decoder_in_error_and_without_memory) {
    Decoder decoder(plenty);
    decoder.feed(framed(GetParam().first_byte, wire(GetParam().body)));
    const auto first = decoder.next();
    decoder.feed(framed(0xc0, ""));
    const auto second = decoder.next();
    ASSERT_FALSE(second.has_value());
    EXPECT_EQ(second.error().detail, first.error().detail);
    EXPECT_EQ(decoder.pending_bytes(), 0U);
}

std::string name_of(const testing::TestParamInfo<Broken>& info) {
    return info.param.name;
}

INSTANTIATE_TEST_SUITE_P(connect, MalformedPacket, testing::ValuesIn(broken_connects()), name_of);
INSTANTIATE_TEST_SUITE_P(publish, MalformedPacket, testing::ValuesIn(broken_publishes()), name_of);
INSTANTIATE_TEST_SUITE_P(subscription, MalformedPacket, testing::ValuesIn(broken_subscriptions()),
                         name_of);
INSTANTIATE_TEST_SUITE_P(small, MalformedPacket, testing::ValuesIn(broken_small_packets()),
                         name_of);

TEST(MqttRemainingLength, of_five_bytes_is_malformed) {
    Decoder decoder(plenty);
    decoder.feed(wire("10 80808080 01"));
    const auto packet = decoder.next();
    ASSERT_FALSE(packet.has_value());
    EXPECT_EQ(packet.error().code, Code::malformed);
}

TEST(MqttRemainingLength, of_five_bytes_is_malformed_before_the_fifth_comes) {
    Decoder decoder(plenty);
    decoder.feed(wire("10 ffffff ff"));
    EXPECT_FALSE(decoder.next().has_value());
}

// CVE-2026-25627: a length that is trusted before the bytes are there.
TEST(MqttRemainingLength, of_the_largest_packet_is_refused_at_its_header) {
    Decoder decoder(plenty);
    decoder.feed(wire("30 ffffff7f"));
    const auto packet = decoder.next();
    ASSERT_FALSE(packet.has_value());
    EXPECT_EQ(packet.error().code, Code::too_large);
    EXPECT_EQ(decoder.pending_bytes(), 0U);
}

TEST(MqttRemainingLength, longer_than_the_packet_waits_and_reads_nothing_beyond) {
    Decoder decoder(plenty);
    decoder.feed(wire("30 7f 0001 't'"));
    const auto packet = decoder.next();
    ASSERT_TRUE(packet.has_value());
    EXPECT_FALSE(packet->has_value());
}

TEST(MqttRemainingLength, in_a_longer_form_than_needed_is_legal) {
    Decoder decoder(plenty);
    decoder.feed(wire("c0 80808000"));
    const auto packet = decoder.next();
    ASSERT_TRUE(packet.has_value() && packet->has_value());
    EXPECT_EQ(**packet, Packet(Pingreq{}));
}

TEST(MqttPacketLimit, is_exact) {
    const auto bytes = framed(0x30, wire("0001 't' 'payload'"));
    Decoder enough(bytes.size());
    enough.feed(bytes);
    EXPECT_TRUE(enough.next().has_value());
    Decoder short_by_one(bytes.size() - 1);
    short_by_one.feed(bytes);
    const auto packet = short_by_one.next();
    ASSERT_FALSE(packet.has_value());
    EXPECT_EQ(packet.error().code, Code::too_large);
}

TEST(MqttUnsupported, qos_2_handshake_and_reserved_types_at_the_first_byte) {
    for (const unsigned first_byte : {0x00U, 0x50U, 0x62U, 0x70U, 0xf0U}) {
        Decoder decoder(plenty);
        decoder.feed(std::string(1, static_cast<char>(first_byte)));
        const auto packet = decoder.next();
        ASSERT_FALSE(packet.has_value()) << first_byte;
        EXPECT_EQ(packet.error().code, Code::unsupported) << first_byte;
    }
}

TEST(MqttTruncated, every_prefix_of_a_packet_waits_for_more) {
    const auto whole = framed(0x10, wire("0004 'MQTT' 04 c2 003c 0001 'd' 0001 'u' 0001 'p'"));
    for (std::size_t length = 0; length < whole.size(); ++length) {
        Decoder decoder(plenty);
        decoder.feed(std::string_view(whole).substr(0, length));
        const auto packet = decoder.next();
        ASSERT_TRUE(packet.has_value()) << length;
        EXPECT_FALSE(packet->has_value()) << length;
    }
}

} // namespace
} // namespace muster::mqtt
