#include "provisioning/documents.h"
#include "provisioning/test_world.h"

namespace muster::provisioning {
namespace {

JsonObject json(std::string_view text) {
    return parse_json_object(text).value();
}

IndividualEnrollment read(std::string_view text) {
    const auto enrollment = individual_from_document(json(text));
    EXPECT_TRUE(enrollment) << enrollment.error().detail;
    return enrollment.value_or(IndividualEnrollment());
}

std::string refusal(std::string_view text) {
    const auto enrollment = individual_from_document(json(text));
    if (enrollment) {
        return "accepted";
    }
    EXPECT_EQ(enrollment.error().code, Code::malformed);
    return enrollment.error().detail;
}

std::string refusal_of_attestation(std::string_view attestation) {
    return refusal(R"({"registrationId":"a","attestation":)" + std::string(attestation) + "}");
}

std::string keys_of(const JsonObject& document) {
    std::string keys;
    for (const auto& member : document) {
        keys += std::string(member.key()) + ' ';
    }
    return keys;
}

ResourceStamp stamp() {
    return {.version = 3,
            .etag = ETag("IjAi"),
            .created = test_time,
            .updated = test_time + std::chrono::microseconds(1'234'567)};
}

const std::string_view key_text = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";

const std::string_view everything = R"({
    "registrationId":"Dev:1.a_b-","deviceId":"pump#7?",
    "optionalDeviceInformation":{"additionalProperties":{"x":[1,null,{"y":2.5}]}},
    "attestation":{"type":"symmetricKey","symmetricKey":{
        "primaryKey":"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
        "secondaryKey":"ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA="}},
    "capabilities":{"iotEdge":true},"iotHubHostName":"hub-1",
    "initialTwin":{"tags":{"version":1,"$odd":null},"properties":{"desired":{"a":{"b":[]}}},"z":0},
    "etag":"ignored","provisioningStatus":"disabled",
    "reprovisionPolicy":{"updateHubAssignment":true,"migrateDeviceData":false},
    "createdDateTimeUtc":"1999-01-01T00:00:00Z","lastUpdatedDateTimeUtc":17,
    "allocationPolicy":"static","iotHubs":["Hub-1.Example.net"],
    "customAllocationDefinition":{"webhookUrl":"https://web.hook","apiVersion":"2019-03-31"},
    "clientCertificateIssuancePolicy":{"certificateAuthorityName":"ca"},"trustBundleId":"t",
    "credentialPolicyName":"c","registrationState":{"status":"assigned"},"unknown":[1]})";

TEST(EnrollmentDocument, EchoesExactlyWhatWasSet) {
    // DPS-SERVICE-13, DPS-SERVICE-24: members and their order
    IndividualEnrollment enrollment = read(everything);
    enrollment.stamp = stamp();
    JsonObject wanted = json(everything);
    wanted.erase("registrationState");
    wanted.erase("unknown");
    wanted["etag"] = "IjAi";
    wanted["createdDateTimeUtc"] = "2030-01-01T00:00:00.0000000Z";
    wanted["lastUpdatedDateTimeUtc"] = "2030-01-01T00:00:01.2345670Z";
    EXPECT_EQ(to_text(to_document(enrollment, View::written)), to_text(wanted));
}

TEST(EnrollmentDocument, OmitsWhatWasNotSetAndAlwaysPrintsTheStatus) {
    // DPS-SERVICE-14, DPS-SERVICE-15
    const IndividualEnrollment enrollment = read(
        R"({"registrationId":"a","attestation":{"type":"tpm","tpm":{"endorsementKey":"AToAAQ==",
            "storageRootKey":null},"x509":null},"deviceId":null,"capabilities":null,
            "reprovisionPolicy":null,"provisioningStatus":null,"iotHubs":null,"initialTwin":null,
            "iotHubHostName":null,"optionalDeviceInformation":null,"allocationPolicy":null,
            "customAllocationDefinition":null,"trustBundleId":null})");
    const JsonObject document = to_document(enrollment, View::written);
    EXPECT_EQ(keys_of(document), "registrationId attestation etag provisioningStatus "
                                 "createdDateTimeUtc lastUpdatedDateTimeUtc ");
    EXPECT_EQ(document.at("provisioningStatus"), "enabled");
    EXPECT_EQ(to_text(document.at("attestation")),
              R"({"type":"tpm","tpm":{"endorsementKey":"AToAAQ=="}})");
}

