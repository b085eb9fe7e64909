// Packets to bytes, one overload for each packet type.

#include "base/check.h"
#include "codec/mqtt_body.h"

#include <utility>

namespace muster::mqtt {

namespace {

void append_byte(std::string& out, unsigned value) {
    out.push_back(static_cast<char>(value));
}

void append_number(std::string& out, unsigned value) {
    append_byte(out, value >> 8 & 0xffU);
    append_byte(out, value & 0xffU);
}

void append_text(std::string& out, std::string_view text) {
    CHECK(text.size() <= text_bytes_max);
    append_number(out, static_cast<unsigned>(text.size()));
    out.append(text);
}

void append_remaining_length(std::string& out, std::size_t length) {
    CHECK(length <= remaining_length_max);
    do {
        const auto digit = static_cast<unsigned>(length & 0x7f);
        length >>= 7;
        append_byte(out, length > 0 ? digit | 0x80U : digit);
    } while (length > 0);
}

std::string frame(PacketType type, unsigned flags, std::string_view body) {
    std::string out;
    out.reserve(5 + body.size());
    append_byte(out, static_cast<unsigned>(type) << 4 | flags);
    append_remaining_length(out, body.size());
    out.append(body);
    return out;
}

std::string frame_packet_id(PacketType type, std::uint16_t packet_id) {
    std::string body;
    append_number(body, packet_id);
    return frame(type, 0, body);
}

unsigned bit(bool set, unsigned position) {
    return (set ? 1U : 0U) << position;
}

unsigned connect_flags(const Connect& connect) {
    unsigned flags = bit(connect.clean_session, 1) | bit(connect.password.has_value(), 6) |
                     bit(connect.user_name.has_value(), 7);
    if (connect.will) {
        flags |= bit(true, 2) | static_cast<unsigned>(connect.will->qos) << 3 |
                 bit(connect.will->retain, 5);
    }
    return flags;
}

std::string to_bytes(const Connect& connect) {
    CHECK(connect.user_name || !connect.password);
    std::string body;
    append_text(body, "MQTT");
    append_byte(body, connect.protocol_level);
    append_byte(body, connect_flags(connect));
    append_number(body, connect.keep_alive_seconds);
    append_text(body, connect.client_id);
    if (connect.will) {
        append_text(body, connect.will->topic);
        append_text(body, connect.will->payload);
    }
    if (connect.user_name) {
        append_text(body, *connect.user_name);
    }
    if (connect.password) {
        append_text(body, *connect.password);
    }
    return frame(PacketType::connect, 0, body);
}

std::string to_bytes(const Connack& connack) {
    std::string body;
    append_byte(body, bit(connack.session_present, 0));
    append_byte(body, static_cast<unsigned>(connack.code));
    return frame(PacketType::connack, 0, body);
}

std::string to_bytes(const Publish& publish) {
    CHECK((publish.qos == QoS::at_most_once) == (publish.packet_id == 0));
    std::string body;
    body.reserve(4 + publish.topic.size() + publish.payload.size());
    append_text(body, publish.topic);
    if (publish.packet_id != 0) {
        append_number(body, publish.packet_id);
    }
    body.append(publish.payload);
    const unsigned flags = bit(publish.duplicate, 3) | static_cast<unsigned>(publish.qos) << 1 |
                           bit(publish.retain, 0);
    return frame(PacketType::publish, flags, body);
}

std::string to_bytes(const Puback& puback) {
    return frame_packet_id(PacketType::puback, puback.packet_id);
}

std::string to_bytes(const Subscribe& subscribe) {
    CHECK(!subscribe.subscriptions.empty());
    std::string body;
    append_number(body, subscribe.packet_id);
    for (const auto& subscription : subscribe.subscriptions) {
        append_text(body, subscription.filter);
        append_byte(body, static_cast<unsigned>(subscription.qos));
    }
    return frame(PacketType::subscribe, 2, body);
}

std::string to_bytes(const Suback& suback) {
    CHECK(!suback.codes.empty());
    std::string body;
    append_number(body, suback.packet_id);
    for (const auto code : suback.codes) {
        append_byte(body, code);
    }
    return frame(PacketType::suback, 0, body);
}

std::string to_bytes(const Unsubscribe& unsubscribe) {
    CHECK(!unsubscribe.filters.empty());
    std::string body;
    append_number(body, unsubscribe.packet_id);
    for (const auto& filter : unsubscribe.filters) {
        append_text(body, filter);
    }
    return frame(PacketType::unsubscribe, 2, body);
}

std::string to_bytes(const Unsuback& unsuback) {
    return frame_packet_id(PacketType::unsuback, unsuback.packet_id);
}

std::string to_bytes(const Pingreq&) {
    return frame(PacketType::pingreq, 0, {});
}

std::string to_bytes(const Pingresp&) {
    return frame(PacketType::pingresp, 0, {});
}

std::string to_bytes(const Disconnect&) {
    return frame(PacketType::disconnect, 0, {});
}

} // namespace

std::string encode(const Packet& packet) {
    return std::visit([](const auto& value) { return to_bytes(value); }, packet);
}

} // namespace muster::mqtt
