#pragma once
// For tests: random packets that MQTT can express, the same for the same seed.

#include "codec/mqtt_packet.h"

#include <cstdint>
#include <random>
#include <string>

namespace muster::mqtt {

class PacketGenerator {
  public:
    explicit PacketGenerator(std::uint64_t seed) : engine_(seed) {}

    std::size_t below(std::size_t bound) {
        return std::uniform_int_distribution<std::size_t>(0, bound - 1)(engine_);
    }

    Packet packet() {
        switch (below(11)) {
        case 0: return connect();
        case 1: return connack();
        case 2: return publish();
        case 3: return Puback{.packet_id = static_cast<std::uint16_t>(below(65'536))};
        case 4: return subscribe();
        case 5: return suback();
        case 6: return unsubscribe();
        case 7: return Unsuback{.packet_id = packet_id()};
        case 8: return Pingreq{};
        case 9: return Pingresp{};
        default: return Disconnect{};
        }
    }

    Connect connect() {
        Connect connect{.clean_session = coin(),
                        .keep_alive_seconds = static_cast<std::uint16_t>(below(65'536)),
                        .client_id = text(24)};
        if (coin()) {
            connect.will =
                Will{.topic = topic(), .payload = binary(40), .qos = qos(), .retain = coin()};
        }
        if (coin()) {
            connect.user_name = text(200);
        }
        if (connect.user_name && coin()) {
            connect.password = binary(200);
        }
        return connect;
    }

    Publish publish() {
        Publish publish{.topic = topic(), .payload = binary(300), .qos = qos(), .retain = coin()};
        if (publish.qos != QoS::at_most_once) {
            publish.duplicate = coin();
            publish.packet_id = packet_id();
        }
        return publish;
    }

    Subscribe subscribe() {
        Subscribe subscribe{.packet_id = packet_id()};
        for (auto count = 1 + below(6); count > 0; --count) {
            subscribe.subscriptions.push_back({.filter = filter(), .qos = qos()});
        }
        return subscribe;
    }

  private:
    bool coin() { return below(2) == 1; }

    QoS qos() { return static_cast<QoS>(below(3)); }

    std::uint16_t packet_id() { return static_cast<std::uint16_t>(1 + below(65'535)); }

    std::string text(std::size_t characters_max) {
        static constexpr const char* characters[] = {"a",    "Z", "/", " ", "$",      "%",
                                                     "\x01", "é", "€", "𐍈", "\u2028", "="};
        std::string text;
        for (auto count = below(characters_max + 1); count > 0; --count) {
            text += characters[below(std::size(characters))];
        }
        return text;
    }

    std::string topic() { return "t" + text(60); }

    std::string filter() {
        static constexpr const char* endings[] = {"", "/+", "/#", "/+/x"};
        return topic() + endings[below(std::size(endings))];
    }

    std::string binary(std::size_t bytes_max) {
        std::string bytes(below(bytes_max + 1), '\0');
        for (auto& byte : bytes) {
            byte = static_cast<char>(below(256));
        }
        return bytes;
    }

    Connack connack() {
        const auto code = static_cast<ConnectCode>(below(6));
        return {.session_present = code == ConnectCode::accepted && coin(), .code = code};
    }

    Suback suback() {
        Suback suback{.packet_id = packet_id()};
        for (auto count = 1 + below(6); count > 0; --count) {
            suback.codes.push_back(coin() ? static_cast<std::uint8_t>(below(3)) : Suback::failure);
        }
        return suback;
    }

    Unsubscribe unsubscribe() {
        Unsubscribe unsubscribe{.packet_id = packet_id()};
        for (auto count = 1 + below(6); count > 0; --count) {
            unsubscribe.filters.push_back(filter());
        }
        return unsubscribe;
    }

    std::mt19937_64 engine_;
};

} // namespace muster::mqtt
