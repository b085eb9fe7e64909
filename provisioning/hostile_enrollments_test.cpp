// Enrollments as nobody should send them (reference: dps-service 8.5, and beyond): each is refused
// with the name of what is wrong, and nothing is stored.

#include "crypto/weak_certificates.h"
#include "provisioning/documents.h"
#include "provisioning/test_world.h"

namespace muster::provisioning {
namespace {

const IfMatch absent{};

std::string repeated(std::string_view text, std::size_t times) {
    std::string all;
    for (std::size_t i = 0; i < times; ++i) {
        all += text;
    }
    return all;
}

JsonObject document_of(const std::string& id, std::string_view attestation = R"({"type":"none"})") {
    return {{"registrationId", id}, {"attestation", parse_json(attestation).value()}};
}

struct HostileEnrollments : testing::Test, World {
    /// As the service takes a body: text, document, enrollment, use case.
    std::string put_text(std::string_view body) {
        const auto document = parse_json_object(body);
        return document ? put_document(*document) : document.error().detail;
    }

    std::string put_document(const JsonObject& document) {
        const auto wanted = individual_from_document(document);
        return wanted ? put_enrollment(*wanted) : wanted.error().detail;
    }

    template <class Resource>
    std::string put_enrollment(const Resource& wanted) {
        const auto stored = enrollments->put(wanted, absent, test_operator);
        EXPECT_TRUE(stored || stored.error().code == Code::malformed);
        return stored ? "accepted" : stored.error().detail;
    }

    std::string put_group(std::string_view body) {
        const auto wanted = group_from_document(parse_json_object(body).value());
        return wanted ? put_enrollment(*wanted) : wanted.error().detail;
    }

    /// The document with one more member.
    std::string put_with(std::string_view member) {
        return put_text(R"({"registrationId":"a","attestation":{"type":"none"},)" +
                        std::string(member) + "}");
    }

    std::string put_certificate(const std::string& text) {
        return put_document(
            {{"registrationId", "dev-1"},
             {"attestation",
              JsonObject{{"type", "x509"},
                         {"x509", JsonObject{{"clientCertificates",
                                              JsonObject{{"primary", JsonObject{{"certificate",
                                                                                 text}}}}}}}}}});
    }

    void expect_nothing_stored() {
        EXPECT_TRUE(store.changes().empty());
        EXPECT_EQ(enrollments->counts()->enrollments, 0);
        EXPECT_EQ(enrollments->counts()->enrollment_groups, 0);
    }
};

TEST_F(HostileEnrollments, TheEvidencedRulesOneByOne) {
    // dps-service 8.5, in its order
    EXPECT_EQ(put_text(R"({"attestation":{"type":"none"}})"), "registrationId is required");
    EXPECT_EQ(put_text(R"({"registrationId":"a"})"), "attestation is required");
    EXPECT_EQ(put_group(R"({"attestation":{"type":"symmetricKey"}})"),
              "enrollmentGroupId is required");
    EXPECT_EQ(put_group(R"({"enrollmentGroupId":"g"})"), "attestation is required");
    EXPECT_EQ(put_with(R"("allocationPolicy":"custom")"),
              "A CustomAllocationDefinition is required when the allocation policy is set to "
              "'Custom'");
    EXPECT_EQ(put_with(R"("iotHubs":["hub-1"])"),
              "Enrollment allocationPolicy must be specified when iotHubs are specified.");
    EXPECT_EQ(put_with(R"("allocationPolicy":"hashed","iotHubs":["hub-1","elsewhere"])"),
              "hub 'elsewhere' is not linked to this provisioning service");
    EXPECT_EQ(put_with(R"("allocationPolicy":"static","iotHubs":["hub-1","hub-2"])"),
              "the static allocation policy takes a single hub");
    expect_nothing_stored();
}

TEST_F(HostileEnrollments, TheRecommendedRulesOneByOne) {
    EXPECT_EQ(put_group(R"({"enrollmentGroupId":"g","attestation":
                            {"type":"tpm","tpm":{"endorsementKey":"AA=="}}})"),
              "an enrollment group attests by symmetricKey, or by x509 with signingCertificates or "
              "caReferences");
    const auto ca = make_ca("ca");
    EXPECT_NE(put_enrollment(group("g", client(ca.certificate))), "accepted");
    EXPECT_EQ(put_enrollment(individual("a", signing(ca.certificate))),
              "an individual enrollment takes no signingCertificates");
    EXPECT_EQ(put_document(document_of("a", R"({"type":"tpm","symmetricKey":{}})")),
              "attestation.symmetricKey does not go with the type tpm");
    EXPECT_EQ(put_with(R"("customAllocationDefinition":
                          {"webhookUrl":"javascript:alert","apiVersion":"2019-03-31"
})"),
              "customAllocationDefinition.webhookUrl must be an absolute http or https address");
    expect_nothing_stored();
}

TEST_F(HostileEnrollments, SymmetricKeysAreBase64OfTheRightLength) {
    for (const std::string& key : {std::string("?"), base64_encode("short"), std::string("AAA"),
                                   base64_encode(std::string(65, 'k')), std::string("\u00fc")}) {
        const std::string said = put_document(document_of(
            "a", R"({"type":"symmetricKey","symmetricKey":{"primaryKey":")" + key + "\"}}"));
        EXPECT_TRUE(said.starts_with("attestation.symmetricKey.primaryKey ")) << said;
        EXPECT_EQ(said.find(key), key == "?" ? said.find('?') : std::string::npos) << said;
    }
    expect_nothing_stored();
}