TEST(EnrollmentDocument, ReadsNamesInAnyCase) {
    const auto enrollment = read(
        R"({"registrationId":"a","attestation":{"type":"SymmetricKey"},"allocationPolicy":"Hashed",
            "provisioningStatus":"Disabled"})");
    EXPECT_EQ(enrollment.terms.allocation_policy, AllocationPolicy::hashed);
    EXPECT_EQ(enrollment.terms.status, ProvisioningStatus::disabled);
    for (const auto& [text, policy] : {std::pair("geolatency", AllocationPolicy::geo_latency),
                                       std::pair("STATIC", AllocationPolicy::fixed),
                                       std::pair("custom", AllocationPolicy::custom)}) {
        EXPECT_EQ(
            read(R"({"registrationId":"a","attestation":{"type":"none"},"allocationPolicy":")" +
                 std::string(text) + "\"}")
                .terms.allocation_policy,
            policy);
    }
}

TEST(EnrollmentDocument, ShowsKeysOnlyToTheWriter) {
    // DPS-SERVICE-17, DPS-SERVICE-18
    const IndividualEnrollment enrollment = read(everything);
    EXPECT_EQ(to_text(to_document(enrollment, View::read).at("attestation")),
              R"({"type":"symmetricKey"})");
    const std::string shown =
        R"({"type":"symmetricKey","symmetricKey":{"primaryKey":")" + std::string(key_text) +
        R"(","secondaryKey":"ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA="}})";
    EXPECT_EQ(to_text(to_document(enrollment, View::written).at("attestation")), shown);
    EXPECT_EQ(to_text(to_mechanism(enrollment.terms.attestation)), shown);
}

TEST(EnrollmentDocument, KeysMayBeLeftOpenInEveryWay) {
    // DPS-SERVICE-19
    for (const auto* attestation :
         {R"({"type":"symmetricKey"})", R"({"type":"symmetricKey","symmetricKey":null})",
          R"({"type":"symmetricKey","symmetricKey":{}})",
          R"({"type":"symmetricKey","symmetricKey":{"primaryKey":null,"secondaryKey":""}})"}) {
        const auto enrollment =
            read(R"({"registrationId":"a","attestation":)" + std::string(attestation) + "}");
        const auto& keys = std::get<SymmetricKeyAttestation>(enrollment.terms.attestation).keys;
        EXPECT_TRUE(keys.primary.empty() && keys.secondary.empty());
    }
}

TEST(EnrollmentDocument, MistakesAreNamed) {
    EXPECT_EQ(refusal("{}"), "registrationId is required");
    EXPECT_EQ(refusal(R"({"registrationId":7})"), "registrationId must be a string");
    EXPECT_EQ(refusal(R"({"registrationId":"a"})"), "attestation is required");
    EXPECT_NE(refusal(R"({"registrationId":"a.","attestation":{"type":"none"}})"), "accepted");
    EXPECT_EQ(refusal_of_attestation("[]"), "attestation must be an object");
    EXPECT_EQ(refusal_of_attestation("{}"), "attestation.type is required");
    EXPECT_EQ(refusal_of_attestation(R"({"type":"magic"})"),
              "attestation.type must be symmetricKey, x509, tpm or none");
    EXPECT_EQ(refusal_of_attestation(R"({"type":"tpm"})"), "attestation.tpm is required");
    EXPECT_EQ(refusal_of_attestation(R"({"type":"tpm","tpm":{}})"),
              "attestation.tpm.endorsementKey is required");
    EXPECT_EQ(refusal_of_attestation(R"({"type":"tpm","tpm":{"endorsementKey":"no!"}})"),
              "attestation.tpm.endorsementKey must be base64");
    EXPECT_EQ(refusal_of_attestation(R"({"type":"none","tpm":{"endorsementKey":"AA=="}})"),
              "attestation.tpm does not go with the type none");
    EXPECT_EQ(refusal_of_attestation(R"({"type":"x509"})"), "attestation.x509 is required");
    EXPECT_EQ(refusal_of_attestation(R"({"type":"x509","x509":{"caReferences":{}}})"),
              "attestation.x509.caReferences names no CA");
    EXPECT_EQ(refusal_of_attestation(R"({"type":"x509","x509":{"clientCertificates":{}}})"),
              "attestation.x509.clientCertificates.primary or secondary is required");
    EXPECT_EQ(
        refusal_of_attestation(R"({"type":"x509","x509":{"clientCertificates":{"primary":{}}}})"),
        "attestation.x509.clientCertificates.primary holds no certificate");
}

