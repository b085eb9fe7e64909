#pragma once
// For tests: what a server sent over MQTT, a line for each packet, as in dps-device 3.8.

#include "codec/mqtt_packet.h"

#include <string>
#include <string_view>
#include <variant>

namespace muster::gateway {

struct MqttLine {
    std::string operator()(const mqtt::Connack& packet) const {
        return "CONNACK sp=" + std::to_string(packet.session_present) +
               " rc=" + std::to_string(static_cast<int>(packet.code));
    }

    std::string operator()(const mqtt::Suback& packet) const {
        std::string line = "SUBACK id=" + std::to_string(packet.packet_id) + " [";
        for (const auto code : packet.codes) {
            line += std::to_string(code) + ' ';
        }
        line.back() = ']';
        return line;
    }

    std::string operator()(const mqtt::Unsuback& packet) const {
        return "UNSUBACK id=" + std::to_string(packet.packet_id);
    }

    std::string operator()(const mqtt::Puback& packet) const {
        return "PUBACK id=" + std::to_string(packet.packet_id);
    }

    std::string operator()(const mqtt::Publish& packet) const {
        return std::string("PUBLISH") + (packet.retain ? " retained" : "") +
               (packet.duplicate ? " dup" : "") + " qos" +
               std::to_string(static_cast<int>(packet.qos)) + ' ' + packet.topic + ' ' +
               packet.payload;
    }

    std::string operator()(const mqtt::Pingresp& /*packet*/) const { return "PINGRESP"; }

    template <class Other>
    std::string operator()(const Other& /*packet*/) const {
        return "a packet that no server sends";
    }
};

inline std::string mqtt_lines(std::string_view bytes) {
    mqtt::Decoder decoder(1024 * 1024);
    decoder.feed(bytes);
    std::string lines;
    for (;;) {
        const auto packet = decoder.next();
        if (!packet) {
            return lines + "unreadable\n";
        }
        if (!*packet) {
            return lines + (decoder.pending_bytes() > 0 ? "cut off\n" : "");
        }
        lines += std::visit(MqttLine(), **packet) + '\n';
    }
}

} // namespace muster::gateway
