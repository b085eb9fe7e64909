#include "provisioning/instances/certificates.h"
#include "provisioning/instances/instances_world.h"

#include <regex>
#include <set>

namespace muster::provisioning {
namespace {

using std::chrono_literals::operator""h;

crypto::Identity issue(std::string common_name, crypto::Purpose purpose,
                       const crypto::Identity* issuer = nullptr,
                       WallTime not_after = control_time + 24h) {
    static SystemRandom random;
    auto identity = crypto::issue({.common_name = std::move(common_name),
                                   .purpose = purpose,
                                   .dns_names = {},
                                   .ip_addresses = {},
                                   .not_before = control_time - 24h,
                                   .not_after = not_after,
                                   .path_length = {}},
                                  issuer, random);
    EXPECT_TRUE(identity) << identity.error().detail;
    return *std::move(identity);
}

crypto::Identity authority(std::string name = "Fleet CA") {
    return issue(std::move(name), crypto::Purpose::certificate_authority);
}

struct CertificatesTest : testing::Test, InstancesWorld {
    CertificatesTest() { make("dps-1"); }

    Result<InstancePtr> put_ca(const std::string& name, const IfMatch& match = {},
                               bool verified = false) {
        return instances->put_certificate(
            "dps-1", {.name = name, .certificate = ca.certificate, .verified = verified}, match,
            by);
    }

    CaCertificate found(const std::string& name) {
        const CaCertificate* certificate = instances->find("dps-1")->find_certificate(name);
        EXPECT_NE(certificate, nullptr) << name;
        return *certificate;
    }

    std::string new_code(const std::string& name) {
        const auto instance = instances->new_verification_code("dps-1", name, {}, by);
        EXPECT_TRUE(instance) << detail_of(instance);
        return found(name).verification_code;
    }

    Result<InstancePtr> verify(const std::string& name, const crypto::Certificate& proof,
                               const IfMatch& match = {}) {
        return instances->verify_certificate("dps-1", name, proof, match, by);
    }

    crypto::Certificate proof_of(const std::string& code, const crypto::Identity& issuer) {
        return issue(code, crypto::Purpose::client, &issuer).certificate;
    }

