// The literal exchanges of the reference (dps-service 2.3, 2.4, 3, 4), replayed with values of our
// own: the same requests, explicit nulls and all, and documents of the same members in answer.
// `provisioningStatus` is the one intended difference (dps-service 14, 2).

#include "crypto/issuing.h"
#include "gateway/pattern.h"
#include "gateway/service_client.h"

namespace muster::gateway {
namespace {

class ServiceGolden : public ServiceClient {
  protected:
    /// The body must have the pattern's shape; what names stand for is kept for later ones.
    void expect(const HttpAsk& request, unsigned status, std::string_view pattern) {
        const auto reply = run(request);
        EXPECT_EQ(reply.status, status) << reply.body;
        EXPECT_TRUE(known.matches(pattern, reply.body))
            << request.method << ' ' << request.target << "\nexpected:\n"
            << pattern << "\nreceived:\n"
            << reply.body;
    }

    HttpAsk conditional(const std::string& path, const std::string& etag, std::string body) {
        auto request = ask("PUT", path, std::move(body));
        request.headers.push_back({"If-Match", known[etag]});
        return request;
    }

    std::string certificate(const std::string& common_name) {
        const auto now = world.clock.wall();
        const auto made = crypto::issue({.common_name = common_name,
                                         .purpose = crypto::Purpose::client,
                                         .dns_names = {},
                                         .ip_addresses = {},
                                         .not_before = now,
                                         .not_after = now + std::chrono::hours(24),
                                         .path_length = std::nullopt},
                                        nullptr, world.random);
        return to_text(Json(made.value().certificate.pem()));
    }

    static std::string info(const std::string& name, const std::string& slot) {
        return R"({"info":{"subjectName":"CN=)" + name + R"(","sha1Thumbprint":"<sha1)" + slot +
               R"(>","sha256Thumbprint":"<sha256)" + slot + R"(>","issuerName":"CN=)" + name +
               R"(","notBeforeUtc":"2026-11-21T00:46:40Z","notAfterUtc":"2026-11-22T00:46:40Z",)"
               R"("serialNumber":"<serial)" +
               slot + R"(>","version":3}})";
    }

    Pattern known;
};

TEST_F(ServiceGolden, CreatesATpmEnrollmentWithExplicitNulls) {
    expect(ask("PUT", "/enrollments/ind_enroll_tpm-1",
               R"({"registrationId":"ind_enroll_tpm-1","attestation":{"type":"tpm","tpm":)"
               R"({"endorsementKey":"AToAAQ=="}},"allocationPolicy":"static","capabilities":null,)"
               R"("reprovisionPolicy":null,"customAllocationDefinition":null,)"
               R"("provisioningStatus":"enabled","deviceId":"device-1",)"
               R"("optionalDeviceInformation":null,"iotHubs":null,"iotHubHostName":null,)"
               R"("initialTwin":null})"),
           200,
           R"({"registrationId":"ind_enroll_tpm-1","deviceId":"device-1","attestation":{"type":)"
           R"("tpm","tpm":{"endorsementKey":"AToAAQ=="}},"etag":"<etag>","provisioningStatus":)"
           R"("enabled","createdDateTimeUtc":"<made>","lastUpdatedDateTimeUtc":"<made>",)"
           R"("allocationPolicy":"static"})");
    expect(ask("POST", "/enrollments/ind_enroll_tpm-1/attestationmechanism"), 200,
           R"({"type":"tpm","tpm":{"endorsementKey":"AToAAQ=="}})");
}

