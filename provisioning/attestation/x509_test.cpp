#include "provisioning/attestation/x509.h"
#include "provisioning/test_world.h"

namespace muster::provisioning {
namespace {

const RegistrationId dev_1{"dev-1"};

Verdict<> pinned(const crypto::Identity& presented, const Slots<crypto::Certificate>& enrolled,
                 WallTime now = test_time, const RegistrationId& id = dev_1) {
    const std::vector chain{presented.certificate};
    return verify_pinned({.chain = chain, .id = id, .now = now}, enrolled);
}

Verdict<std::size_t> issued(const Chain& chain, const crypto::Identity& anchor,
                            WallTime now = test_time, const RegistrationId& id = dev_1) {
    return verify_issued({.chain = chain, .id = id, .now = now}, anchor.certificate);
}

template <class... Identities>
Chain presented(const Identities&... identities) {
    return {identities.certificate...};
}

TEST(PresentedChain, IsBounded) {
    const std::string leaf = make_leaf("dev-1").certificate.der();
    EXPECT_TRUE(read_chain(std::vector(chain_certificates_max, leaf)));
    EXPECT_FALSE(read_chain(std::vector(chain_certificates_max + 1, leaf)));
    EXPECT_FALSE(read_chain(std::vector{std::string(chain_bytes_max + 1, 'x')}));
    EXPECT_EQ(read_chain(std::vector{std::string(chain_bytes_max + 1, 'x')}).error().code,
              FindingCode::chain_too_long);
    EXPECT_EQ(read_chain({}).error().code, FindingCode::certificate_missing);
    const Finding unreadable = read_chain(std::vector{leaf, std::string("junk")}).error();
    EXPECT_EQ(unreadable.code, FindingCode::chain_unreadable);
    EXPECT_EQ(unreadable.detail, "certificate 1 of the chain");
}

TEST(LeafName, IsTheCommonNameOrTheFirstDnsNameInAnyCase) {
    // DPS-DEVICE-64, DPS-DEVICE-65
    EXPECT_TRUE(verify_name(make_leaf("dev-1").certificate, dev_1));
    EXPECT_TRUE(verify_name(make_leaf("DEV-1").certificate, dev_1));
    EXPECT_FALSE(verify_name(make_leaf("dev-2").certificate, dev_1));
    EXPECT_FALSE(verify_name(make_leaf("dev-1 ").certificate, dev_1));
    auto request = certificate_request("something else", crypto::Purpose::client);
    request.dns_names = {"dev-1", "dev-2"};
    const crypto::Identity by_dns_name = issue(request);
    EXPECT_TRUE(verify_name(by_dns_name.certificate, dev_1));
    EXPECT_FALSE(verify_name(by_dns_name.certificate, RegistrationId("dev-2")));
}

TEST(Pinned, MatchesEitherSlot) {
    const auto first = make_leaf("dev-1");
    const auto second = make_leaf("dev-1");
    const Slots<crypto::Certificate> enrolled{first.certificate, second.certificate};
    EXPECT_TRUE(pinned(first, enrolled));
    EXPECT_TRUE(pinned(second, enrolled));
    EXPECT_TRUE(pinned(second, {.primary = {}, .secondary = second.certificate}));
    EXPECT_FALSE(pinned(first, {.primary = {}, .secondary = second.certificate}));
    EXPECT_FALSE(pinned(first, {}));
}

TEST(Pinned, ATwinWithTheSameNameIsNotTheCertificate) {
    const auto enrolled = make_leaf("dev-1");
    EXPECT_FALSE(pinned(make_leaf("dev-1"), {.primary = enrolled.certificate, .secondary = {}}));
}

TEST(Pinned, IsForItsNameAndItsTimeOnly) {
    const auto leaf = make_leaf("dev-1");
    const Slots<crypto::Certificate> enrolled{leaf.certificate, {}};
    EXPECT_FALSE(pinned(leaf, enrolled, test_time, RegistrationId("dev-2")));
    const Finding early = pinned(leaf, enrolled, test_time - 25h).error();
    EXPECT_EQ(early.code, FindingCode::certificate_not_yet_valid);
    EXPECT_EQ(early.detail, "certificate 0 of the chain ('CN=dev-1', SHA-256 " +
                                leaf.certificate.sha256_thumbprint() +
                                ") is valid from 2029-12-31T00:00:00Z, now is "
                                "2029-12-30T23:00:00Z");
    const Finding late = pinned(leaf, enrolled, test_time + 24h * 366).error();
    EXPECT_EQ(late.code, FindingCode::certificate_expired);
    EXPECT_TRUE(late.detail.ends_with(" expired at 2031-01-01T00:00:00Z, now is "
                                      "2031-01-02T00:00:00Z"))
        << late.detail;
}

TEST(Issued, DirectlyOrThroughIntermediates) {
    const auto root = make_ca("root");
    const auto upper = make_ca("upper", &root);
    const auto lower = make_ca("lower", &upper);
    const auto leaf = make_leaf("dev-1", &lower);
    EXPECT_EQ(issued(presented(leaf), lower), 1U);
    EXPECT_EQ(issued(presented(leaf, lower), upper), 2U);
    EXPECT_EQ(issued(presented(leaf, lower, upper), root), 3U);
    EXPECT_EQ(issued(presented(leaf, lower, upper, root), root), 3U);
    EXPECT_EQ(issued(presented(leaf, root, upper, lower), root), 3U) << "in any order";
    EXPECT_EQ(issued(presented(leaf, lower, upper, root), upper), 2U);
}

TEST(Issued, NotWhenALinkIsMissing) {
    const auto root = make_ca("root");
    const auto upper = make_ca("upper", &root);
    const auto lower = make_ca("lower", &upper);
    const auto leaf = make_leaf("dev-1", &lower);
    EXPECT_FALSE(issued(presented(leaf), upper));
    EXPECT_FALSE(issued(presented(leaf, upper), root));
    EXPECT_FALSE(issued(presented(leaf, lower), root));
}

TEST(Issued, NotByAnotherOfTheSameName) {
    const auto root = make_ca("root");
    const auto impostor = make_ca("root");
    EXPECT_FALSE(issued(presented(make_leaf("dev-1", &impostor)), root));
    EXPECT_FALSE(issued(presented(make_leaf("dev-1", &impostor), impostor), root));
    EXPECT_FALSE(issued(presented(make_leaf("dev-1")), root)) << "self-signed";
}

TEST(Issued, NotByACertificateThatIsNoAuthority) {
    const auto root = make_ca("root");
    const auto device = make_leaf("other", &root);
    const auto leaf = make_leaf("dev-1", &device);
    EXPECT_FALSE(issued(presented(leaf), device));
    EXPECT_FALSE(issued(presented(leaf, device), root));
}

TEST(Issued, NotBeyondThePathLength) {
    auto request = certificate_request("root", crypto::Purpose::certificate_authority);
    request.path_length = 0;
    const auto root = issue(request);
    const auto lower = make_ca("lower", &root);
    EXPECT_TRUE(issued(presented(make_leaf("dev-1", &root)), root));
    EXPECT_FALSE(issued(presented(make_leaf("dev-1", &lower), lower), root));
}

TEST(Issued, EveryCertificateInItsTime) {
    auto request = certificate_request("lower", crypto::Purpose::certificate_authority);
    request.not_after = test_time + 1h;
    const auto root = make_ca("root");
    const auto lower = issue(request, &root);
    const auto leaf = make_leaf("dev-1", &lower);
    EXPECT_TRUE(issued(presented(leaf, lower), root));
    EXPECT_FALSE(issued(presented(leaf, lower), root, test_time + 2h));
    EXPECT_FALSE(issued(presented(leaf), lower, test_time + 2h)) << "the anchor has expired";
    EXPECT_FALSE(issued(presented(leaf, lower), root, test_time - 25h));
}

TEST(Issued, OnlyUnderItsOwnName) {
    const auto root = make_ca("root");
    EXPECT_FALSE(issued(presented(make_leaf("dev-2", &root)), root));
}

TEST(Issued, TheAnchorItselfIsNoDevice) {
    const auto anchor = make_ca("dev-1");
    EXPECT_EQ(issued(presented(anchor), anchor).error().code, FindingCode::anchor_presented);
}

// ---- what failed, and where ----

TEST(Findings, NameTheCertificateThatIsOutOfTime) {
    auto request = certificate_request("lower", crypto::Purpose::certificate_authority);
    request.not_after = test_time + 1h;
    const auto root = make_ca("root");
    const auto lower = issue(request, &root);
    const auto leaf = make_leaf("dev-1", &lower);
    const Finding presented_one = issued(presented(leaf, lower), root, test_time + 2h).error();
    EXPECT_EQ(presented_one.code, FindingCode::certificate_expired);
    EXPECT_EQ(presented_one.detail, "certificate 1 of the chain ('CN=lower', SHA-256 " +
                                        lower.certificate.sha256_thumbprint() +
                                        ") expired at 2030-01-01T01:00:00Z, now is "
                                        "2030-01-01T02:00:00Z");
    const Finding enrolled_one = issued(presented(leaf), lower, test_time + 2h).error();
    EXPECT_EQ(enrolled_one.code, FindingCode::certificate_expired);
    EXPECT_TRUE(enrolled_one.detail.starts_with("the enrolled certificate ('CN=lower', SHA-256 "))
        << enrolled_one.detail;
    EXPECT_EQ(issued(presented(leaf, lower), root, test_time - 25h).error().code,
              FindingCode::certificate_not_yet_valid);
}

TEST(Findings, TellABrokenLinkFromABadOne) {
    const auto root = make_ca("root");
    const auto upper = make_ca("upper", &root);
    const auto lower = make_ca("lower", &upper);
    const auto leaf = make_leaf("dev-1", &lower);
    const Finding gap = issued(presented(leaf, lower), root).error();
    EXPECT_EQ(gap.code, FindingCode::not_issued_by_anchor);
    EXPECT_TRUE(gap.detail.starts_with("certificate 1 of the chain ('CN=lower'")) << gap.detail;
    const auto impostor = make_ca("root");
    EXPECT_EQ(issued(presented(make_leaf("dev-1", &impostor)), root).error().code,
              FindingCode::not_issued_by_anchor);
    const auto device = make_leaf("other", &root);
    EXPECT_EQ(issued(presented(make_leaf("dev-1", &device), device), root).error().code,
              FindingCode::issuer_not_a_ca);
}

TEST(Findings, TellAPurposeFromARuleOfTheChain) {
    const auto root = make_ca("root");
    const auto server = issue(certificate_request("dev-1", crypto::Purpose::server), &root);
    EXPECT_EQ(issued(presented(server), root).error().code, FindingCode::purpose_excluded);
    auto request = certificate_request("short", crypto::Purpose::certificate_authority);
    request.path_length = 0;
    const auto limited = issue(request);
    const auto lower = make_ca("lower", &limited);
    EXPECT_EQ(issued(presented(make_leaf("dev-1", &lower), lower), limited).error().code,
              FindingCode::certificate_refused);
}

TEST(Findings, ShowWhatADeviceWroteOnlyAsText) {
    const auto leaf = make_leaf("dev-\x01\n2");
    const Finding finding = verify_name(leaf.certificate, dev_1).error();
    EXPECT_EQ(finding.code, FindingCode::name_mismatch);
    EXPECT_EQ(finding.detail.find_first_of("\x01\n"), std::string::npos);
    EXPECT_TRUE(finding.detail.ends_with("but it registers as 'dev-1'"));
}

} // namespace
} // namespace muster::provisioning