    crypto::Identity ca = authority();
};

TEST_F(CertificatesTest, RefusesWhatIsNotThere) {
    const auto proof = proof_of("x", ca);
    const auto certificate = Instances::CertificateSettings{
        .name = "ca", .certificate = ca.certificate, .verified = false};
    EXPECT_EQ(code_of(instances->put_certificate("dps-2", certificate, {}, by)), Code::not_found);
    EXPECT_EQ(code_of(instances->erase_certificate("dps-1", "ca", {}, by)), Code::not_found);
    EXPECT_EQ(code_of(instances->erase_certificate("dps-2", "ca", {}, by)), Code::not_found);
    EXPECT_EQ(code_of(instances->new_verification_code("dps-1", "ca", {}, by)), Code::not_found);
    EXPECT_EQ(code_of(verify("ca", proof)), Code::not_found);
    EXPECT_EQ(store.saves(), 1);
}

TEST_F(CertificatesTest, RefusesBadNames) {
    for (const std::string& bad :
         {std::string(), std::string(257, 'a'), std::string("a/b"), std::string("a b")}) {
        EXPECT_EQ(code_of(put_ca(bad)), Code::malformed) << bad;
    }
}

TEST_F(CertificatesTest, HeedsIfMatch) {
    EXPECT_EQ(code_of(put_ca("ca", if_any)), Code::not_found);
    EXPECT_EQ(code_of(put_ca("ca", exactly(ETag("x")))), Code::precondition);
    ASSERT_TRUE(put_ca("ca"));
    const auto stale = exactly(ETag("x"));
    EXPECT_EQ(code_of(put_ca("ca", stale)), Code::precondition);
    EXPECT_EQ(code_of(instances->new_verification_code("dps-1", "ca", stale, by)),
              Code::precondition);
    EXPECT_EQ(code_of(verify("ca", proof_of("x", ca), stale)), Code::precondition);
    EXPECT_EQ(code_of(instances->erase_certificate("dps-1", "ca", stale, by)), Code::precondition);
    EXPECT_TRUE(instances->erase_certificate("dps-1", "CA", exactly(found("ca").stamp.etag), by));
    EXPECT_TRUE(instances->find("dps-1")->certificates.empty());
}

TEST_F(CertificatesTest, GivesEveryChangeAnotherEtag) {
    std::set<ETag> etags;
    const ETag of_instance = instances->find("dps-1")->stamp.etag;
    const auto note = [&] { EXPECT_TRUE(etags.insert(found("ca").stamp.etag).second); };
    ASSERT_TRUE(put_ca("ca"));
    note();
    ASSERT_TRUE(put_ca("ca", exactly(found("ca").stamp.etag)));
    note();
    const std::string code = new_code("ca");
    note();
    ASSERT_TRUE(verify("ca", proof_of(code, ca), exactly(found("ca").stamp.etag)));
    note();
    // The instance's own does not change: whoever read it may still write it.
    EXPECT_EQ(instances->find("dps-1")->stamp.etag, of_instance);
    EXPECT_TRUE(try_put(named("dps-1"), exactly(of_instance)));
}

TEST_F(CertificatesTest, ProvesPossession) {
    ASSERT_TRUE(put_ca("ca"));
    EXPECT_FALSE(found("ca").verified);
    const std::string code = new_code("ca");
    EXPECT_TRUE(std::regex_match(code, std::regex("[0-9A-F]{48}")));
    EXPECT_NE(new_code("ca"), code);
    ASSERT_TRUE(verify("CA", proof_of(found("ca").verification_code, ca)));
    EXPECT_TRUE(found("ca").verified);
    EXPECT_TRUE(found("ca").verification_code.empty());
}

TEST_F(CertificatesTest, SaysWhatIsWrongWithAProof) {
    ASSERT_TRUE(put_ca("ca"));
    const auto refusal = [&](const crypto::Certificate& proof) {
        const auto outcome = verify("ca", proof);
        EXPECT_EQ(code_of(outcome), Code::malformed);
        EXPECT_FALSE(found("ca").verified);
        return detail_of(outcome);
    };
    EXPECT_EQ(refusal(proof_of("x", ca)), "generate a verification code for the certificate first");
    const std::string earlier = new_code("ca");
    const std::string code = new_code("ca");
    EXPECT_EQ(refusal(proof_of(earlier, ca)),
              "the common name of the proof is not the current verification code");
    EXPECT_EQ(refusal(ca.certificate),
              "the common name of the proof is not the current verification code");
    // Of the same name, with another key.
    EXPECT_TRUE(refusal(proof_of(code, authority()))
                    .starts_with("the proof was not issued by the certificate 'ca': "));
    EXPECT_TRUE(refusal(proof_of(code, authority("Other CA")))
                    .starts_with("the proof was not issued by the certificate 'ca': "));
    EXPECT_TRUE(refusal(issue(code, crypto::Purpose::client, nullptr).certificate)
                    .starts_with("the proof was not issued by the certificate 'ca': "));
    EXPECT_TRUE(refusal(issue(code, crypto::Purpose::client, &ca, control_time - 1h).certificate)
                    .starts_with("the proof was not issued by the certificate 'ca': "));
    EXPECT_EQ(found("ca").verification_code, code); // still good for the next attempt
}

TEST_F(CertificatesTest, BeginsAgainWithEveryUpload) {
    // dps-service 9.8: an update resets the proof
    ASSERT_TRUE(put_ca("ca", {}, true));
    EXPECT_TRUE(found("ca").verified);
    new_code("ca");
    EXPECT_TRUE(found("ca").verified);
    ASSERT_TRUE(put_ca("CA"));
    EXPECT_FALSE(found("ca").verified);
    EXPECT_TRUE(found("ca").verification_code.empty());
    EXPECT_EQ(found("ca").name, "ca");
    EXPECT_EQ(instances->find("dps-1")->certificates.size(), 1U);
}

TEST_F(CertificatesTest, TakesAnyCertificateButProvesOnlyAuthorities) {
    const auto leaf = issue("device", crypto::Purpose::client);
    ASSERT_TRUE(instances->put_certificate(
        "dps-1", {.name = "leaf", .certificate = leaf.certificate, .verified = false}, {}, by));
    const auto proof = issue(new_code("leaf"), crypto::Purpose::client, &leaf);
    EXPECT_EQ(code_of(verify("leaf", proof.certificate)), Code::malformed);
}

TEST_F(CertificatesTest, AreNoted) {
    ASSERT_TRUE(put_ca("ca"));
    ASSERT_TRUE(put_ca("ca"));
    const std::string code = new_code("ca");
    ASSERT_TRUE(verify("ca", proof_of(code, ca)));
    ASSERT_TRUE(instances->erase_certificate("dps-1", "ca", {}, by));
    std::vector<std::string> actions;
    for (const FakeAuditEntry& entry : store.audit()) {
        actions.push_back(entry.change.action);
    }
    EXPECT_EQ(actions, (std::vector<std::string>{"instance.create", "certificate.create",
                                                 "certificate.update", "certificate.code",
                                                 "certificate.verify", "certificate.delete"}));
    const Change last = store.audit().back().change;
    EXPECT_EQ(last.resource, "certificate/ca");
    EXPECT_EQ(last.before->at("isVerified"), Json(true));
    EXPECT_FALSE(last.after);
}

TEST(CaCertificates, AreBounded) {
    const auto ca = authority();
    const Mark mark{.now = control_time, .etag = ETag("e")};
    Instance instance;
    for (std::size_t i = 0; i < certificates_max; ++i) {
        instance.certificates.push_back({.name = std::to_string(i),
                                         .certificate = ca.certificate,
                                         .verification_code = {},
                                         .stamp = first_stamp(mark)});
    }
    const auto with = [&](std::string name) {
        return code_of(with_certificate(
            instance, {.name = std::move(name), .certificate = ca.certificate}, {}, mark));
    };
    EXPECT_EQ(with("more"), Code::quota_exceeded);
    EXPECT_EQ(with("7"), std::nullopt);
}

} // namespace
} // namespace muster::provisioning
