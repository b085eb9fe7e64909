#pragma once
// For tests: the habits of the service API's clients (dps-service 1.1 to 1.9, 2 to 5, 13.1). Header
// spellings, escapes, tokens, modes and bodies are theirs; so is what each cannot do without.

#include "base/clock.h"
#include "base/random.h"
#include "crypto/issuing.h"
#include "gateway/service_script.h"

#include <string>
#include <vector>

namespace muster::gateway::service {

inline const std::string keys_shown =
    R"("symmetricKey":{"primaryKey":"<primary>","secondaryKey":"<secondary>"})";

/// `anenrollment` of a symmetric key, as PUT shows it; GET and queries leave the keys out.
inline std::string with_keys(std::string_view id_member, std::string_view end) {
    return "{" + std::string(id_member) + R"(,"attestation":{"type":"symmetricKey",)" + keys_shown +
           "}," + std::string(end) + "}";
}

inline std::string without_keys(std::string_view id_member, std::string_view end) {
    return "{" + std::string(id_member) + R"(,"attestation":{"type":"symmetricKey"},)" +
           std::string(end) + "}";
}

inline std::string json_type(std::string_view type) {
    return "Content-Type: " + std::string(type) + "\n";
}

/// DPS-SERVICE-5, DPS-SERVICE-8 (lower-case path, trailing slash), DPS-SERVICE-20, DPS-SERVICE-31,
/// DPS-SERVICE-37: as recorded in dps-service 2.3
inline Script node() {
    const Client client{
        .api_version = "2021-10-01",
        .headers =
            "Authorization: " + token({.resource = "dps.example.net", .order = "sr sig skn se"}) +
            "\nRequest-Id: 5947b9bb-7882-4112-95da-af8917580f57\n"
            "User-Agent: azure-iot-provisioning-service/1.11.2\n"
            "Host: dps.example.net\nConnection: keep-alive\n"};
    const std::string accept = "Accept: application/json\n";
    const auto json = accept + json_type("application/json; charset=utf-8");
    const std::string path = " /enrollments/dev%3A1.a_b";
    const std::string id = R"("registrationId":"dev:1.a_b")";
    const auto made = stamped({"etag", "made"});
    return {
        "Node",
        Transport::https,
        {ask(client, {"PUT" + path, json, "{" + id + R"(,"attestation":{"type":"symmetricKey"}})"},
             ok(with_keys(id, made))),
         ask(client, {"GET" + path, accept, ""},
             ok(without_keys(id, made + R"(,"registrationState":{)" + id +
                                     R"(,"status":"unassigned"})"))),
         ask(client, {"PUT" + path, json + "If-Match: <etag>\n", without_keys(id, made)},
             ok(with_keys(id, stamped({"etag2", "updated"})))),
         ask(client, {"POST /enrollmentgroups/none/attestationmechanism", "", ""},
             refused("404 Not Found", "404204")),
         ask(client, {"POST" + path + "/attestationmechanism", "Content-Length: 0\n", ""},
             ok(R"({"type":"symmetricKey",)" + keys_shown + "}")),
         ask(client,
             {"POST /enrollments/", json,
              R"({"mode":"updateIfMatchEtag","enrollments":[{)" + id +
                  R"(,"attestation":{"type":"symmetricKey"},"etag":"<etag2>"}]})"},
             all_done),
         ask(client, {"POST /enrollments/query", json, R"({"query":"*"})"},
             page({"Enrollment", "[" + without_keys(id, stamped(any_stamp)) + "]"})),
         ask(client, {"DELETE" + path, "If-Match: <etag>\n", ""},
             refused("412 Precondition Failed", "412201")),
         ask(client, {"DELETE" + path, "", ""}, deleted)}};
}

/// DPS-SERVICE-2, DPS-SERVICE-3, DPS-SERVICE-5, DPS-SERVICE-10 (lower-case escapes),
/// DPS-SERVICE-14, DPS-SERVICE-15, DPS-SERVICE-16, DPS-SERVICE-32: as recorded in dps-service 2.3
inline Script c() {
    const Client client{
        .api_version = "2018-04-01",
        .headers =
            "UserAgent: iothub_dps_prov_client/1.0\n"
            "Accept: application/json\n"
            "Content-Type: application/json; charset=utf-8\n"
            "Authorization: " +
            token({.resource = "dps.example.net", .order = "sr sig se skn", .lower_hex = true}) +
            "\nHost: dps.example.net:443\n",
        .length = "content-length",
        .length_without_body = true};
    const std::string path = " /enrollments/dev%3a1.a_b";
    const std::string id = R"("registrationId":"dev:1.a_b")";
    const std::string tpm = R"("attestation":{"type":"tpm","tpm":{"endorsementKey":"AToAAQ=="}})";
    const std::string sent = R"({"capabilities":{"iotEdge":false},)" + id +
                             R"(,"deviceId":"dev1",)" + tpm + R"(,"provisioningStatus":"enabled"})";
    const auto shown = [&](const std::string& end) {
        return "{" + id + R"(,"deviceId":"dev1",)" + tpm + R"(,"capabilities":{"iotEdge":false},)" +
               end;
    };
    return {
        "C",
        Transport::https,
        {ask(client, {"PUT" + path, "", sent}, ok(shown(stamped({"etag", "made"}) + "}"))),
         ask(client, {"GET" + path, "", ""},
             ok(shown(stamped({"etag", "made"}) + R"(,"registrationState":{)" + id +
                      R"(,"status":"unassigned"}})"))),
         ask(client, {"PUT" + path, "If-Match: <etag>\n", sent},
             ok(shown(stamped({"etag2", "updated"}) + "}"))),
         ask(client, {"POST /enrollments/query", "x-ms-max-item-count: 10\n", R"({"query":"*"})"},
             page({"Enrollment", "[" + shown(stamped({"etag2", "updated"}) + "}") + "]"})),
         ask(client, {"POST /registrations/nobody/query", "", R"({"query":"*"})"},
             page({"DeviceRegistration", "[]"})),
         ask(client,
             {"POST /enrollments/", "", R"({"mode":"delete","enrollments":[)" + sent + "]}"},
             all_done),
         ask(client, {"DELETE" + path, "", ""}, refused("404 Not Found", "404201"))}};
}

/// The client certificate of the .NET script, as that client exports it: base64 of DER.
inline std::string exported_certificate() {
    SeededRandom random{7};
    const auto now = from_unix_seconds(recorded_hour);
    return base64_encode(crypto::issue({.common_name = "dev-1",
                                        .purpose = crypto::Purpose::client,
                                        .dns_names = {},
                                        .ip_addresses = {},
                                        .not_before = now - std::chrono::hours(1),
                                        .not_after = now + std::chrono::hours(1),
                                        .path_length = std::nullopt},
                                       nullptr, random)
                             .value()
                             .certificate.der());
}

/// DPS-SERVICE-22 (quotes added: `"*"`), DPS-SERVICE-25, DPS-SERVICE-26 (DER)
inline Script dotnet() {
    const Client client{
        .api_version = "2019-03-31",
        .headers =
            "Authorization: " + token({.resource = "dps.example.net", .order = "sr sig se skn"}) +
            "\nAccept: application/json\n"
            "User-Agent: Microsoft.Azure.Devices.Provisioning.Service/1.18.4\n"
            "Host: dps.example.net\n"};
    const auto json = json_type("application/json; charset=utf-8");
    const std::string id = R"("registrationId":"dev-1")";
    const std::string certificates =
        R"("attestation":{"type":"x509","x509":{"clientCertificates":{"primary":{)";
    const auto sent =
        "{" + id + "," + certificates + R"("certificate":")" + exported_certificate() + R"("}}}}})";
    const auto info = certificates +
                      R"("info":{"subjectName":"CN=dev-1","sha1Thumbprint":"<sha1>",)"
                      R"("sha256Thumbprint":"<thumbprint>","issuerName":"CN=dev-1",)"
                      R"("notBeforeUtc":"<from>Z","notAfterUtc":"<to>Z","serialNumber":"<serial>",)"
                      R"("version":3}}}}},)";
    const auto shown = [&](const std::string& end) { return "{" + id + "," + info + end; };
    return {
        "DotNet",
        Transport::https,
        {ask(client, {"PUT /enrollments/dev-1", json, sent},
             ok(shown(stamped({"etag", "made"}) + "}"))),
         ask(client,
             {"PUT /enrollments/dev-1", json + "If-Match: \"*\"\n",
              shown(stamped({"etag", "made"}) + "}")},
             ok(shown(stamped({"etag2", "updated"}) + "}"))),
         ask(client, {"GET /enrollments/dev-1", json, ""},
             ok(shown(stamped({"etag2", "updated"}) + R"(,"registrationState":{)" + id +
                      R"(,"status":"unassigned"}})"))),
         ask(client, {"POST /enrollments/query", json, R"({"query":"SELECT * FROM enrollments"})"},
             page({"Enrollment", "[" + shown(stamped({"etag2", "updated"}) + "}]")})),
         ask(client, {"DELETE /enrollments/dev-1", json + "If-Match: \"<etag>\"\n", ""},
             refused("412 Precondition Failed", "412201")),
         ask(client, {"DELETE /enrollments/dev-1", json + "If-Match: \"<etag2>\"\n", ""},
             deleted)}};
}

/// DPS-SERVICE-9, DPS-SERVICE-12 (only 200 and 204), DPS-SERVICE-30 for groups, DPS-SERVICE-34 (the
/// wrong table), DPS-SERVICE-40
inline Script dotnet_preview() {
    const Client client{
        .api_version = "2021-10-01",
        .headers =
            "Authorization: " + token({.resource = "dps.example.net", .order = "sr sig se skn"}) +
            "\nAccept: application/json\nHost: dps.example.net\n"};
    const auto json = json_type("application/json; charset=utf-8");
    const std::string id = R"("enrollmentGroupId":"g-1")";
    const std::string bulk = R"({"mode":"create","enrollmentGroups":[{)" + id +
                             R"(,"attestation":{"type":"symmetricKey"}}]})";
    return {
        "DotNetPreview",
        Transport::https,
        {ask(client, {"POST /enrollmentGroups", json, bulk}, all_done),
         ask(client, {"POST /enrollmentGroups", json, bulk},
             ok(R"({"errors":[{"enrollmentGroupId":"g-1","errorCode":409202,"errorStatus":"<*>"}],)"
                R"("isSuccessful":false})")),
         ask(client, {"GET /enrollmentGroups/g-1", "", ""},
             ok(without_keys(id, stamped({"etag", "made"})))),
         ask(client,
             {"PUT /enrollmentGroups/g-1", json + "If-Match: \"<etag>\"\n",
              without_keys(id, stamped({"etag", "made"}))},
             ok(with_keys(id, stamped({"etag2", "updated"})))),
         ask(client,
             {"POST /registrations/g-1/query", json,
              R"({"query":"SELECT * FROM enrollmentGroups"})"},
             page({"DeviceRegistration", "[]"})),
         ask(client, {"DELETE /enrollmentGroups/g-1", "If-Match: \"<etag2>\"\n", ""}, deleted),
         ask(client, {"GET /enrollmentGroups/g-1", "", ""}, refused("404 Not Found", "404204"))}};
}

/// DPS-SERVICE-9 (lower-cased and encoded), DPS-SERVICE-29, DPS-SERVICE-34 (its query builder),
/// DPS-SERVICE-37 (`{}`)
inline Script java() {
    const Client client{
        .api_version = "2019-03-31",
        .headers =
            "Authorization: " + token({.resource = "dps.example.net", .order = "sr sig se skn"}) +
            "\nRequest-Id: 1001\nAccept: application/json\n"
            "Content-Type: application/json\ncharset: utf-8\n"
            "User-Agent: com.microsoft.azure.sdk.iot.provisioning.service\n"
            "Host: dps.example.net\n"};
    const std::string id = R"("enrollmentGroupId":"g:1")";
    const std::string edge = R"("capabilities":{"iotEdge":true},)";
    const auto sent = "{" + id + R"(,"attestation":{"type":"symmetricKey","symmetricKey":)" +
                      R"({"primaryKey":"","secondaryKey":""}},"capabilities":{"iotEdge":true}})";
    return {
        "Java",
        Transport::https,
        {ask(client, {"PUT /enrollmentGroups/g:1", "", sent},
             ok(with_keys(id, edge + stamped({"etag", "made"})))),
         ask(client, {"POST /enrollmentGroups/g:1/attestationmechanism", "", "{}"},
             ok(R"({"type":"symmetricKey",)" + keys_shown + "}")),
         ask(client, {"PUT /enrollmentGroups/g:1", "", sent}, refused("409 Conflict", "409202")),
         ask(client,
             {"POST /enrollmentGroups/query", "x-ms-max-item-count: 10\n",
              R"({"query":"select * from enrollmentGroups where provisioningStatus = 'enabled'"})"},
             page({.item_type = "EnrollmentGroup",
                   .body = "[" + without_keys(id, edge + stamped({"etag", "made"})) + "]",
                   .verdict = "filtered"})),
         ask(client, {"DELETE /enrollmentGroups/g:1", "If-Match: <etag>\n", ""}, deleted)}};
}

} // namespace muster::gateway::service