TEST_F(HostileEnrollments, IdsAreOfOneAlphabetAndBounded) {
    EXPECT_EQ(put_document(document_of(std::string(128, 'a'))), "accepted");
    EXPECT_EQ(put_document(document_of("b-")), "accepted");
    for (const std::string& id : {std::string(),
                                  std::string(129, 'a'),
                                  std::string(100'000, 'a'),
                                  std::string("."),
                                  std::string(".."),
                                  std::string("../a"),
                                  std::string("a/b"),
                                  std::string("a\\b"),
                                  std::string("a%2Fb"),
                                  std::string("%61"),
                                  std::string("a b"),
                                  std::string("a\0b", 3),
                                  std::string("a\n"),
                                  std::string("\x7f"),
                                  std::string("a?b"),
                                  std::string("a#b"),
                                  std::string("a:"),
                                  std::string("a."),
                                  std::string("\u00fc"),
                                  std::string("\u0430"),
                                  std::string("a\u200d"),
                                  std::string("\u202eabc"),
                                  std::string("\U0001F600"),
                                  std::string("K\u0307"),
                                  std::string("a'--"),
                                  std::string("<b>")}) {
        const std::string said = put_document(document_of(id));
        EXPECT_TRUE(said.starts_with("registrationId ")) << id << ": " << said;
        EXPECT_LT(said.size(), 300U) << "an id is not echoed at length";
        JsonObject in_group = document_of(id, R"({"type":"symmetricKey"})");
        in_group["enrollmentGroupId"] = id;
        EXPECT_FALSE(group_from_document(in_group)) << id;
    }
    EXPECT_EQ(enrollments->counts()->enrollments, 2);
}

TEST_F(HostileEnrollments, DeviceIdsToo) {
    const auto with_device = [&](const std::string& device) {
        JsonObject document = document_of("a");
        document["deviceId"] = device;
        return put_document(document);
    };
    for (const std::string& device : {std::string(129, 'a'), std::string("a/b"), std::string("a b"),
                                      std::string("\u00fc"), std::string("a\0", 2)}) {
        EXPECT_TRUE(with_device(device).starts_with("deviceId ")) << device;
    }
    expect_nothing_stored();
    EXPECT_EQ(with_device(std::string(128, '#')), "accepted");
}

TEST_F(HostileEnrollments, TextIsJsonUtf8WithoutRepetition) {
    for (const std::string& body :
         {std::string(), std::string("null"), std::string("[]"), std::string("{"),
          std::string(
              R"({"registrationId":"a","registrationId":"b","attestation":{"type":"none"}})"),
          std::string("{\"registrationId\":\"\xff\"}"), std::string("\xef\xbb\xbf{}"),
          std::string(R"({"registrationId":"a","attestation":{"type":"none"}} x)"),
          std::string(R"({"registrationId":"\ud800","attestation":{"type":"none"}})"),
          std::string(R"({"registrationId":"a","attestation":{"type":"none"},"x":NaN})")}) {
        EXPECT_NE(put_text(body), "accepted") << body;
    }
    expect_nothing_stored();
}

TEST_F(HostileEnrollments, ThousandLevelsOfJsonAreRefusedAndTheDeepestThatIsTakenComesBack) {
    const auto nested = [&](std::size_t levels) {
        return put_with(R"("initialTwin":{"tags":)" + repeated(R"({"a":)", levels) + "1" +
                        repeated("}", levels) + "}");
    };
    for (const std::size_t levels : {31U, 1000U, 10'000U}) {
        EXPECT_NE(nested(levels), "accepted") << levels;
    }
    EXPECT_NE(put_with("\"initialTwin\":" + repeated("[", 1000) + repeated("]", 1000)), "accepted");
    expect_nothing_stored();
    const std::size_t deepest = JsonLimits().depth_max - 2;
    ASSERT_EQ(nested(deepest), "accepted");
    const auto stored = enrollments->get(RegistrationId("a"))->enrollment;
    EXPECT_TRUE(
        stored_individual(parse_json_object(to_text(to_document(stored, View::stored))).value()));
}

TEST_F(HostileEnrollments, DocumentsEndAt96Kilobytes) {
    const auto sized = [&](std::size_t bytes) {
        const std::string head =
            R"({"registrationId":"a","attestation":{"type":"none"},"initialTwin":{"tags":{"x":")";
        const std::string tail = R"("}}})";
        return head + std::string(bytes - head.size() - tail.size(), 'x') + tail;
    };
    EXPECT_NE(put_text(sized(96 * 1024 + 1)), "accepted");
    EXPECT_EQ(parse_json_object(sized(96 * 1024 + 1)).error().code, Code::too_large);
    expect_nothing_stored();
    EXPECT_EQ(put_text(sized(96 * 1024)), "accepted");
}

