// The service API over HTTPS, as its clients use it.

#include "gateway/service_client.h"

namespace muster::gateway {
namespace {

using ServiceHttps = ServiceClient;

TEST_F(ServiceHttps, CreatesAnIndividualEnrollmentAsNodeDoes) {
    // DPS-SERVICE-8, DPS-SERVICE-12, DPS-SERVICE-13, DPS-SERVICE-14, DPS-SERVICE-18, DPS-SERVICE-19
    const auto reply = run(
        "PUT", "/enrollments/dev%3A1.a_b",
        R"({"registrationId":"dev:1.a_b","attestation":{"type":"symmetricKey"},"etag":"IjAi"})");
    EXPECT_EQ(reply.status, 200U) << reply.body;
    EXPECT_EQ(reply.header("Content-Type"), "application/json; charset=utf-8");
    EXPECT_EQ(reply.header("Content-Length"), std::to_string(reply.body.size())); // DPS-SERVICE-4
    EXPECT_EQ(reply.member("registrationId"), Json("dev:1.a_b"));
    EXPECT_EQ(reply.member("provisioningStatus"), Json("enabled"));
    EXPECT_FALSE(text_of(reply.member("etag")).empty());
    EXPECT_TRUE(parse_time(text_of(reply.member("createdDateTimeUtc"))));
    EXPECT_EQ(reply.member("createdDateTimeUtc"), reply.member("lastUpdatedDateTimeUtc"));
    const auto keys = reply.member("attestation").at("symmetricKey");
    EXPECT_TRUE(crypto::decode_key(text_of(keys.at("primaryKey"))));
    EXPECT_EQ(reply.member("registrationState"), Json());
    EXPECT_EQ(reply.body.find("null"), std::string::npos); // DPS-SERVICE-15
}

TEST_F(ServiceHttps, TakesTheRequestsOfTheCClient) {
    // DPS-SERVICE-5: UserAgent, Content-Type and content-length on a GET, port in Host, lower-case
    // escapes, a trailing slash
    world.enroll("dev:1.a_b");
    auto request = ask("GET", "/enrollments/dev%3a1.a_b/");
    request.host = "dps.example.net:443";
    request.headers.push_back({"UserAgent", "iothub_dps_prov_client/1.0"});
    request.headers.push_back({"Content-Type", "application/json; charset=utf-8"});
    EXPECT_EQ(run(request).status, 200U);
}

TEST_F(ServiceHttps, ShowsNoKeysButTheStateOnGet) {
    // DPS-SERVICE-16, DPS-SERVICE-17, DPS-SERVICE-18, DPS-SERVICE-27
    put_symmetric("dev-1");
    const auto reply = run("GET", "/enrollments/DEV-1");
    EXPECT_EQ(reply.status, 200U);
    EXPECT_EQ(to_text(reply.member("attestation")), R"({"type":"symmetricKey"})");
    EXPECT_EQ(to_text(reply.member("registrationState")),
              R"({"registrationId":"dev-1","status":"unassigned"})");
}

TEST_F(ServiceHttps, ShowsTheStateOfARegisteredDevice) {
    // DPS-SERVICE-27, DPS-SERVICE-38, DPS-SERVICE-39: one etag and one date for device and operator
    world.enroll("dev-1");
    const auto device = [&](std::string method, const std::string& end) {
        return run({.method = std::move(method),
                    .target = "/0ne00TEST01/registrations/dev-1" + end + api,
                    .headers = {{"Authorization", world.device_token("dev-1")}}});
    };
    const auto operation = text_of(device("PUT", "/register").member("operationId"));
    const auto for_device =
        device("GET", "/operations/" + operation).member("registrationState").as_object();

    const auto record = run("GET", "/registrations/dev-1");
    EXPECT_EQ(record.status, 200U);
    EXPECT_EQ(record.member("status"), Json("assigned"));
    for (const auto* name : {"etag", "createdDateTimeUtc", "lastUpdatedDateTimeUtc"}) {
        EXPECT_EQ(record.member(name), for_device.at(name)) << name;
    }
    EXPECT_EQ(run("GET", "/enrollments/dev-1").member("registrationState"), record.json());
}

TEST_F(ServiceHttps, NeverOverwritesWithoutIfMatch) {
    // DPS-SERVICE-21, DPS-SERVICE-22, DPS-SERVICE-23, DPS-SERVICE-42; the table of dps-service 2.5
    const std::string path = "/enrollments/dev-1";
    const std::string body = R"({"registrationId":"dev-1","attestation":{"type":"symmetricKey"}})";
    const auto etag = text_of(put_symmetric("dev-1").member("etag"));
    expect_refused(ask("PUT", path, body), 409, 409201);

    const auto second = run_if_match("PUT", path, etag, body);
    EXPECT_EQ(second.status, 200U) << second.body;
    EXPECT_NE(text_of(second.member("etag")), etag);
    EXPECT_EQ(run_if_match("PUT", path, etag, body).error_code(), 412201);

    const auto quoted = '"' + text_of(second.member("etag")) + '"';
    EXPECT_EQ(run_if_match("PUT", path, quoted, body).status, 200U);
    EXPECT_EQ(run_if_match("PUT", path, "*", body).status, 200U);
    EXPECT_EQ(run_if_match("PUT", path, "\"*\"", body).status, 200U);
    // dps-service 14, 8
    const std::string absent = R"({"registrationId":"d","attestation":{"type":"symmetricKey"}})";
    EXPECT_EQ(run_if_match("PUT", "/enrollments/d", etag, absent).error_code(), 412201);
    EXPECT_EQ(run_if_match("PUT", "/enrollments/d", "*", absent).error_code(), 404201);
}

TEST_F(ServiceHttps, TakesBackWhatItShowed) {
    // DPS-SERVICE-20: GET, change, PUT; keys that are not shown are kept
    put_symmetric("dev-1");
    const auto mechanism = run("POST", "/enrollments/dev-1/attestationmechanism").body;
    auto document = run("GET", "/enrollments/dev-1").json().as_object();
    document["provisioningStatus"] = "disabled";
    const auto reply =
        run_if_match("PUT", "/enrollments/dev-1", text_of(document.at("etag")), to_text(document));
    EXPECT_EQ(reply.status, 200U) << reply.body;
    EXPECT_EQ(reply.member("provisioningStatus"), Json("disabled"));
    EXPECT_EQ(run("POST", "/enrollments/dev-1/attestationmechanism").body, mechanism);
}

TEST_F(ServiceHttps, Deletes) {
    // DPS-SERVICE-2, DPS-SERVICE-3, DPS-SERVICE-12, DPS-SERVICE-42
    put_symmetric("dev-1");
    EXPECT_EQ(run_if_match("DELETE", "/enrollments/dev-1", "IjAi").error_code(), 412201);
    const auto reply = run("DELETE", "/enrollments/dev-1");
    EXPECT_EQ(reply.status, 204U);
    EXPECT_EQ(reply.body, "");
    EXPECT_GE(reply.headers.size(), 1U);
    expect_refused(ask("DELETE", "/enrollments/dev-1"), 404, 404201);
}

TEST_F(ServiceHttps, ShowsAttestationMechanisms) {
    // DPS-SERVICE-8 (Node's lower case), DPS-SERVICE-18, DPS-SERVICE-37: no body, and `{}`
    const auto keys = put_group("g-1").member("attestation");
    for (const auto* body : {"", "{}"}) {
        const auto reply = run("POST", "/enrollmentgroups/g-1/attestationmechanism", body);
        EXPECT_EQ(reply.status, 200U);
        EXPECT_EQ(reply.json(), keys);
    }
    expect_refused(ask("POST", "/enrollments/none/attestationmechanism"), 404, 404201);
}

TEST_F(ServiceHttps, ServesGroups) {
    // DPS-SERVICE-12, DPS-SERVICE-21, DPS-SERVICE-29, DPS-SERVICE-40, DPS-SERVICE-42
    const std::string path = "/enrollmentGroups/g-1";
    const std::string body = R"({"enrollmentGroupId":"g-1","attestation":{"type":"symmetricKey"},)"
                             R"("capabilities":{"iotEdge":true}})";
    EXPECT_EQ(to_text(run("PUT", path, body).member("capabilities")), R"({"iotEdge":true})");
    expect_refused(ask("PUT", path, body), 409, 409202);
    EXPECT_EQ(run_if_match("PUT", path, "IjAi", body).error_code(), 412202);
    EXPECT_EQ(run("GET", path).member("enrollmentGroupId"), Json("g-1"));
    EXPECT_EQ(run("GET", path).member("registrationState"), Json());
    EXPECT_EQ(run("DELETE", path).status, 204U);
    expect_refused(ask("GET", path), 404, 404204);
}

TEST_F(ServiceHttps, EchoesExactlyWhatWasSent) {
    // DPS-SERVICE-24, DPS-SERVICE-28
    const std::string twin = R"({"tags":{"site":"s"},"properties":{"desired":{"a":{"b":[1]}}}})";
    const std::string custom = R"({"webhookUrl":"https://web.hook","apiVersion":"2019-03-31"})";
    const auto reply =
        run("PUT", "/enrollments/dev-1",
            R"({"registrationId":"dev-1","attestation":{"type":"symmetricKey"},"initialTwin":)" +
                twin + R"(,"allocationPolicy":"custom","customAllocationDefinition":)" + custom +
                R"(,"optionalDeviceInformation":{"additionalProperties":{"x":1}},)"
                R"("reprovisionPolicy":{"updateHubAssignment":true,"migrateDeviceData":false}})");
    EXPECT_EQ(reply.status, 200U) << reply.body;
    EXPECT_EQ(to_text(reply.member("initialTwin")), twin);
    EXPECT_EQ(to_text(reply.member("customAllocationDefinition")), custom);
    EXPECT_EQ(to_text(reply.member("optionalDeviceInformation")),
              R"({"additionalProperties":{"x":1}})");
    EXPECT_EQ(reply.member("allocationPolicy"), Json("custom"));
}

TEST_F(ServiceHttps, RefusesDocumentsThatAreNone) {
    for (const auto* body :
         {"", "{", "[]", R"({"registrationId":"dev-1"})", R"({"attestation":{"type":"none"}})",
          R"({"registrationId":"other","attestation":{"type":"symmetricKey"}})",
          R"({"registrationId":"dev-1","attestation":{"type":"magic"}})",
          R"({"registrationId":"dev-1","registrationId":"dev-1"})"}) {
        expect_refused(ask("PUT", "/enrollments/dev-1", body), 400, 400004);
    }
    expect_refused(ask("PUT", "/enrollments/dev-1", std::string(97 * 1024, ' ')), 413, 413000);
    expect_refused(ask("GET", "/enrollments/dev%201"), 400, 400004);
    EXPECT_FALSE(world.enrollments.get(RegistrationId("dev-1")));
}

TEST_F(ServiceHttps, RefusesOtherMediaTypesMethodsAndPaths) {
    auto request = ask("PUT", "/enrollments/dev-1", "{}");
    request.headers.back().value = "application/xml";
    expect_refused(request, 415, 415000);
    expect_refused(ask("PATCH", "/enrollments/dev-1"), 405, 405000);
    expect_refused(ask("PUT", "/enrollments/"), 405, 405000); // dps-service 1.9
    expect_refused(ask("GET", "/devices/dev-1"), 404, 404000);
    EXPECT_EQ(run("PATCH", "/enrollments/dev-1").header("Allow"), "GET, PUT, DELETE");
}

TEST_F(ServiceHttps, RefusesMissingAndMalformedApiVersions) {
    auto request = ask("GET", "/enrollments/dev-1");
    request.target = "/enrollments/dev-1";
    expect_refused(request, 400, 400000);
    request.target = "/enrollments/dev-1?api-version=v1";
    expect_refused(request, 400, 400000);
}

TEST_F(ServiceHttps, DeletesRegistrations) {
    // DPS-SERVICE-38, DPS-SERVICE-42
    const auto key =
        text_of(put_group("g-1").member("attestation").at("symmetricKey").at("primaryKey"));
    register_with(key, "dev-1");
    EXPECT_EQ(run_if_match("DELETE", "/registrations/dev-1", "IjAi").error_code(), 412203);
    const auto etag = text_of(run("GET", "/registrations/dev-1").member("etag"));
    EXPECT_EQ(run_if_match("DELETE", "/registrations/dev-1", etag).status, 204U);
    expect_refused(ask("GET", "/registrations/dev-1"), 404, 404202);
    expect_refused(ask("DELETE", "/registrations/dev-1"), 404, 404202);
}

TEST_F(ServiceHttps, DoesNotTakeRegistrationsForTheDeviceApi) {
    // `/registrations/{id}` beside `/{scope}/registrations/{id}`, ids that look like the other
    world.enroll("registrations");
    EXPECT_EQ(run("GET", "/enrollments/registrations").status, 200U);
    expect_refused(ask("GET", "/registrations/0ne00TEST01"), 404, 404202);
    EXPECT_EQ(run("POST", "/registrations/registrations/query").body, "[]");
    EXPECT_EQ(run("POST", "/enrollments/registrations/attestationmechanism").status, 200U);
}

} // namespace
} // namespace muster::gateway
