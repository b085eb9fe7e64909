#pragma once
// For tests: the habits of the device SDKs, as recorded in the reference (dps-device 2.1, 3.1
// to 3.8). Tokens, header spellings, packet fields and payloads are theirs; so is the order of
// things.

#include "gateway/session_script.h"

#include <string>
#include <string_view>
#include <vector>

namespace muster::gateway::sdk {

// ---- what every registration is answered ----

inline const std::string assigning = R"({"operationId":"<op>","status":"assigning"})";

inline const std::string assigned =
    R"({"operationId":"<op>","status":"assigned","registrationState":{"registrationId":"dev-1",)"
    R"("createdDateTimeUtc":"<*>Z","assignedHub":"hub-1.example.net","deviceId":"dev-1",)"
    R"("status":"assigned","substatus":"initialAssignment","lastUpdatedDateTimeUtc":"<*>Z",)"
    R"("etag":"<*>","symmetricKey":{}}})";

inline const std::string http_accepted = "HTTP/1.1 202 Accepted\n"
                                         "Date: <*>\n"
                                         "Content-Type: application/json; charset=utf-8\n"
                                         "Retry-After: 3\n"
                                         "x-ms-request-id: <*>\n"
                                         "Content-Length: <*>\n"
                                         "Connection: keep-alive\n\n" +
                                         assigning;

inline const std::string http_assigned = "HTTP/1.1 200 OK\n"
                                         "Date: <*>\n"
                                         "Content-Type: application/json; charset=utf-8\n"
                                         "x-ms-request-id: <*>\n"
                                         "Content-Length: <*>\n"
                                         "Connection: keep-alive\n\n" +
                                         assigned;

// ---- HTTPS ----

/// DPS-DEVICE-9, DPS-DEVICE-25, DPS-DEVICE-26, DPS-DEVICE-28 (a GET with `{}`), DPS-DEVICE-31
inline Script node_https() {
    const std::string headers =
        "Accept: application/json\n"
        "Content-Type: application/json; charset=utf-8\n"
        "Authorization: SharedAccessSignature sr=0ne00TEST01/registrations/dev-1&sig="
        "wDxtCnJBi9tf%2B%2FHsKVeO4QWonwYWqEijEN8aeKnxT7M%3D&skn=registration&se=1795224122\n"
        "Request-Id: f65e0da3-641f-4cbf-be1e-765e3726b6a9\n"
        "User-Agent: azure-iot-provisioning-device/1.9.1\n";
    return {
        "NodeHttps",
        Transport::https,
        {http("register",
              "PUT /0ne00TEST01/registrations/dev-1/register?api-version=2019-03-31 HTTP/1.1\n" +
                  headers +
                  "Content-Length: 44\nHost: 127.0.0.77\nConnection: keep-alive\n\n"
                  R"({"registrationId":"dev-1","payload":{"a":1}})",
              http_accepted),
         http("poll",
              "GET /0ne00TEST01/registrations/dev-1/operations/<op>?api-version=2019-03-31"
              " HTTP/1.1\n" +
                  headers + "Content-Length: 2\nHost: 127.0.0.77\n\n{}",
              http_assigned)}};
}

/// DPS-DEVICE-27, DPS-DEVICE-28 (`content-length: 0`), DPS-DEVICE-29 (UserAgent, port in Host,
/// lower-case escapes), DPS-DEVICE-58
inline Script c_https() {
    const std::string headers =
        "UserAgent: prov_device_client/1.0\n"
        "Accept: application/json\n"
        "Connection: keep-alive\n"
        "Content-Type: application/json; charset=utf-8\n"
        "Authorization: SharedAccessSignature sr=0ne00TEST01%2fregistrations%2fdev-1&sig="
        "XQPr%2bmiGgwXG2DL9DHiSryFd8lZd5edaRt%2fWrmpS1d8%3d&se=1795223281&skn=registration\n"
        "Host: 127.0.0.77:443\n";
    return {"CHttps",
            Transport::https,
            {http("register",
                  "PUT /0ne00TEST01/registrations/dev%2d1/register?api-version=2021-06-01"
                  " HTTP/1.1\n" +
                      headers +
                      "content-length: 44\n\n"
                      R"({"registrationId":"dev-1","payload":{"a":1}})",
                  http_accepted),
             http("poll",
                  "GET /0ne00TEST01/registrations/dev%2d1/operations/<op>?api-version=2021-06-01"
                  " HTTP/1.1\n" +
                      headers + "content-length: 0\n\n",
                  http_assigned)}};
}

// ---- MQTT ----

inline const std::string res_accepted =
    "PUBLISH qos1 $dps/registrations/res/202/?$rid=RID&retry-after=3 " + assigning + "\n";
inline const std::string res_assigned =
    "PUBLISH qos1 $dps/registrations/res/200/?$rid=RID " + assigned + "\n";

inline std::string with_rid(std::string text, std::string_view rid) {
    return text.replace(text.find("RID"), 3, rid);
}

struct Habit {
    bool clean_session;
    std::uint16_t keep_alive_seconds;
    std::string user_name_rest; // after the registration id
    std::string token;
};

inline Step connect(const Habit& habit) {
    mqtt::Connect packet;
    packet.clean_session = habit.clean_session;
    packet.keep_alive_seconds = habit.keep_alive_seconds;
    packet.client_id = "dev-1";
    packet.user_name = "0ne00TEST01/registrations/dev-1/" + habit.user_name_rest;
    packet.password = habit.token;
    return mqtt_step("connect", packet, "CONNACK sp=0 rc=0\n");
}

inline Step subscribe(std::uint16_t packet_id) {
    return mqtt_step("subscribe",
                     mqtt::Subscribe{.packet_id = packet_id,
                                     .subscriptions = {{.filter = "$dps/registrations/res/#",
                                                        .qos = mqtt::QoS::at_least_once}}},
                     "SUBACK id=" + std::to_string(packet_id) + " [1]\n");
}

struct Request {
    std::string rid;
    std::string payload;
    std::uint16_t packet_id = 0; // 0: at QoS 0
};

inline mqtt::Publish message(std::string topic, const Request& request) {
    const auto qos = request.packet_id == 0 ? mqtt::QoS::at_most_once : mqtt::QoS::at_least_once;
    return {.topic = std::move(topic),
            .payload = request.payload,
            .qos = qos,
            .packet_id = request.packet_id};
}

/// DPS-DEVICE-37: the PUBACK comes first.
inline std::string acknowledged(const Request& request) {
    return request.packet_id == 0 ? "" : "PUBACK id=" + std::to_string(request.packet_id) + "\n";
}

inline Step register_device(const Request& request) {
    return publish("register",
                   message("$dps/registrations/PUT/iotdps-register/?$rid=" + request.rid, request),
                   acknowledged(request) + with_rid(res_accepted, request.rid));
}

inline Step poll(const Request& request) {
    return publish("poll",
                   message("$dps/registrations/GET/iotdps-get-operationstatus/?$rid=" +
                               request.rid + "&operationId=<op>",
                           request),
                   acknowledged(request) + with_rid(res_assigned, request.rid));
}

/// DPS-DEVICE-35 (UNSUBSCRIBE), DPS-DEVICE-36, DPS-DEVICE-40 (UUIDs), DPS-DEVICE-43 (one space)
inline Script node_mqtt() {
    return {
        "NodeMqtt",
        Transport::mqtt,
        {connect({.clean_session = true,
                  .keep_alive_seconds = 180,
                  .user_name_rest = "api-version=2019-03-31&ClientVersion="
                                    "azure-iot-provisioning-device%2F1.9.1",
                  .token = "SharedAccessSignature sr=0ne00TEST01/registrations/dev-1&sig="
                           "f2zduF06b0jWIteIZTDJa55hUFW6JZnYruciYwNTaS8%3D"
                           "&skn=registration&se=1795224131"}),
         subscribe(32211),
         register_device({.rid = "27ad4fd8-8249-49d2-ab3d-8c745864f1f5",
                          .payload = R"({"registrationId":"dev-1","payload":{"a":1}})",
                          .packet_id = 32212}),
         poll({.rid = "0e6a4df8-0000-4000-8000-00000000beef", .payload = " ", .packet_id = 32213}),
         mqtt_step("unsubscribe",
                   mqtt::Unsubscribe{.packet_id = 32214, .filters = {"$dps/registrations/res/#"}},
                   "UNSUBACK id=32214\n"),
         mqtt_step("disconnect", mqtt::Disconnect{}, "")}};
}

/// DPS-DEVICE-32 (keep-alive 0), DPS-DEVICE-36 (QoS 0), DPS-DEVICE-43 (the register JSON again)
inline Script c_mqtt() {
    const std::string json = R"({"registrationId":"dev-1","payload":{"a":1}})";
    return {"CMqtt",
            Transport::mqtt,
            {connect({.clean_session = true,
                      .keep_alive_seconds = 0,
                      .user_name_rest = "api-version=2021-06-01&ClientVersion=1.15.0",
                      .token = "SharedAccessSignature sr=0ne00TEST01%2fregistrations%2fdev-1&sig="
                               "i1OgbUdrc2fNS4tcAigKF4327w%2fS9IIm6Fnn6xgSSkw%3d"
                               "&se=1795223251&skn=registration"}),
             subscribe(1), register_device({.rid = "1", .payload = json}),
             poll({.rid = "2", .payload = json}), mqtt_step("disconnect", mqtt::Disconnect{}, "")}};
}

inline Habit python_habit() {
    return {.clean_session = false,
            .keep_alive_seconds = 60,
            .user_name_rest = "api-version=2019-03-31&ClientVersion=azure-iot-device-provisioning-"
                              "py%2F2.14.0%283.11.7%3BLinux%20%231%20SMP%20PREEMPT_DYNAMIC%20%400"
                              "%3Bx86_64%29",
            .token = "SharedAccessSignature sr=0ne00TEST01%2Fregistrations%2Fdev-1&sig="
                     "nn2aB7q1LFcG1OjwM2iaeMzdZEojNOETDSxUMNAoMbY%3D&se=1795224537"};
}

/// DPS-DEVICE-19 (payload null), DPS-DEVICE-32 (clean session 0), DPS-DEVICE-59 (no skn)
inline Script python_mqtt() {
    return {"PythonMqtt",
            Transport::mqtt,
            {connect(python_habit()), subscribe(1),
             register_device({.rid = "6e1b1d7c-9f0e-4f43-8c5b-6a1f1e7a2b3c",
                              .payload = R"({"payload": null, "registrationId": "dev-1"})",
                              .packet_id = 2}),
             poll({.rid = "f81d4fae-7dec-11d0-a765-00a0c91e6bf6", .payload = " ", .packet_id = 3}),
             mqtt_step("disconnect", mqtt::Disconnect{}, "")}};
}

/// C# reads packets strictly in order; its body may be empty and its packet ids are its own.
/// DPS-DEVICE-19 (empty body), DPS-DEVICE-35, DPS-DEVICE-37, DPS-DEVICE-40 (decimals)
inline Script csharp_mqtt(const std::string& token) {
    return {"CSharpMqtt",
            Transport::mqtt,
            {connect({.clean_session = true,
                      .keep_alive_seconds = 0,
                      .user_name_rest = "api-version=2019-03-31&ClientVersion=.NET%2F1.19.4%20"
                                        "%28.NET%208.0%3B%20Linux%3B%20X64%29",
                      .token = token}),
             subscribe(1), register_device({.rid = "2", .payload = "", .packet_id = 2}),
             poll({.rid = "3", .payload = "", .packet_id = 3}),
             mqtt_step("disconnect", mqtt::Disconnect{}, "")}};
}

/// Java sends its payload as a JSON string, the api-version twice, and an empty `skn`.
/// DPS-DEVICE-19 (any JSON type), DPS-DEVICE-34, DPS-DEVICE-59
inline Script java_mqtt(const std::string& token) {
    return {"JavaMqtt",
            Transport::mqtt,
            {connect({.clean_session = false,
                      .keep_alive_seconds = 230,
                      .user_name_rest = "api-version=2019-03-31&ClientVersion=2019-03-31",
                      .token = token}),
             subscribe(1),
             register_device(
                 {.rid = "1", .payload = R"({"registrationId":"dev-1","payload":"{\"a\":1}"})"}),
             poll({.rid = "2", .payload = ""}), mqtt_step("disconnect", mqtt::Disconnect{}, "")}};
}

/// Embedded C has no ClientVersion and always the same rid. DPS-DEVICE-34, DPS-DEVICE-40
inline Script embedded_c_mqtt(const std::string& token) {
    return {
        "EmbeddedCMqtt",
        Transport::mqtt,
        {connect({.clean_session = false,
                  .keep_alive_seconds = 240,
                  .user_name_rest = "api-version=2019-03-31",
                  .token = token}),
         subscribe(1),
         register_device({.rid = "1", .payload = R"({"registrationId":"dev-1"})", .packet_id = 2}),
         poll({.rid = "1", .payload = ""}), mqtt_step("disconnect", mqtt::Disconnect{}, "")}};
}

inline std::string made_token(std::string_view resource, std::string_view end) {
    const auto token =
        crypto::make_sas(resource, recorded_key, from_unix_seconds(recorded_hour + 3600));
    return token + std::string(end);
}

inline std::vector<Script> all_scripts() {
    const std::string resource = "0ne00TEST01/registrations/dev-1";
    return {node_https(),
            c_https(),
            node_mqtt(),
            c_mqtt(),
            python_mqtt(),
            csharp_mqtt(made_token(resource, "&skn=registration")),
            java_mqtt(made_token(resource, "&skn=")),
            embedded_c_mqtt(made_token(resource, ""))};
}

} // namespace muster::gateway::sdk
