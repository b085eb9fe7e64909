// Bytes to packets, the inner half: one function for each packet type, strict about every MUST of
// MQTT 3.1.1 that can be seen in a single packet.

#include "codec/mqtt_body.h"
#include "codec/mqtt_reader.h"
#include "codec/mqtt_syntax.h"

#include <utility>

namespace muster::mqtt {

namespace {

namespace connect_flags {
constexpr unsigned reserved = 0x01;
constexpr unsigned clean_session = 0x02;
constexpr unsigned will = 0x04;
constexpr unsigned will_retain = 0x20;
constexpr unsigned password = 0x40;
constexpr unsigned user_name = 0x80;
} // namespace connect_flags

constexpr unsigned will_qos_of(unsigned flags) {
    return flags >> 3 & 3U;
}

// 2.3.1: the packets that open an exchange carry an id, and it is not 0.
std::uint16_t read_packet_id(PacketReader& body) {
    const auto packet_id = body.number();
    body.require(packet_id != 0, "2.3.1: packet id 0");
    return packet_id;
}

QoS read_qos(PacketReader& body, unsigned value, std::string_view rule) {
    body.require(value <= 2, rule);
    return value <= 2 ? static_cast<QoS>(value) : QoS::at_most_once;
}

std::string read_filter(PacketReader& body) {
    auto filter = body.text();
    body.require(is_topic_filter(filter), "4.7.1: malformed topic filter");
    return filter;
}

void check_connect_flags(PacketReader& body, unsigned flags) {
    const bool will = (flags & connect_flags::will) != 0;
    const bool user_name = (flags & connect_flags::user_name) != 0;
    const bool password = (flags & connect_flags::password) != 0;
    const bool will_retain = (flags & connect_flags::will_retain) != 0;
    body.require((flags & connect_flags::reserved) == 0, "3.1.2.3: reserved CONNECT flag set");
    body.require(will || (will_qos_of(flags) == 0 && !will_retain),
                 "3.1.2.6: will QoS or retain without a will");
    body.require(user_name || !password, "3.1.2.9: password without user name");
}

Will read_will(PacketReader& body, unsigned flags) {
    Will will;
    will.qos = read_qos(body, will_qos_of(flags), "3.1.2.6: will QoS 3");
    will.retain = (flags & connect_flags::will_retain) != 0;
    will.topic = body.text();
    body.require(is_topic_name(will.topic), "4.7.1: malformed will topic");
    will.payload = body.binary();
    return will;
}

// 3.1.2.2: the layout after another level is unknown; the rest of such a packet is not looked at.
bool is_other_protocol_version(std::string_view name, std::uint8_t level) {
    return (name == "MQTT" && level != 4) || (name == "MQIsdp" && level == 3);
}

Connect read_connect(PacketReader& body) {
    Connect connect;
    const auto name = body.text();
    connect.protocol_level = body.byte();
    if (is_other_protocol_version(name, connect.protocol_level)) {
        body.remainder();
        return connect;
    }
    body.require(name == "MQTT", "3.1.2.1: unknown protocol name");
    const unsigned flags = body.byte();
    check_connect_flags(body, flags);
    connect.clean_session = (flags & connect_flags::clean_session) != 0;
    connect.keep_alive_seconds = body.number();
    connect.client_id = body.text();
    if ((flags & connect_flags::will) != 0) {
        connect.will = read_will(body, flags);
    }
    if ((flags & connect_flags::user_name) != 0) {
        connect.user_name = body.text();
    }
    if ((flags & connect_flags::password) != 0) {
        connect.password = body.binary();
    }
    return connect;
}

Connack read_connack(PacketReader& body) {
    const unsigned flags = body.byte();
    const unsigned code = body.byte();
    body.require(flags <= 1, "3.2.2.1: reserved CONNACK flags set");
    body.require(code <= 5, "3.2.2.3: reserved CONNACK code");
    body.require(flags == 0 || code == 0, "3.2.2.2: session present in a refusal");
    return Connack{.session_present = flags == 1, .code = static_cast<ConnectCode>(code)};
}

Publish read_publish(PacketReader& body, unsigned first_byte) {
    Publish publish;
    publish.duplicate = (first_byte & publish_duplicate_flag) != 0;
    publish.retain = (first_byte & publish_retain_flag) != 0;
    publish.qos = static_cast<QoS>(first_byte >> 1 & 3U);
    publish.topic = body.text();
    body.require(!publish.topic.empty(), "4.7.3: empty topic");
    body.require(publish.topic.empty() || is_topic_name(publish.topic),
                 "3.3.2.1: wildcard in the topic of a PUBLISH");
    if (publish.qos != QoS::at_most_once) {
        publish.packet_id = read_packet_id(body);
    }
    publish.payload = body.remainder();
    return publish;
}

Subscribe read_subscribe(PacketReader& body) {
    Subscribe subscribe{.packet_id = read_packet_id(body)};
    body.require(!body.at_end(), "3.8.3: SUBSCRIBE without a filter");
    while (!body.at_end()) {
        auto filter = read_filter(body);
        const auto qos = read_qos(body, body.byte(), "3.8.3: malformed requested QoS");
        subscribe.subscriptions.push_back({.filter = std::move(filter), .qos = qos});
    }
    return subscribe;
}

Suback read_suback(PacketReader& body) {
    Suback suback{.packet_id = read_packet_id(body)};
    body.require(!body.at_end(), "3.9.3: SUBACK without a code");
    while (!body.at_end()) {
        const auto code = body.byte();
        body.require(code <= 2 || code == Suback::failure, "3.9.3: reserved SUBACK code");
        suback.codes.push_back(code);
    }
    return suback;
}

Unsubscribe read_unsubscribe(PacketReader& body) {
    Unsubscribe unsubscribe{.packet_id = read_packet_id(body)};
    body.require(!body.at_end(), "3.10.3: UNSUBSCRIBE without a filter");
    while (!body.at_end()) {
        unsubscribe.filters.push_back(read_filter(body));
    }
    return unsubscribe;
}

Packet read_packet(PacketReader& body, std::uint8_t first_byte) {
    switch (static_cast<PacketType>(first_byte >> 4)) {
    case PacketType::connect: return read_connect(body);
    case PacketType::connack: return read_connack(body);
    case PacketType::publish: return read_publish(body, first_byte);
    // dps-device 3.5, 6: the C# client acknowledges QoS 0 messages too, with packet id 0.
    case PacketType::puback: return Puback{.packet_id = body.number()};
    case PacketType::subscribe: return read_subscribe(body);
    case PacketType::suback: return read_suback(body);
    case PacketType::unsubscribe: return read_unsubscribe(body);
    case PacketType::unsuback: return Unsuback{.packet_id = read_packet_id(body)};
    case PacketType::pingreq: return Pingreq{};
    case PacketType::pingresp: return Pingresp{};
    case PacketType::disconnect: return Disconnect{};
    case PacketType::pubrec:
    case PacketType::pubrel:
    case PacketType::pubcomp: break; // check_first_byte refused them
    }
    body.require(false, "2.2.1: reserved packet type");
    return Disconnect{};
}

Result<void> check_publish_flags(std::uint8_t first_byte) {
    const unsigned qos = first_byte >> 1 & 3U;
    if (qos == 3) {
        return fail(Code::malformed, "MQTT 3.3.1.2: QoS 3");
    }
    if (qos == 0 && (first_byte & publish_duplicate_flag) != 0) {
        return fail(Code::malformed, "MQTT 3.3.1.1: duplicate flag at QoS 0");
    }
    return {};
}

Result<void> check_flags(std::uint8_t first_byte, unsigned expected) {
    if ((first_byte & 0x0fU) != expected) {
        return fail(Code::malformed, "MQTT 2.2.2: reserved flags of the fixed header");
    }
    return {};
}

} // namespace

Result<void> check_first_byte(std::uint8_t first_byte) {
    switch (static_cast<PacketType>(first_byte >> 4)) {
    case PacketType::publish: return check_publish_flags(first_byte);
    case PacketType::subscribe:
    case PacketType::unsubscribe: return check_flags(first_byte, 2);
    case PacketType::connect:
    case PacketType::connack:
    case PacketType::puback:
    case PacketType::suback:
    case PacketType::unsuback:
    case PacketType::pingreq:
    case PacketType::pingresp:
    case PacketType::disconnect: return check_flags(first_byte, 0);
    case PacketType::pubrec:
    case PacketType::pubrel:
    case PacketType::pubcomp: return fail(Code::unsupported, "MQTT 4.3.3: QoS 2 is not offered");
    }
    return fail(Code::unsupported, "MQTT 2.2.1: reserved packet type");
}

Result<Packet> decode_body(std::uint8_t first_byte, std::string_view bytes) {
    PacketReader body(bytes);
    auto packet = read_packet(body, first_byte);
    body.require(body.at_end(), "2.2.3: bytes after the last field");
    if (!body.broken_rule().empty()) {
        return fail(Code::malformed, "MQTT " + std::string(body.broken_rule()));
    }
    return packet;
}

} // namespace muster::mqtt
