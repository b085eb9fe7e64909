#include "app/migrating/carry.h"
#include "crypto/issuing.h"

#include <gtest/gtest.h>

namespace muster::app {

namespace {

crypto::Certificate make_certificate(const std::string& name) {
    SystemRandom random;
    const WallTime now = from_unix_seconds(1'893'456'000);
    auto identity = crypto::issue({.common_name = name,
                                   .purpose = crypto::Purpose::client,
                                   .dns_names = {},
                                   .ip_addresses = {},
                                   .not_before = now,
                                   .not_after = now + std::chrono::hours(24),
                                   .path_length = {}},
                                  nullptr, random);
    EXPECT_TRUE(identity);
    return identity->certificate;
}

JsonObject object(std::string_view text) {
    auto parsed = parse_json_object(text);
    EXPECT_TRUE(parsed) << parsed.error().detail;
    return parsed.value_or(JsonObject());
}

class Carry : public testing::Test {
  protected:
    CertificateShelf shelf_;
    CarryRules rules_{.certificates = shelf_, .hubs = {{"old.example.net", "new.example.net"}}};
};

TEST_F(Carry, KeysComeFromTheMechanismAndReadOnlyMembersStayBehind) {
    const auto item = object(
        R"({"registrationId":"dev-1","deviceId":"d","registrationState":{"status":"assigned"},)"
        R"("attestation":{"type":"symmetricKey"},"etag":"x","iotHubHostName":"OLD.example.net",)"
        R"("iotHubs":["old.example.net","other.example.net"],"createdDateTimeUtc":"x",)"
        R"("initialTwin":{"tags":{"a":1}},"lastUpdatedDateTimeUtc":"x"})");
    EXPECT_TRUE(needs_mechanism(item));
    const auto mechanism =
        object(R"({"type":"symmetricKey","symmetricKey":{"primaryKey":"a","secondaryKey":"b"}})");
    const auto carried = carry(item, &mechanism, rules_);
    ASSERT_TRUE(carried) << carried.error().detail;
    EXPECT_EQ(
        *carried,
        object(R"({"registrationId":"dev-1","deviceId":"d","attestation":)"
               R"({"type":"symmetricKey","symmetricKey":{"primaryKey":"a","secondaryKey":"b"}},)"
               R"("iotHubHostName":"new.example.net",)"
               R"("iotHubs":["new.example.net","other.example.net"],)"
               R"("initialTwin":{"tags":{"a":1}}})"));
}

TEST_F(Carry, CertificatesAreFoundByTheirThumbprints) {
    const auto certificate = make_certificate("dev-2");
    const auto item =
        object(R"({"registrationId":"dev-2","attestation":{"type":"x509","x509":)"
               R"({"clientCertificates":{"primary":{"info":{"subjectName":"CN=dev-2",)"
               R"("sha256Thumbprint":")" +
               certificate.sha256_thumbprint() + R"("}}}}}})");
    EXPECT_FALSE(needs_mechanism(item));
    const auto missing = carry(item, nullptr, rules_);
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().code, Code::not_found);
    EXPECT_NE(missing.error().detail.find("CN=dev-2"), std::string::npos);

    shelf_.add(certificate);
    const auto carried = carry(item, nullptr, rules_);
    ASSERT_TRUE(carried) << carried.error().detail;
    EXPECT_EQ((*carried)
                  .at("attestation")
                  .at("x509")
                  .at("clientCertificates")
                  .at("primary")
                  .at("certificate")
                  .as_string(),
              certificate.pem());
}

TEST_F(Carry, ReferencesAndEndorsementKeysAreCarriedAsTheyAre) {
    for (const char* attestation : {R"({"type":"x509","x509":{"caReferences":{"primary":"root"}}})",
                                    R"({"type":"tpm","tpm":{"endorsementKey":"AToAAQ=="}})"}) {
        const auto item =
            object(std::string(R"({"enrollmentGroupId":"g","attestation":)") + attestation + "}");
        const auto carried = carry(item, nullptr, rules_);
        ASSERT_TRUE(carried) << carried.error().detail;
        EXPECT_EQ(*carried, item);
    }
}

TEST_F(Carry, AnswersThatAreNoEnrollmentAreRefused) {
    EXPECT_FALSE(carry(object("{}"), nullptr, rules_));
    EXPECT_FALSE(carry(object(R"({"attestation":"x"})"), nullptr, rules_));
    const auto odd = carry(object(R"({"attestation":{"type":"x509","x509":)"
                                  R"({"signingCertificates":{"primary":{"info":{}}}}}})"),
                           nullptr, rules_);
    ASSERT_FALSE(odd);
    EXPECT_EQ(odd.error().code, Code::malformed);
}

} // namespace

} // namespace muster::app
