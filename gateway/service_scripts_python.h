#pragma once
// For tests: the habits of the service API's Python clients, the command line tool among them; see
// service_scripts.h.

#include "gateway/service_scripts.h"

namespace muster::gateway::service {

/// DPS-SERVICE-5, DPS-SERVICE-9 (a port in `sr`), DPS-SERVICE-12, DPS-SERVICE-30, DPS-SERVICE-35
inline Script python() {
    const Client client{
        .api_version = "2018-09-01-preview",
        .headers = "User-Agent: python/3.11 msrest/0.7.1\n"
                   "Accept-Encoding: gzip, deflate\nAccept: application/json\n"
                   "Connection: keep-alive\naccept-language: en-US\n"
                   "Content-Type: application/json; charset=utf-8\n"
                   "Authorization: " +
                   token({.resource = "dps.example.net%3A8443", .order = "sr sig se skn"}) +
                   "\nHost: dps.example.net:8443\n"};
    const auto item = [](const std::string& id) {
        return R"({"registrationId":")" + id + R"(","attestation":{"type":"symmetricKey"}})";
    };
    const auto listed = [](const std::string& id) {
        return without_keys(R"("registrationId":")" + id + '"', stamped(any_stamp));
    };
    return {"Python",
            Transport::https,
            {ask(client,
                 {"POST /enrollments", "",
                  R"({"enrollments":[)" + item("dev-1") + "," + item("dev-2") +
                      R"(],"mode":"create"})"},
                 all_done),
             // The first page is the only one that this client reads if the next is empty.
             ask(client,
                 {"POST /enrollments/query", "Cache-Control: no-cache, must-revalidate\n",
                  R"({"query":"*"})"},
                 page({"Enrollment", "[" + listed("dev-1") + "," + listed("dev-2") + "]"})),
             ask(client, {"DELETE /enrollments/dev-1", "", ""}, deleted),
             ask(client, {"DELETE /enrollments/dev-2", "If-Match: *\n", ""}, deleted),
             ask(client, {"GET /enrollments/dev-1", "", ""}, refused("404 Not Found", "404201"))}};
}

/// DPS-SERVICE-9 (a URL in `sr`), DPS-SERVICE-15, DPS-SERVICE-18, DPS-SERVICE-19 (null everywhere),
/// DPS-SERVICE-24, DPS-SERVICE-35, DPS-SERVICE-36, DPS-SERVICE-37: as recorded in dps-service 2.3
inline Script python_track2() {
    const Client client{
        .api_version = "2021-10-01",
        .headers = "User-Agent: azsdk-python-iot-deviceprovisioning/1.0.0b1 Python/3.11.7\n"
                   "Accept-Encoding: gzip, deflate\nAccept: application/json\n"
                   "Connection: keep-alive\nAuthorization: " +
                   token({.resource = "https%3A%2F%2Fdps.example.net", .order = "sr sig se skn"}) +
                   "\nHost: dps.example.net\n"};
    const auto json = json_type("application/json");
    const auto sent = [](const std::string& id) {
        return R"({"registrationId":")" + id +
               R"(","attestation":{"type":"symmetricKey","symmetricKey":{"primaryKey":null,)"
               R"("secondaryKey":null}},"allocationPolicy":"custom","customAllocationDefinition":)"
               R"({"webhookUrl":"https://www.test.test","apiVersion":"2019-03-31"},)"
               R"("capabilities":null,"provisioningStatus":null,"reprovisionPolicy":null,)"
               R"("iotHubs":null,"iotHubHostName":null,"initialTwin":null,)"
               R"("optionalDeviceInformation":null,"deviceId":null})";
    };
    const std::string custom =
        R"(,"allocationPolicy":"custom","customAllocationDefinition":)"
        R"({"webhookUrl":"https://www.test.test","apiVersion":"2019-03-31"})";
    const std::string id1 = R"("registrationId":"dev-1")";
    const std::string id2 = R"("registrationId":"dev-2")";
    const std::string size = "x-ms-max-item-count: 1\n";
    return {
        "PythonTrack2",
        Transport::https,
        {ask(client, {"PUT /enrollments/dev-1", json, sent("dev-1")},
             ok(with_keys(id1, stamped({"etag", "made"}) + custom))),
         ask(client, {"PUT /enrollments/dev-2", json, sent("dev-2")}, ok("<*>")),
         ask(client, {"POST /enrollments/dev-1/attestationmechanism", "Content-Length: 0\n", ""},
             ok(R"({"type":"symmetricKey",)" + keys_shown + "}")),
         ask(client, {"POST /enrollments/query", json + size, R"({"query":"select *"})"},
             page({.item_type = "Enrollment",
                   .body = "[" + without_keys(id1, stamped({"etag", "made"}) + custom) + "]",
                   .continuation = "x-ms-continuation: <next>\n"})),
         ask(client,
             {"POST /enrollments/query", json + size + "x-ms-continuation: <next>\n",
              R"({"query":"select *"})"},
             page({"Enrollment", "[" + without_keys(id2, stamped(any_stamp) + custom) + "]"})),
         ask(client,
             {"POST /enrollments", json,
              R"({"enrollments":[)" + sent("dev-1") + R"(],"mode":"update"})"},
             ok(R"({"errors":[{"registrationId":"dev-1","errorCode":409201,"errorStatus":"<*>"}],)"
                R"("isSuccessful":false})")),
         ask(client,
             {"POST /enrollments", json,
              R"({"enrollments":[)" + sent("dev-1") + "," + sent("dev-2") +
                  R"(],"mode":"delete"})"},
             all_done),
         ask(client, {"DELETE /enrollments/dev-1", "Content-Length: 0\n", ""},
             refused("404 Not Found", "404201"))}};
}

/// The command line tool: a group, a device of it, and its registration. DPS-SERVICE-22 (`*`),
/// DPS-SERVICE-34 (no body), DPS-SERVICE-38, DPS-SERVICE-39
inline Script command_line() {
    const Client client{.api_version = "2021-10-01",
                        .headers =
                            "User-Agent: IoTPlatformCliExtension/0.24.0\nAccept: application/json\n"
                            "Connection: keep-alive\naccept-language: en-US\n"
                            "x-ms-client-request-id: 8c8a0d6e-7d2b-11ee-b962-0242ac120002\n"
                            "Content-Type: application/json; charset=utf-8\nAuthorization: " +
                            token({.resource = "dps.example.net", .order = "sr sig se skn"}) +
                            "\nHost: dps.example.net\n"};
    const std::string id = R"("enrollmentGroupId":"g-1")";
    const std::string policy =
        R"("reprovisionPolicy":{"updateHubAssignment":true,"migrateDeviceData":true},)";
    const std::string head = "{" + id +
                             R"(,"attestation":{"type":"symmetricKey","symmetricKey":{)"
                             R"("primaryKey":")" +
                             std::string(recorded_key_text) + R"(","secondaryKey":")" +
                             std::string(recorded_key_text) + R"("}},)";
    const std::string twin = R"("initialTwin":{"tags":{},"properties":{"desired":{}}},)";
    const std::string edge = R"("capabilities":{"iotEdge":false},)";
    const auto sent = head + edge + twin + policy + R"("provisioningStatus":"enabled"})";
    const auto shown = [&](const std::string& etag, const std::string& updated) {
        return head + edge + twin + stamped({etag, updated}, policy) + "}";
    };
    const std::string state =
        R"({"registrationId":"dev-1","createdDateTimeUtc":"<*>Z",)"
        R"("assignedHub":"hub-1.example.net",)"
        R"("deviceId":"dev-1","status":"assigned","substatus":"initialAssignment",)"
        R"("lastUpdatedDateTimeUtc":"<*>Z","etag":"<state>"})";
    const Client device{
        .api_version = "2019-03-31",
        .headers = "Host: dps.example.net\nAuthorization: " +
                   crypto::make_sas("0ne00TEST01/registrations/dev-1",
                                    crypto::derive_device_key(recorded_key, "dev-1"),
                                    from_unix_seconds(recorded_hour + 3600), "registration") +
                   "\n"};
    return {"CommandLine",
            Transport::https,
            {ask(client, {"PUT /enrollmentGroups/g-1", "", sent}, ok(shown("etag", "made"))),
             ask(client, {"PUT /enrollmentGroups/g-1", "If-Match: *\n", sent},
                 ok(shown("etag2", "updated"))),
             ask(device, {"PUT /0ne00TEST01/registrations/dev-1/register", "", ""},
                 "HTTP/1.1 202 Accepted\n<*>\n\n{<*>}"),
             ask(client, {"POST /registrations/g-1/query", "Content-Length: 0\n", ""},
                 page({"DeviceRegistration", "[" + state + "]"})),
             ask(client, {"GET /registrations/dev-1", "", ""}, ok(state)),
             ask(client, {"DELETE /registrations/dev-1", "If-Match: \"<state>\"\n", ""}, deleted),
             ask(client, {"GET /registrations/dev-1", "", ""}, refused("404 Not Found", "404202")),
             ask(client, {"DELETE /enrollmentGroups/g-1", "If-Match: *\n", ""}, deleted)}};
}

inline std::vector<Script> all_scripts() {
    return {node(), c(),      dotnet(),        dotnet_preview(),
            java(), python(), python_track2(), command_line()};
}

} // namespace muster::gateway::service