struct HostileCertificates : HostileEnrollments {};

TEST_F(HostileCertificates, BrokenOnesAreRefused) {
    const crypto::Identity leaf = make_leaf("dev-1");
    const std::string der = leaf.certificate.der();
    const std::string pem = leaf.certificate.pem();
    std::string flipped = der;
    flipped[4] = static_cast<char>(flipped[4] ^ 0x7f);
    for (const std::string& text :
         {std::string("hello"), base64_encode(der.substr(0, der.size() - 1)),
          base64_encode(der + "x"), base64_encode(flipped), pem.substr(0, pem.size() / 2),
          std::string(leaf.key_pem.reveal()), std::string("-----BEGIN CERTIFICATE-----"),
          base64_encode(base64_encode(base64_encode(pem)))}) {
        EXPECT_EQ(put_certificate(text),
                  "attestation.x509.clientCertificates.primary not a certificate")
            << text;
    }
    expect_nothing_stored();
}

TEST_F(HostileCertificates, HugeOnesAreRefused) {
    const std::string sequence("\x30\x82\x4e\x20", 4); // of 20,000 bytes
    EXPECT_NE(put_certificate(base64_encode(sequence + std::string(20'000, '\0'))), "accepted");
    EXPECT_NE(put_certificate(std::string(90'000, 'A')), "accepted");
    EXPECT_NE(put_certificate("-----BEGIN CERTIFICATE-----\n" + std::string(90'000, 'A') +
                              "\n-----END CERTIFICATE-----\n"),
              "accepted");
    expect_nothing_stored();
}

TEST_F(HostileCertificates, WeakKeysAreRefusedAndOldSignaturesAreNot) {
    for (const std::string_view weak : {crypto::rsa_512_md5, crypto::rsa_1024_sha1}) {
        EXPECT_TRUE(
            put_certificate(std::string(weak)).starts_with("the certificate's key is too weak"));
        const auto certificate = crypto::Certificate::from_text(weak).value();
        EXPECT_NE(put_enrollment(group("g", signing({}, certificate))), "accepted");
    }
    expect_nothing_stored();
    EXPECT_EQ(put_certificate(std::string(crypto::rsa_2048_sha1)), "accepted");
}

TEST_F(HostileCertificates, PurposeAndTimeAreLeftToTheDeviceSide) {
    // dps-service 6.5: recorded, or decided for lack of evidence
    crypto::CertificateRequest expired = certificate_request("old", crypto::Purpose::client);
    expired.not_after = test_time - 1h;
    crypto::CertificateRequest future = certificate_request("new", crypto::Purpose::client);
    future.not_before = test_time + 1h;
    const auto server = issue(certificate_request("server", crypto::Purpose::server));
    EXPECT_EQ(put_enrollment(individual("old", client(issue(expired).certificate))), "accepted");
    EXPECT_EQ(put_enrollment(individual("new", client(issue(future).certificate))), "accepted");
    EXPECT_EQ(put_enrollment(individual("server", client(server.certificate))), "accepted");
    EXPECT_EQ(put_enrollment(individual("ca", client(make_ca("ca").certificate))), "accepted");
    EXPECT_EQ(put_enrollment(group("leaf", signing(make_leaf("leaf").certificate))), "accepted");
}

TEST_F(HostileEnrollments, TimeShownNeverRunsBackwards) {
    const auto keyed = individual("a", SymmetricKeyAttestation{test_keys});
    put(keyed);
    clock.advance(1h);
    const ResourceStamp before = put(keyed, IfMatch::Kind::any).stamp;
    clock.advance(-24h);
    const ResourceStamp after = put(keyed, IfMatch::Kind::any).stamp;
    EXPECT_EQ(after.updated, before.updated);
    EXPECT_EQ(after.created, before.created);
    EXPECT_GT(after.version, before.version);
    EXPECT_NE(after.etag, before.etag);
    auto row = keyed;
    row.device_id = DeviceId("d");
    ASSERT_EQ(enrollments->import({row}, ImportMode::replace, test_operator)->front(),
              ImportOutcome::replaced);
    const ResourceStamp imported = enrollments->get(keyed.id)->enrollment.stamp;
    EXPECT_EQ(imported.updated, before.updated);
    EXPECT_EQ(imported.version, after.version + 1);
}

TEST_F(HostileEnrollments, AnEtagOfAnEarlierLifeIsStale) {
    const auto keyed = individual("a", SymmetricKeyAttestation{test_keys});
    const ETag earlier = put(keyed).stamp.etag;
    ASSERT_TRUE(enrollments->erase(keyed.id, absent, test_operator));
    clock.advance(-1h);
    put(keyed);
    const auto overwritten =
        enrollments->put(keyed, {.kind = IfMatch::Kind::exactly, .etag = earlier}, test_operator);
    ASSERT_FALSE(overwritten);
    EXPECT_EQ(overwritten.error().code, Code::precondition);
}

} // namespace
} // namespace muster::provisioning
