#pragma once
// For tests: exchanges as the published clients have them, as steps of the peer and of the server.

#include "codec/mqtt_packet.h"
#include "session/mqtt_session.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <ostream>
#include <string>
#include <variant>
#include <vector>

namespace muster::session::scripts {

using namespace std::chrono_literals;
using mqtt::encode;
using mqtt::QoS;

struct PeerSends {
    std::string bytes;
};

struct ServerDoes {
    std::function<void(MqttSession&, SteadyTime)> action;
};

struct PeerReads {
    std::string bytes;
};

struct TimePasses {
    std::chrono::seconds by;
};

using Step = std::variant<PeerSends, ServerDoes, PeerReads, TimePasses>;

struct Script {
    std::string name;
    std::vector<Step> steps; // the last one is the peer's DISCONNECT
};

inline void PrintTo(const Script& script, std::ostream* out) {
    *out << script.name;
}

// ---- the steps that scripts are made of ----

inline Step sends(const mqtt::Packet& packet) {
    return PeerSends{encode(packet)};
}

inline Step reads(const mqtt::Packet& packet) {
    return PeerReads{encode(packet)};
}

inline Step accepts(bool session_present) {
    return ServerDoes{[session_present](MqttSession& session, SteadyTime now) {
        session.connack(mqtt::ConnectCode::accepted, session_present, now);
    }};
}

inline Step grants(std::uint16_t packet_id, QoS qos) {
    return ServerDoes{[packet_id, qos](MqttSession& session, SteadyTime) {
        session.suback({.packet_id = packet_id, .codes = {static_cast<std::uint8_t>(qos)}});
    }};
}

inline Step acknowledges(std::uint16_t packet_id) {
    return ServerDoes{[packet_id](MqttSession& session, SteadyTime) { session.puback(packet_id); }};
}

inline Step publishes(const std::string& topic, const std::string& payload, QoS qos) {
    return ServerDoes{
        [=](MqttSession& session, SteadyTime) { session.publish(topic, payload, qos); }};
}

inline Step ends_subscription(std::uint16_t packet_id) {
    return ServerDoes{
        [packet_id](MqttSession& session, SteadyTime) { session.unsuback(packet_id); }};
}

inline mqtt::Publish at_most_once(const std::string& topic, const std::string& payload) {
    return {.topic = topic, .payload = payload};
}

inline mqtt::Publish at_least_once(std::uint16_t packet_id, const std::string& topic,
                                   const std::string& payload) {
    return {.topic = topic, .payload = payload, .qos = QoS::at_least_once, .packet_id = packet_id};
}

// ---- the scripts ----

inline const std::string responses = "$dps/registrations/res/#";
inline const std::string register_topic = "$dps/registrations/PUT/iotdps-register/?$rid=";
inline const std::string status_topic = "$dps/registrations/GET/iotdps-get-operationstatus/?$rid=";
inline const std::string assigning = R"({"operationId":"5.x.y","status":"assigning"})";
inline const std::string assigned = R"({"operationId":"5.x.y","status":"assigned"})";

// dps-device 3.8. DPS-DEVICE-32 (keep-alive 0), DPS-DEVICE-36 (QoS 0 requests).
inline Script c_registers() {
    const std::string body = R"({"registrationId":"dev-1"})";
    const auto user = "0ne00TEST01/registrations/dev-1/api-version=2021-06-01&ClientVersion=1.15.0";
    return {"c_registers",
            {sends(mqtt::Connect{.client_id = "dev-1", .user_name = user, .password = "sas"}),
             accepts(false), reads(mqtt::Connack{}),
             sends(mqtt::Subscribe{1, {{responses, QoS::at_least_once}}}),
             grants(1, QoS::at_least_once), reads(mqtt::Suback{1, {1}}),
             sends(at_most_once(register_topic + "1", body)),
             publishes("$dps/registrations/res/202/?$rid=1&retry-after=3", assigning,
                       QoS::at_least_once),
             reads(at_least_once(1, "$dps/registrations/res/202/?$rid=1&retry-after=3", assigning)),
             sends(mqtt::Puback{1}), TimePasses{3s},
             sends(at_most_once(status_topic + "2&operationId=5.x.y", body)),
             publishes("$dps/registrations/res/200/?$rid=2", assigned, QoS::at_least_once),
             reads(at_least_once(2, "$dps/registrations/res/200/?$rid=2", assigned)),
             sends(mqtt::Puback{2}), sends(mqtt::Disconnect{})}};
}

// DPS-DEVICE-37: C# reads CONNACK, SUBACK, PUBACK, PUBLISH in this order and nothing else; its
// register body is empty (DPS-DEVICE-19).
inline Script csharp_registers() {
    return {"csharp_registers",
            {sends(mqtt::Connect{.client_id = "dev-1", .user_name = "u", .password = "sas"}),
             accepts(false), reads(mqtt::Connack{}),
             sends(mqtt::Subscribe{1, {{responses, QoS::at_least_once}}}),
             grants(1, QoS::at_least_once), reads(mqtt::Suback{1, {1}}),
             sends(at_least_once(2, register_topic + "2", "")), acknowledges(2),
             publishes("$dps/registrations/res/202/?$rid=2&retry-after=3", assigning,
                       QoS::at_least_once),
             PeerReads{encode(mqtt::Puback{2}) +
                       encode(at_least_once(1, "$dps/registrations/res/202/?$rid=2&retry-after=3",
                                            assigning))},
             sends(mqtt::Puback{1}), sends(mqtt::Disconnect{})}};
}

// DPS-DEVICE-35: Node unsubscribes and waits for UNSUBACK before it disconnects.
inline Script node_registers() {
    return {
        "node_registers",
        {sends(mqtt::Connect{.keep_alive_seconds = 180, .client_id = "dev-1", .user_name = "u"}),
         accepts(false), reads(mqtt::Connack{}),
         sends(mqtt::Subscribe{40'961, {{responses, QoS::at_least_once}}}),
         grants(40'961, QoS::at_least_once), reads(mqtt::Suback{40'961, {1}}),
         sends(at_least_once(40'962, status_topic + "a-b&operationId=5.x.y", " ")),
         acknowledges(40'962), reads(mqtt::Puback{40'962}),
         publishes("$dps/registrations/res/200/?$rid=a-b", assigned, QoS::at_least_once),
         reads(at_least_once(1, "$dps/registrations/res/200/?$rid=a-b", assigned)),
         sends(mqtt::Puback{1}), sends(mqtt::Unsubscribe{40'963, {responses}}),
         ends_subscription(40'963), reads(mqtt::Unsuback{40'963}), sends(mqtt::Disconnect{})}};
}

// iothub A.17, on the second connection: nothing is subscribed again. IOTHUB-10 (PUBACK of twin
// requests at QoS 1).
inline Script python_at_its_hub() {
    const std::string twin = R"({"desired":{"$version":1},"reported":{"$version":1}})";
    return {"python_at_its_hub",
            {sends(mqtt::Connect{
                 .clean_session = false,
                 .keep_alive_seconds = 60,
                 .client_id = "dev-01",
                 .will = mqtt::Will{.topic = "devices/dev-01/messages/events/", .payload = "gone"},
                 .user_name = "hub1.example.org/dev-01/?api-version=2019-10-01",
                 .password = "sas"}),
             accepts(true),
             reads(mqtt::Connack{.session_present = true}),
             sends(at_least_once(3, "$iothub/twin/GET/?$rid=6b1e", " ")),
             acknowledges(3),
             publishes("$iothub/twin/res/200/?$rid=6b1e", twin, QoS::at_most_once),
             PeerReads{encode(mqtt::Puback{3}) +
                       encode(at_most_once("$iothub/twin/res/200/?$rid=6b1e", twin))},
             TimePasses{60s},
             sends(mqtt::Pingreq{}),
             reads(mqtt::Pingresp{}),
             TimePasses{60s},
             sends(at_least_once(4, "devices/dev-01/messages/events/%24.ct=x", R"({"t":21})")),
             acknowledges(4),
             reads(mqtt::Puback{4}),
             publishes("$iothub/methods/POST/reprovision/?$rid=1", "{}", QoS::at_most_once),
             reads(at_most_once("$iothub/methods/POST/reprovision/?$rid=1", "{}")),
             sends(at_least_once(5, "$iothub/methods/res/202/?$rid=1", "{}")),
             acknowledges(5),
             reads(mqtt::Puback{5}),
             sends(mqtt::Disconnect{})}};
}

} // namespace muster::session::scripts
