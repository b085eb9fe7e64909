// What the caller may do with a session; what the peer does to it is in mqtt_session_state.cpp.

#include "session/mqtt_session.h"

#include "base/check.h"
#include "session/mqtt_session_state.h"

#include <algorithm>
#include <utility>

namespace muster::session {

namespace {

constexpr unsigned connect_packet_type = 1;

bool begins_connect(std::string_view bytes) {
    return static_cast<unsigned char>(bytes.front()) >> 4 == connect_packet_type;
}

} // namespace

MqttSession::MqttSession(const MqttLimits& limits) : state_(std::make_unique<State>(limits)) {
    // Or next_packet_id() would look for a free id for ever.
    CHECK(limits.in_flight_max < 65'535);
}

MqttSession::~MqttSession() = default;
MqttSession::MqttSession(MqttSession&&) noexcept = default;
MqttSession& MqttSession::operator=(MqttSession&&) noexcept = default;

void MqttSession::start(SteadyTime now) {
    state_->started = now;
}

void MqttSession::feed(std::string_view bytes, SteadyTime now) {
    auto& state = *state_;
    if (state.phase == Phase::closed || bytes.empty()) {
        return;
    }
    // Looked at before anything is kept: a stranger gets no memory (CVE-2023-0809).
    if (!std::exchange(state.first_byte_seen, true) && !begins_connect(bytes)) {
        return state.fail("the first packet is not CONNECT (MQTT 3.1.0-1)");
    }
    if (!state.reads() &&
        state.decoder.pending_bytes() + bytes.size() > state.limits.packet_bytes_max) {
        return state.fail("input without end while none was wanted");
    }
    state.last_fed = now;
    state.decoder.feed(bytes);
    state.drain();
}

void MqttSession::lost(SteadyTime) {
    state_->fail("connection lost");
    std::string().swap(state_->output);
}

void MqttSession::deadline(SteadyTime now) {
    auto& state = *state_;
    if (state.phase == Phase::closed || now < state.due()) {
        return;
    }
    switch (state.phase) {
    case Phase::awaiting_connect: return state.fail("no CONNECT in time");
    case Phase::awaiting_connack:
        return state.refuse(mqtt::ConnectCode::server_unavailable, "no decision in time");
    case Phase::connected:
        // While we do not read, silence is ours.
        if (state.window_full()) {
            state.last_heard = now;
            return;
        }
        return state.fail("silent for longer than its keep-alive allows");
    case Phase::closed: return;
    }
}

std::optional<MqttEvent> MqttSession::next_event() {
    if (state_->events.empty()) {
        return std::nullopt;
    }
    auto event = std::move(state_->events.front());
    state_->events.pop_front();
    return event;
}

void MqttSession::connack(mqtt::ConnectCode code, bool session_present, SteadyTime now) {
    auto& state = *state_;
    if (state.phase != Phase::awaiting_connack) {
        return;
    }
    if (code != mqtt::ConnectCode::accepted) {
        return state.refuse(code, "CONNECT refused");
    }
    state.phase = Phase::connected;
    state.last_heard = now;
    state.last_fed = now;
    state.send(mqtt::Connack{.session_present = session_present, .code = code});
    state.drain();
}

void MqttSession::suback(const mqtt::Suback& suback) {
    state_->send(suback);
}

void MqttSession::unsuback(std::uint16_t packet_id) {
    state_->send(mqtt::Unsuback{.packet_id = packet_id});
}

void MqttSession::puback(std::uint16_t packet_id) {
    const auto open = std::ranges::find_if(state_->unacknowledged, [&](const Received& received) {
        return received.packet_id == packet_id && !received.acknowledged;
    });
    if (open == state_->unacknowledged.end()) {
        return;
    }
    open->acknowledged = true;
    state_->send_acknowledgements();
    state_->drain();
}

std::optional<std::uint16_t> MqttSession::publish(std::string topic, std::string payload,
                                                  mqtt::QoS qos) {
    CHECK(qos != mqtt::QoS::exactly_once);
    auto& state = *state_;
    mqtt::Publish publish{.topic = std::move(topic), .payload = std::move(payload), .qos = qos};
    if (state.phase != Phase::connected) {
        return std::nullopt;
    }
    if (!state.fits(publish)) {
        state.fail("a message that does not fit a packet");
        return std::nullopt;
    }
    if (qos == mqtt::QoS::at_least_once) {
        if (state.in_flight.size() >= state.limits.in_flight_max) {
            state.fail("the peer does not acknowledge");
            return std::nullopt;
        }
        publish.packet_id = state.next_packet_id();
        state.in_flight.insert(publish.packet_id);
    }
    const auto packet_id = publish.packet_id;
    state.send(std::move(publish));
    return connected() ? std::optional(packet_id) : std::nullopt;
}

void MqttSession::excuse_silence(SteadyTime now) {
    state_->last_heard = std::max(state_->last_heard, now);
}

void MqttSession::close(std::string reason) {
    state_->fail(std::move(reason));
}

std::string MqttSession::take_output() {
    return std::exchange(state_->output, {});
}

bool MqttSession::connected() const {
    return state_->phase == Phase::connected;
}

bool MqttSession::wants_close() const {
    return state_->phase == Phase::closed;
}

bool MqttSession::wants_input() const {
    return state_->reads();
}

std::optional<SteadyTime> MqttSession::next_deadline() const {
    return state_->phase == Phase::closed ? std::nullopt : std::optional(state_->due());
}

} // namespace muster::session
