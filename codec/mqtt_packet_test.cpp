// Packets as bytes: literal vectors for both directions, then properties over random packets.

#include "codec/mqtt_packet.h"
#include "codec/packet_generator.h"
#include "codec/wire_text.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <ostream>
#include <string>
#include <vector>

namespace muster::mqtt {
namespace {

constexpr std::size_t plenty = 1024 * 1024;

std::vector<Packet> decode_all(Decoder& decoder) {
    std::vector<Packet> packets;
    while (true) {
        auto packet = decoder.next();
        EXPECT_TRUE(packet.has_value()) << packet.error().detail;
        if (!packet || !*packet) {
            return packets;
        }
        packets.push_back(std::move(**packet));
    }
}

struct Vector {
    std::string name;
    Packet packet;
    std::string bytes;
};

void PrintTo(const Vector& vector, std::ostream* out) {
    *out << vector.name;
}

const std::vector<Vector> vectors = {
    {"connect_plain",
     Connect{.clean_session = true, .keep_alive_seconds = 60, .client_id = "dev-1"},
     "10 11 0004 'MQTT' 04 02 003c 0005 'dev-1'"},
    // DPS-DEVICE-32: clean session 0 and keep-alive 0 are both said by some client.
    {"connect_with_everything",
     Connect{.clean_session = false,
             .keep_alive_seconds = 0,
             .client_id = "d",
             .will =
                 Will{.topic = "w", .payload = "bye", .qos = QoS::at_least_once, .retain = true},
             .user_name = "u",
             .password = "p"},
     "10 1b 0004 'MQTT' 04 ec 0000 0001 'd' 0001 'w' 0003 'bye' 0001 'u' 0001 'p'"},
    {"connack_accepted", Connack{.session_present = true}, "20 02 01 00"},
    {"connack_refused", Connack{.code = ConnectCode::not_authorized}, "20 02 00 05"},
    {"publish_qos_0", Publish{.topic = "a/b", .payload = "hi"}, "30 07 0003 'a/b' 'hi'"},
    {"publish_empty_payload", Publish{.topic = "t"}, "30 03 0001 't'"},
    {"publish_qos_1_flags",
     Publish{.topic = "t",
             .payload = "x",
             .qos = QoS::at_least_once,
             .retain = true,
             .duplicate = true,
             .packet_id = 10},
     "3b 06 0001 't' 000a 'x'"},
    {"publish_qos_2", Publish{.topic = "t", .qos = QoS::exactly_once, .packet_id = 0x1234},
     "34 05 0001 't' 1234"},
    {"puback", Puback{.packet_id = 0xfffe}, "40 02 fffe"},
    // The C# client acknowledges QoS 0 messages with packet id 0 (dps-device 3.5, 6).
    {"puback_of_packet_0", Puback{}, "40 02 0000"},
    {"subscribe",
     Subscribe{.packet_id = 1,
               .subscriptions = {{.filter = "a/#", .qos = QoS::at_least_once}, {.filter = "+/b"}}},
     "82 0e 0001 0003 'a/#' 01 0003 '+/b' 00"},
    {"suback", Suback{.packet_id = 1, .codes = {1, 0, 0x80}}, "90 05 0001 01 00 80"},
    {"unsubscribe", Unsubscribe{.packet_id = 2, .filters = {"a", "#"}},
     "a2 08 0002 0001 'a' 0001 '#'"},
    {"unsuback", Unsuback{.packet_id = 2}, "b0 02 0002"},
    {"pingreq", Pingreq{}, "c0 00"},
    {"pingresp", Pingresp{}, "d0 00"},
    {"disconnect", Disconnect{}, "e0 00"},
};

class PacketVector : public testing::TestWithParam<Vector> {};

TEST_P(PacketVector, encodes) {
    EXPECT_EQ(encode(GetParam().packet), wire(GetParam().bytes));
}

TEST_P(PacketVector, decodes) {
    Decoder decoder(plenty);
    decoder.feed(wire(GetParam().bytes));
    EXPECT_EQ(decode_all(decoder), std::vector{GetParam().packet});
    EXPECT_EQ(decoder.pending_bytes(), 0U);
}

INSTANTIATE_TEST_SUITE_P(mqtt, PacketVector, testing::ValuesIn(vectors),
                         [](const auto& instance) { return instance.param.name; });

// Of such a packet only the level is known.
bool is_other_version(const Packet& packet) {
    const auto* connect = std::get_if<Connect>(&packet);
    return connect != nullptr && connect->protocol_level != 4;
}

struct OtherVersion {
    std::string bytes;
    unsigned level;
};

TEST(MqttOtherVersions, give_their_level_whatever_follows_it) {
    const OtherVersion cases[] = {
        {"10 0d 0004 'MQTT' 05 02 003c 00 0000", 5}, // MQTT 5, empty properties
        {"10 0e 0006 'MQIsdp' 03 02 003c 0000", 3},  // MQTT 3.1
        {"10 07 0004 'MQTT' 03", 3},                 // cut after the level
        {"10 09 0004 'MQTT' 84 ffff", 0x84},         // a bridge's private bit
    };
    for (const auto& [bytes, level] : cases) {
        Decoder decoder(plenty);
        decoder.feed(wire(bytes));
        const auto packets = decode_all(decoder);
        ASSERT_EQ(packets.size(), 1U) << bytes;
        EXPECT_EQ(std::get<Connect>(packets.front()).protocol_level, level) << bytes;
    }
}

TEST(MqttRemainingLength, has_the_right_form_at_each_border) {
    const std::pair<std::size_t, std::string> cases[] = {
        {127, "7f"},          {128, "80 01"},          {16'383, "ff 7f"},
        {16'384, "80 80 01"}, {2'097'151, "ff ff 7f"}, {2'097'152, "80 80 80 01"},
    };
    for (const auto& [body_bytes, length] : cases) {
        const Packet packet = Publish{.topic = "t", .payload = std::string(body_bytes - 3, 'x')};
        const auto bytes = encode(packet);
        EXPECT_TRUE(bytes.starts_with(wire("30" + length))) << body_bytes;
        Decoder decoder(bytes.size());
        decoder.feed(bytes);
        EXPECT_EQ(decode_all(decoder), std::vector{packet}) << body_bytes;
    }
}

TEST(MqttText, of_the_greatest_length_fits) {
    const Packet packet = Publish{.topic = std::string(text_bytes_max, 't')};
    Decoder decoder(plenty);
    decoder.feed(encode(packet));
    EXPECT_EQ(decode_all(decoder), std::vector{packet});
}

TEST(MqttEncodeDeathTest, refuses_what_mqtt_cannot_express) {
    EXPECT_DEATH(encode(Publish{.topic = std::string(text_bytes_max + 1, 't')}), "");
    EXPECT_DEATH(encode(Publish{.topic = "t", .qos = QoS::at_least_once}), "");
    EXPECT_DEATH(encode(Publish{.topic = "t", .packet_id = 1}), "");
    EXPECT_DEATH(encode(Connect{.password = "p"}), "");
}

TEST(MqttProperty, decode_of_encode_is_the_same_packet) {
    for (std::uint64_t seed = 0; seed < 2000; ++seed) {
        const auto packet = PacketGenerator(seed).packet();
        Decoder decoder(plenty);
        decoder.feed(encode(packet));
        ASSERT_EQ(decode_all(decoder), std::vector{packet}) << "seed " << seed;
    }
}

TEST(MqttProperty, any_split_of_the_stream_gives_the_same_packets) {
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
        PacketGenerator generate(seed);
        std::vector<Packet> sent;
        std::string stream;
        for (int count = 0; count < 20; ++count) {
            sent.push_back(generate.packet());
            stream += encode(sent.back());
        }
        Decoder decoder(plenty);
        std::vector<Packet> received;
        for (std::size_t at = 0; at < stream.size();) {
            const auto length = std::min(1 + generate.below(50), stream.size() - at);
            decoder.feed(std::string_view(stream).substr(at, length));
            std::ranges::move(decode_all(decoder), std::back_inserter(received));
            at += length;
        }
        ASSERT_EQ(received, sent) << "seed " << seed;
        EXPECT_EQ(decoder.pending_bytes(), 0U);
    }
}

TEST(MqttProperty, a_cut_or_flipped_packet_never_reads_beyond_and_never_fails_a_check) {
    for (std::uint64_t seed = 0; seed < 2000; ++seed) {
        PacketGenerator generate(seed);
        auto bytes = encode(generate.packet());
        bytes[generate.below(bytes.size())] ^= static_cast<char>(1 + generate.below(255));
        bytes.resize(1 + generate.below(bytes.size()));
        Decoder decoder(plenty);
        decoder.feed(bytes);
        const auto packet = decoder.next();
        if (packet && *packet && !is_other_version(**packet)) {
            Decoder again(plenty);
            again.feed(encode(**packet));
            ASSERT_EQ(decode_all(again), std::vector{**packet}) << "seed " << seed;
        }
    }
}

TEST(MqttDecoder, keeps_no_memory_worth_naming_between_packets) {
    Decoder decoder(plenty);
    const auto bytes = encode(Publish{.topic = "t", .payload = std::string(1000, 'x')});
    decoder.feed(bytes.substr(0, 700));
    EXPECT_TRUE(decode_all(decoder).empty());
    EXPECT_EQ(decoder.pending_bytes(), 700U);
    decoder.feed(bytes.substr(700));
    EXPECT_EQ(decode_all(decoder).size(), 1U);
    EXPECT_EQ(decoder.pending_bytes(), 0U);
}

TEST(MqttDecoder, takes_a_new_limit_for_what_follows) {
    const auto small = encode(Pingreq{});
    const auto large = encode(Publish{.topic = "t", .payload = std::string(100, 'x')});
    Decoder decoder(small.size());
    decoder.feed(small);
    EXPECT_EQ(decode_all(decoder).size(), 1U);
    decoder.limit_packets_to(large.size());
    decoder.feed(large);
    EXPECT_EQ(decode_all(decoder).size(), 1U);
}

} // namespace
} // namespace muster::mqtt
