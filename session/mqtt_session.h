#pragma once
// The server side of MQTT 3.1.1 on one connection, without I/O and without knowing what topics
// mean: framing, CONNECT first and once, keep-alive, acknowledgement order, packet ids, bounds.
// What it cannot answer by itself it hands out as events; the caller answers through the commands.

#include "base/clock.h"
#include "codec/mqtt_packet.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace muster::session {

struct MqttLimits {
    std::size_t packet_bytes_max = 270 * 1024; // 256 KiB of message, its topic and header
    std::size_t connect_bytes_max = 16 * 1024; // the first packet, before anybody is known
    std::size_t unacknowledged_max = 64;       // QoS 1 publishes of the peer awaiting our PUBACK
    std::size_t in_flight_max = 1024;          // our QoS 1 publishes awaiting the peer's PUBACK
    std::size_t output_bytes_max = 1024 * 1024;
    std::chrono::seconds connect_time_max{30};
    std::chrono::seconds silence_max{1767}; // the cap, and the value for keep-alive 0 (iothub A.6)
};

/// The connection is over. `clean` tells a DISCONNECT (the will is void) from everything else.
struct MqttClosed {
    bool clean = false;
    std::string reason; // for the log

    bool operator==(const MqttClosed&) const = default;
};

using MqttEvent = std::variant<mqtt::Connect, mqtt::Publish, mqtt::Subscribe, mqtt::Unsubscribe,
                               mqtt::Puback, MqttClosed>;

class MqttSession {
  public:
    explicit MqttSession(const MqttLimits& limits = {});
    ~MqttSession();
    MqttSession(MqttSession&&) noexcept;
    MqttSession& operator=(MqttSession&&) noexcept;

    void start(SteadyTime now);
    void feed(std::string_view bytes, SteadyTime now);
    void lost(SteadyTime now);
    void deadline(SteadyTime now);

    /// Events in the order they happened. MqttClosed is the last and comes exactly once.
    std::optional<MqttEvent> next_event();

    /// Answers Connect. Any code but accepted closes the connection after it is sent. Protocol
    /// level, client id syntax and QoS 2 rules are checked before the event is raised.
    void connack(mqtt::ConnectCode code, bool session_present, SteadyTime now);
    void suback(const mqtt::Suback& suback);
    void unsuback(std::uint16_t packet_id);

    /// Acknowledges a QoS 1 publish of the peer. They are sent in the order the publishes came
    /// (one client insists): an early one is held back until those before it are acknowledged.
    void puback(std::uint16_t packet_id);

    /// Sends a message; the packet id for QoS 1 is chosen here and returned (0 for QoS 0). Nothing
    /// if the connection is over, or is being closed because the message did not fit a packet, or
    /// the peer reads or acknowledges too slowly (output_bytes_max, in_flight_max).
    std::optional<std::uint16_t> publish(std::string topic, std::string payload, mqtt::QoS qos);

    /// The caller read nothing from the peer until now: its silence so far is not its own.
    void excuse_silence(SteadyTime now);

    /// Closes after what is queued is sent.
    void close(std::string reason);

    std::string take_output();
    [[nodiscard]] bool connected() const; // CONNACK 0 was sent and nothing closed since
    [[nodiscard]] bool wants_close() const;
    [[nodiscard]] bool wants_input() const;
    [[nodiscard]] std::optional<SteadyTime> next_deadline() const;

  private:
    struct State;
    std::unique_ptr<State> state_;
};

} // namespace muster::session
