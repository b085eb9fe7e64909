#pragma once
// The inside of one MQTT packet, for the codec's own files: packet types, the fixed header's flags
// and the decoder of a body whose length is known.

#include "codec/mqtt_packet.h"

#include <cstdint>
#include <string_view>

namespace muster::mqtt {

/// Section 2.2.1; 0 and 15 are reserved.
enum class PacketType : std::uint8_t {
    connect = 1,
    connack = 2,
    publish = 3,
    puback = 4,
    pubrec = 5,
    pubrel = 6,
    pubcomp = 7,
    subscribe = 8,
    suback = 9,
    unsubscribe = 10,
    unsuback = 11,
    pingreq = 12,
    pingresp = 13,
    disconnect = 14,
};

inline constexpr std::uint8_t publish_duplicate_flag = 0x08;
inline constexpr std::uint8_t publish_retain_flag = 0x01;

/// Everything that is already wrong with the first byte (type and flags).
Result<void> check_first_byte(std::uint8_t first_byte);

/// The first byte must have passed its check; `body` is what the remaining length counts.
Result<Packet> decode_body(std::uint8_t first_byte, std::string_view body);

} // namespace muster::mqtt