TEST_F(ServiceGolden, CreatesReadsAndUpdatesASymmetricKeyEnrollment) {
    const std::string path = "/enrollments/sym-1";
    expect(ask("PUT", path,
               R"({"registrationId":"sym-1","attestation":{"type":"symmetricKey","symmetricKey":)"
               R"({"primaryKey":null,"secondaryKey":null}},"deviceId":"sym-device-1",)"
               R"("allocationPolicy":"geoLatency","initialTwin":{"properties":{"desired":)"
               R"({"key":"value"}}},"provisioningStatus":null,"reprovisionPolicy":)"
               R"({"updateHubAssignment":true,"migrateDeviceData":true}})"),
           200,
           R"({"registrationId":"sym-1","deviceId":"sym-device-1","attestation":{"type":)"
           R"("symmetricKey","symmetricKey":{"primaryKey":"<k1>","secondaryKey":"<k2>"}},)"
           R"("initialTwin":{"properties":{"desired":{"key":"value"}}},"etag":"<etag>",)"
           R"("provisioningStatus":"enabled","reprovisionPolicy":{"updateHubAssignment":true,)"
           R"("migrateDeviceData":true},"createdDateTimeUtc":"<made>","lastUpdatedDateTimeUtc":)"
           R"("<made>","allocationPolicy":"geoLatency"})");
    expect(ask("GET", path), 200,
           R"({"registrationId":"sym-1","deviceId":"sym-device-1","attestation":{"type":)"
           R"("symmetricKey"},"initialTwin":{"properties":{"desired":{"key":"value"}}},)"
           R"("etag":"<etag>","provisioningStatus":"enabled","reprovisionPolicy":)"
           R"({"updateHubAssignment":true,"migrateDeviceData":true},"createdDateTimeUtc":"<made>",)"
           R"("lastUpdatedDateTimeUtc":"<made>","allocationPolicy":"geoLatency",)"
           R"("registrationState":{"registrationId":"sym-1","status":"unassigned"}})");

    // A replacement: what is left out is gone, but for the keys.
    world.clock.advance(std::chrono::milliseconds(298));
    expect(conditional(path, "etag",
                       R"({"registrationId":"sym-1","attestation":{"type":"symmetricKey"},)"
                       R"("provisioningStatus":"disabled","allocationPolicy":"custom",)"
                       R"("customAllocationDefinition":{"webhookUrl":"https://www.test.test",)"
                       R"("apiVersion":"2019-03-31"}})"),
           200,
           R"({"registrationId":"sym-1","attestation":{"type":"symmetricKey","symmetricKey":)"
           R"({"primaryKey":"<k1>","secondaryKey":"<k2>"}},"etag":"<etag2>",)"
           R"("provisioningStatus":"disabled","createdDateTimeUtc":"<made>",)"
           R"("lastUpdatedDateTimeUtc":"<updated>","allocationPolicy":"custom",)"
           R"("customAllocationDefinition":{"webhookUrl":"https://www.test.test",)"
           R"("apiVersion":"2019-03-31"}})");
    EXPECT_NE(known["etag"], known["etag2"]);
    EXPECT_EQ(known["made"], "2026-11-21T00:46:40.0000000Z");
    EXPECT_EQ(known["updated"], "2026-11-21T00:46:40.2980000Z");
}

TEST_F(ServiceGolden, ShowsInfoInTheSteadOfCertificates) {
    const auto one = certificate("enroll_cert");
    const auto two = certificate("enroll_cert_two");
    const auto attestation = [](const std::string& primary, const std::string& secondary) {
        return R"("attestation":{"type":"x509","x509":{"clientCertificates":{"primary":)" +
               primary + R"(,"secondary":)" + secondary + "}}}";
    };
    const auto shown = attestation(info("enroll_cert", "1"), info("enroll_cert_two", "2"));
    expect(ask("PUT", "/enrollments/x509_enrollment-1",
               R"({"registrationId":"x509_enrollment-1",)" +
                   attestation(R"({"certificate":)" + one + R"(,"info":null})",
                               R"({"certificate":)" + two + "}") +
                   R"(,"allocationPolicy":"hashed"})"),
           200,
           R"({"registrationId":"x509_enrollment-1",)" + shown +
               R"(,"etag":"<etag>","provisioningStatus":"enabled","createdDateTimeUtc":"<made>",)"
               R"("lastUpdatedDateTimeUtc":"<made>","allocationPolicy":"hashed"})");
    EXPECT_EQ(known["sha2561"].size(), 64U);
    EXPECT_EQ(known["sha11"].size(), 40U);
    expect(ask("POST", "/enrollments/x509_enrollment-1/attestationmechanism"), 200,
           shown.substr(shown.find(':') + 1));
}

