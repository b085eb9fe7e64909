#pragma once
// For tests: a session and a clock that stands still until it is moved.

#include "codec/wire_text.h"
#include "session/mqtt_session.h"

#include <gmock/gmock.h>

#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace muster::session {

struct Probe {
    explicit Probe(const MqttLimits& limits = {}) : session(limits) { session.start(now); }

    void feed(std::string_view bytes, std::chrono::milliseconds later = {}) {
        now += later;
        session.feed(bytes, now);
    }

    void deadline(std::chrono::milliseconds later) {
        now += later;
        session.deadline(now);
    }

    std::vector<MqttEvent> events() {
        std::vector<MqttEvent> events;
        while (auto event = session.next_event()) {
            events.push_back(std::move(*event));
        }
        return events;
    }

    std::string output() { return session.take_output(); }

    /// Through CONNECT and CONNACK 0, with nothing left to take.
    void connect(std::string_view bytes) {
        feed(bytes);
        session.connack(mqtt::ConnectCode::accepted, false, now);
        events();
        output();
    }

    MqttSession session;
    SteadyTime now{std::chrono::hours(1)};
};

inline const std::string plain_connect =
    mqtt::framed(0x10, mqtt::wire("0004 'MQTT' 04 02 003c 0005 'dev-1'"));
inline const std::string ping = mqtt::wire("c0 00");
inline const std::string pong = mqtt::wire("d0 00");

inline std::string publish_qos_1(std::uint16_t packet_id, bool duplicate = false) {
    return mqtt::encode(mqtt::Publish{.topic = "t",
                                      .payload = "x",
                                      .qos = mqtt::QoS::at_least_once,
                                      .duplicate = duplicate,
                                      .packet_id = packet_id});
}

/// Not by DISCONNECT, and with a reason for the log.
inline auto closed_dirty() {
    return testing::VariantWith<MqttClosed>(
        testing::AllOf(testing::Field(&MqttClosed::clean, false),
                       testing::Field(&MqttClosed::reason, testing::Not(testing::IsEmpty()))));
}

} // namespace muster::session