TEST(EnrollmentDocument, X509TakesExactlyOneContainer) {
    const std::string wanted = "attestation.x509 must hold exactly one of clientCertificates, "
                               "signingCertificates and caReferences";
    EXPECT_EQ(refusal_of_attestation(R"({"type":"x509","x509":{}})"), wanted);
    EXPECT_EQ(refusal_of_attestation(R"({"type":"x509","x509":{"caReferences":{"primary":"c"},
                                         "signingCertificates":{"primary":{"info":{}}}}})"),
              wanted);
    EXPECT_EQ(refusal_of_attestation(
                  R"({"type":"x509","x509":{"caReferences":{"primary":"c"},
                      "clientCertificates":null,"signingCertificates":null}})"),
              "accepted");
}

TEST(EnrollmentDocument, KeysAreBase64Of16To64Bytes) {
    const auto with_key_of = [](std::size_t bytes) {
        return refusal_of_attestation(R"({"type":"symmetricKey","symmetricKey":{"primaryKey":")" +
                                      base64_encode(std::string(bytes, 'k')) + "\"}}");
    };
    EXPECT_EQ(with_key_of(16), "accepted");
    EXPECT_EQ(with_key_of(64), "accepted");
    EXPECT_NE(with_key_of(15), "accepted");
    EXPECT_NE(with_key_of(65), "accepted");
    const std::string refused = refusal_of_attestation(
        R"({"type":"symmetricKey","symmetricKey":{"primaryKey":"sEcReT!"}})");
    EXPECT_TRUE(refused.starts_with("attestation.symmetricKey.primaryKey")) << refused;
    EXPECT_EQ(refused.find("sEcReT"), std::string::npos) << "never echoed";
}

TEST(EnrollmentDocument, MembersOfTheWrongTypeAreNamed) {
    for (const auto* member :
         {R"("deviceId":"ü")", R"("deviceId":7)", R"("optionalDeviceInformation":"x")",
          R"("capabilities":{"iotEdge":"yes"})", R"("iotHubHostName":1)", R"("initialTwin":[])",
          R"("initialTwin":{"tags":1})", R"("initialTwin":{"properties":1})",
          R"("initialTwin":{"properties":{"desired":[]}})", R"("provisioningStatus":"maybe")",
          R"("reprovisionPolicy":{"updateHubAssignment":1})", R"("allocationPolicy":"random")",
          R"("iotHubs":"hub-1")", R"("iotHubs":[1])", R"("iotHubs":[""])",
          R"("customAllocationDefinition":"x")", R"("trustBundleId":{})",
          R"("clientCertificateIssuancePolicy":1)", R"("credentialPolicyName":1)"}) {
        const std::string refused = refusal(
            R"({"registrationId":"a","attestation":{"type":"none"},)" + std::string(member) + "}");
        const std::string_view name = std::string_view(member).substr(1);
        EXPECT_TRUE(refused.starts_with(name.substr(0, name.find('"')))) << refused;
    }
}

struct Certificates : testing::Test {
    static std::string document_with(const std::string& certificate) {
        return to_text(JsonObject{
            {"registrationId", "dev-1"},
            {"attestation",
             JsonObject{
                 {"type", "x509"},
                 {"x509", JsonObject{{"clientCertificates",
                                      JsonObject{{"primary",
                                                  JsonObject{{"certificate", certificate}}}}}}}}}});
    }

    crypto::Identity leaf = make_leaf("dev-1");
};

TEST_F(Certificates, ComeAsPemOrBase64OfDerOrOfPem) {
    // DPS-SERVICE-26
    for (const std::string& text : {leaf.certificate.pem(), base64_encode(leaf.certificate.der()),
                                    base64_encode(leaf.certificate.pem())}) {
        const auto enrollment = read(document_with(text));
        EXPECT_EQ(std::get<ClientCertificates>(enrollment.terms.attestation).certificates.primary,
                  leaf.certificate);
    }
    EXPECT_NE(refusal(document_with("not a certificate")), "accepted");
}