TEST_F(ServiceGolden, CreatesGroups) {
    expect(ask("PUT", "/enrollmentGroups/reg_enroll_grp-1",
               R"({"enrollmentGroupId":"reg_enroll_grp-1","attestation":{"type":"symmetricKey",)"
               R"("symmetricKey":{"primaryKey":null,"secondaryKey":null}},"allocationPolicy":)"
               R"("static","capabilities":null,"provisioningStatus":null,"reprovisionPolicy":null,)"
               R"("iotHubs":null,"iotHubHostName":null,"initialTwin":null,)"
               R"("customAllocationDefinition":null})"),
           200,
           R"({"enrollmentGroupId":"reg_enroll_grp-1","attestation":{"type":"symmetricKey",)"
           R"("symmetricKey":{"primaryKey":"<k1>","secondaryKey":"<k2>"}},"etag":"<etag>",)"
           R"("provisioningStatus":"enabled","createdDateTimeUtc":"<made>",)"
           R"("lastUpdatedDateTimeUtc":"<made>","allocationPolicy":"static"})");
    // 64 bytes, 88 characters (dps-service 7)
    EXPECT_EQ(known["k1"].size(), 88U);
    EXPECT_TRUE(known["k1"].ends_with("=="));
}

TEST_F(ServiceGolden, ReportsBulkItemsThatAreThere) {
    const std::string items =
        R"([{"registrationId":"tpm-1","attestation":{"type":"tpm","tpm":{"endorsementKey":)"
        R"("AToAAQ=="}}},{"registrationId":"sym-1","attestation":{"type":"symmetricKey"}}])";
    const auto bulk = [&](const std::string& mode) {
        return ask("POST", "/enrollments",
                   R"({"enrollments":)" + items + R"(,"mode":")" + mode + R"("})");
    };
    const std::string both_there =
        R"({"errors":[{"registrationId":"tpm-1","errorCode":409201,"errorStatus":"<why>"},)"
        R"({"registrationId":"sym-1","errorCode":409201,"errorStatus":"<why>"}],)"
        R"("isSuccessful":false})";
    expect(bulk("create"), 200, R"({"errors":[],"isSuccessful":true})");
    expect(bulk("create"), 200, both_there);
    expect(bulk("update"), 200, both_there);
    expect(bulk("delete"), 200, R"({"errors":[],"isSuccessful":true})");
}

TEST_F(ServiceGolden, ShowsTheRegistrationsOfAGroup) {
    const auto key =
        text_of(put_group("g-1").member("attestation").at("symmetricKey").at("primaryKey"));
    expect(ask("POST", "/registrations/g-1/query"), 200, "[]");
    register_with(key, "device-1");
    const std::string state =
        R"({"registrationId":"device-1","createdDateTimeUtc":"<made>","assignedHub":)"
        R"("hub-1.example.net","deviceId":"device-1","status":"assigned","substatus":)"
        R"("initialAssignment","lastUpdatedDateTimeUtc":"<updated>","etag":"<etag>"})";
    expect(ask("GET", "/registrations/device-1"), 200, state);
    expect(ask("POST", "/registrations/g-1/query"), 200, "[" + state + "]");
    expect(ask("DELETE", "/registrations/device-1"), 204, "");
    expect(ask("POST", "/registrations/g-1/query"), 200, "[]");
}

TEST_F(ServiceGolden, HasTheErrorDocumentOfTheReference) {
    // dps-service 8.1
    expect(ask("GET", "/enrollments/none"), 404,
           R"({"errorCode":404201,"trackingId":"<id>","message":"<why>",)"
           R"("timestampUtc":"2026-11-21T00:46:40.0000000Z"})");
    EXPECT_EQ(known["id"].size(), 36U);
}

} // namespace
} // namespace muster::gateway
