#pragma once
// The inside of an MqttSession, for its own files. One connection's life: awaiting_connect ->
// awaiting_connack -> connected -> closed. Input is decoded only as far as the session may act on
// it; what lies behind a full window stays undecoded until the caller has acknowledged, and
// wants_input() holds the peer back meanwhile.

#include "session/mqtt_session.h"

#include <chrono>
#include <list>
#include <set>
#include <utility>

namespace muster::session {

enum class Phase : std::uint8_t { awaiting_connect, awaiting_connack, connected, closed };

// A QoS 1 publish of the peer for which no PUBACK was sent yet.
struct Received {
    std::uint16_t packet_id = 0;
    bool acknowledged = false;
};

struct MqttSession::State {
    explicit State(const MqttLimits& chosen) : limits(chosen), decoder(chosen.connect_bytes_max) {}

    void handle(mqtt::Connect&& connect);
    void handle(mqtt::Publish&& publish);

    void handle(mqtt::Subscribe&& subscribe) { events.emplace_back(std::move(subscribe)); }

    void handle(mqtt::Unsubscribe&& unsubscribe) { events.emplace_back(std::move(unsubscribe)); }

    void handle(mqtt::Puback&& puback);

    void handle(mqtt::Pingreq&&) { send(mqtt::Pingresp{}); }

    void handle(mqtt::Disconnect&&) { end({.clean = true, .reason = "DISCONNECT"}); }

    template <class ServerPacket>
    void handle(ServerPacket&&) {
        fail("a packet that only a server sends");
    }

    void drain();
    void send(const mqtt::Packet& packet);
    void send_acknowledgements();
    void refuse(mqtt::ConnectCode code, std::string reason);

    void fail(std::string reason) { end({.clean = false, .reason = std::move(reason)}); }

    void end(MqttClosed closed);
    bool fits(const mqtt::Publish& publish) const;
    std::uint16_t next_packet_id();
    SteadyTime due() const;

    bool awaits_acknowledgement(std::uint16_t packet_id) const;

    /// Nothing may be said before CONNACK; after the end it is dropped in silence.
    bool answers() const { return phase == Phase::connected || phase == Phase::closed; }

    bool window_full() const { return unacknowledged.size() >= limits.unacknowledged_max; }

    bool reads() const {
        return phase == Phase::awaiting_connect || (phase == Phase::connected && !window_full());
    }

    MqttLimits limits;
    mqtt::Decoder decoder;
    Phase phase = Phase::awaiting_connect;
    bool first_byte_seen = false;
    std::uint16_t last_packet_id = 0;
    std::chrono::milliseconds silence_max{};
    SteadyTime started;
    SteadyTime last_fed;
    SteadyTime last_heard; // when the last whole packet was there
    std::string output;
    // Node-based containers: empty ones hold no memory, and most connections are idle.
    std::list<MqttEvent> events;
    std::list<Received> unacknowledged;
    std::set<std::uint16_t> in_flight; // our QoS 1 publishes awaiting PUBACK
};

} // namespace muster::session