TEST_F(Certificates, AreShownAsInfoOnly) {
    // DPS-SERVICE-25
    const auto enrollment = individual("dev-1", client(leaf.certificate));
    for (const View view : {View::written, View::read}) {
        const JsonObject document = to_document(enrollment, view);
        const JsonObject& slots =
            document.at("attestation").at("x509").at("clientCertificates").as_object();
        EXPECT_EQ(keys_of(slots), "primary ");
        EXPECT_EQ(keys_of(slots.at("primary").as_object()), "info ");
        const JsonObject& info = slots.at("primary").at("info").as_object();
        EXPECT_EQ(keys_of(info), "subjectName sha1Thumbprint sha256Thumbprint issuerName "
                                 "notBeforeUtc notAfterUtc serialNumber version ");
        EXPECT_EQ(info.at("subjectName"), "CN=dev-1");
        EXPECT_EQ(info.at("sha256Thumbprint").as_string(), leaf.certificate.sha256_thumbprint());
        EXPECT_EQ(info.at("sha256Thumbprint").as_string().size(), 64U);
        EXPECT_EQ(info.at("notBeforeUtc"), "2029-12-31T00:00:00Z");
        EXPECT_EQ(info.at("version"), 3);
    }
}

TEST_F(Certificates, ASlotWithInfoOnlyIsMarkedAsKept) {
    // DPS-SERVICE-20
    const auto enrollment = individual("dev-1", client(leaf.certificate));
    const auto again = individual_from_document(to_document(enrollment, View::read));
    ASSERT_TRUE(again) << again.error().detail;
    const auto& slots = std::get<ClientCertificates>(again->terms.attestation).certificates;
    EXPECT_FALSE(slots.primary);
    EXPECT_EQ(slots.kept.primary, leaf.certificate.sha256_thumbprint());
    EXPECT_FALSE(slots.kept.secondary);
}

TEST_F(Certificates, ReferencesAreEchoed) {
    const auto group = group_from_document(json(
        R"({"enrollmentGroupId":"g","attestation":{"type":"x509","x509":{"caReferences":
            {"secondary":"my-root-ca"}}},"capabilities":{"iotEdge":false}})"));
    ASSERT_TRUE(group);
    // DPS-SERVICE-29: iotEdge on groups
    EXPECT_EQ(to_text(to_document(*group, View::read).at("attestation")),
              R"({"type":"x509","x509":{"caReferences":{"secondary":"my-root-ca"}}})");
    EXPECT_EQ(to_text(to_document(*group, View::read).at("capabilities")), R"({"iotEdge":false})");
    EXPECT_EQ(keys_of(to_document(*group, View::read)).substr(0, 18), "enrollmentGroupId ");
}

TEST(StoredEnrollment, ComesBackWhole) {
    const auto leaf = make_leaf("dev-1");
    const auto ca = make_ca("ca");
    for (const Attestation& attestation :
         {Attestation(SymmetricKeyAttestation{test_keys}), Attestation(client(leaf.certificate)),
          Attestation(references("a", "b")), Attestation(TpmAttestation{"AA==", "AQ=="}),
          Attestation(NoAttestation{})}) {
        IndividualEnrollment enrollment = read(everything);
        enrollment.terms.attestation = attestation;
        enrollment.stamp = stamp();
        const JsonObject document = to_document(enrollment, View::stored);
        const auto again = stored_individual(document);
        ASSERT_TRUE(again) << again.error().detail;
        EXPECT_EQ(to_document(*again, View::stored), document);
        EXPECT_EQ(again->stamp.version, 3);
        EXPECT_EQ(again->stamp.updated, enrollment.stamp.updated);
    }
    EnrollmentGroup one = group("g", signing(ca.certificate, leaf.certificate));
    one.stamp = stamp();
    const auto again = stored_group(to_document(one, View::stored));
    ASSERT_TRUE(again) << again.error().detail;
    const auto& slots = std::get<SigningCertificates>(again->terms.attestation).certificates;
    EXPECT_EQ(slots.primary, ca.certificate);
    EXPECT_EQ(slots.secondary, leaf.certificate);
}

TEST(StoredEnrollment, NeedsItsStamp) {
    IndividualEnrollment enrollment = read(everything);
    enrollment.stamp = stamp();
    for (const auto* member : {"version", "etag", "createdDateTimeUtc", "lastUpdatedDateTimeUtc"}) {
        JsonObject document = to_document(enrollment, View::stored);
        document.erase(member);
        EXPECT_FALSE(stored_individual(document)) << member;
    }
}

} // namespace
} // namespace muster::provisioning
