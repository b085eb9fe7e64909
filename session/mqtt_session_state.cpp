// What each packet of the peer does, and how a session ends.

#include "session/mqtt_session_state.h"

#include "base/ids.h"
#include "base/text.h"

#include <algorithm>

namespace muster::session {

namespace {

// `{device}` or `{device}/{module}` (iothub A.3); registration ids are a part of that grammar.
bool is_client_id(std::string_view text) {
    const auto ids = split(text, '/');
    return ids.size() <= 2 &&
           std::ranges::all_of(ids, [](auto id) { return parse_device_id(id).has_value(); });
}

// iothub A.6: one and a half times the keep-alive, never more than the cap; 0 means the cap.
std::chrono::milliseconds silence_allowed(std::uint16_t keep_alive_seconds,
                                          std::chrono::milliseconds cap) {
    const std::chrono::milliseconds allowed(keep_alive_seconds * 1500);
    return allowed.count() == 0 ? cap : std::min(allowed, cap);
}

} // namespace

void MqttSession::State::handle(mqtt::Connect&& connect) {
    using enum mqtt::ConnectCode;
    if (phase != Phase::awaiting_connect) {
        return fail("a second CONNECT (MQTT 3.1.0-2)");
    }
    if (connect.protocol_level != 4) {
        return refuse(unacceptable_protocol, "protocol level other than 4");
    }
    if (!is_client_id(connect.client_id)) {
        return refuse(identifier_rejected, "malformed client id");
    }
    if (connect.will && connect.will->qos == mqtt::QoS::exactly_once) {
        return fail("a will of QoS 2");
    }
    phase = Phase::awaiting_connack;
    decoder.limit_packets_to(limits.packet_bytes_max);
    silence_max = silence_allowed(connect.keep_alive_seconds, limits.silence_max);
    events.emplace_back(std::move(connect));
}

void MqttSession::State::handle(mqtt::Publish&& publish) {
    if (publish.qos == mqtt::QoS::exactly_once) {
        return fail("a PUBLISH of QoS 2");
    }
    if (publish.qos == mqtt::QoS::at_least_once) {
        // MQTT 4.3.2: until its PUBACK is sent, the same id again is the same message again; the
        // one under way will be acknowledged, once.
        if (publish.duplicate && awaits_acknowledgement(publish.packet_id)) {
            return;
        }
        unacknowledged.push_back({.packet_id = publish.packet_id});
    }
    events.emplace_back(std::move(publish));
}

void MqttSession::State::handle(mqtt::Puback&& puback) {
    // One client acknowledges what asked for no acknowledgement (dps-device 3.5, 6).
    if (in_flight.erase(puback.packet_id) > 0) {
        events.emplace_back(puback);
    }
}

void MqttSession::State::drain() {
    while (reads()) {
        auto packet = decoder.next();
        if (!packet) {
            return fail(std::move(packet.error().detail));
        }
        if (!*packet) {
            return;
        }
        last_heard = last_fed;
        std::visit([this](auto&& value) { handle(std::move(value)); }, std::move(**packet));
    }
}

void MqttSession::State::send(const mqtt::Packet& packet) {
    if (phase == Phase::closed) {
        return;
    }
    output += mqtt::encode(packet);
    if (output.size() > limits.output_bytes_max) {
        fail("the peer reads too slowly");
        std::string().swap(output);
    }
}

void MqttSession::State::send_acknowledgements() {
    while (!unacknowledged.empty() && unacknowledged.front().acknowledged) {
        const auto packet_id = unacknowledged.front().packet_id;
        unacknowledged.pop_front();
        send(mqtt::Puback{.packet_id = packet_id});
    }
}

void MqttSession::State::refuse(mqtt::ConnectCode code, std::string reason) {
    send(mqtt::Connack{.session_present = false, .code = code});
    fail(std::move(reason));
}

void MqttSession::State::end(MqttClosed closed) {
    if (phase == Phase::closed) {
        return;
    }
    phase = Phase::closed;
    events.emplace_back(std::move(closed));
    decoder = mqtt::Decoder(0);
    unacknowledged.clear();
    in_flight.clear();
}

bool MqttSession::State::fits(const mqtt::Publish& publish) const {
    return publish.topic.size() <= mqtt::text_bytes_max &&
           publish.payload.size() <= limits.packet_bytes_max;
}

bool MqttSession::State::awaits_acknowledgement(std::uint16_t packet_id) const {
    return std::ranges::any_of(unacknowledged, [packet_id](const Received& received) {
        return received.packet_id == packet_id;
    });
}

std::uint16_t MqttSession::State::next_packet_id() {
    do {
        ++last_packet_id;
    } while (last_packet_id == 0 || in_flight.contains(last_packet_id));
    return last_packet_id;
}

SteadyTime MqttSession::State::due() const {
    return phase == Phase::connected ? last_heard + silence_max : started + limits.connect_time_max;
}

} // namespace muster::session
