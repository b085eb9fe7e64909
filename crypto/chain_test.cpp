#include "crypto/certificate.h"
#include "crypto/certificate_builder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/err.h>

#include <algorithm>

namespace muster::crypto {
namespace {

using namespace std::chrono_literals;
using namespace muster::crypto::testing;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

using Chain = std::vector<Certificate>;

std::vector<std::string> names(const Chain& path) {
    std::vector<std::string> result;
    for (const Certificate& certificate : path) {
        result.push_back(certificate.common_name().value_or("?"));
    }
    return result;
}

/// Why the chain is refused, "accepted" if it is not.
std::string verdict(const Chain& chain, const Certificate& anchor, WallTime at = now) {
    const auto path = verify_chain(chain, anchor, at);
    return path ? "accepted" : std::to_string(path.error().depth) + ": " + path.error().reason;
}

/// root <- upper <- lower <- device
class ChainTest : public ::testing::Test {
  protected:
    /// The verdict on a device of one's own making below `root_`.
    std::string verdict_on_device(const Description& description) const {
        return verdict({make(description, &root_).certificate}, root_.certificate);
    }

    /// The verdict on a good device below an authority of one's own making below `root_`.
    std::string verdict_below(const Description& description) const {
        const Party maker = make(description, &root_);
        return verdict({make_device("device", maker).certificate, maker.certificate},
                       root_.certificate);
    }

    const Party root_ = make_root("root");
    const Party upper_ = make_authority("upper", root_);
    const Party lower_ = make_authority("lower", upper_);
    const Party device_ = make_device("device", lower_);
};

TEST_F(ChainTest, LeadsToTheRoot) {
    const Chain chain = {device_.certificate, lower_.certificate, upper_.certificate};
    const auto path = verify_chain(chain, root_.certificate, now);
    ASSERT_TRUE(path.has_value()) << path.error().reason;
    EXPECT_THAT(names(*path), ElementsAre("device", "lower", "upper", "root"));
}

TEST_F(ChainTest, AVerdictIsRememberedButNotItsTime) {
    const Chain chain = {device_.certificate, lower_.certificate, upper_.certificate};
    const auto first = verify_chain(chain, root_.certificate, now);
    const auto again = verify_chain(chain, root_.certificate, now);
    ASSERT_TRUE(first.has_value());
    ASSERT_TRUE(again.has_value());
    EXPECT_EQ(*again, *first);
    EXPECT_THAT(verdict(chain, root_.certificate, now + 48h), HasSubstr("expired"));
    EXPECT_THAT(verdict(chain, root_.certificate, now - 48h), HasSubstr("not yet valid"));
    EXPECT_EQ(verdict(chain, root_.certificate, now), "accepted");
}

TEST_F(ChainTest, AVerdictIsForThisChainAndThisAnchor) {
    const Chain chain = {device_.certificate, lower_.certificate, upper_.certificate};
    ASSERT_EQ(verdict(chain, root_.certificate), "accepted");
    EXPECT_THAT(verdict({device_.certificate, lower_.certificate}, root_.certificate),
                HasSubstr("no way to the anchor"));
    EXPECT_THAT(verdict(chain, make_root("root").certificate), Not(HasSubstr("accepted")));
    std::string forged = device_.certificate.der();
    forged.back() = static_cast<char>(forged.back() ^ 1);
    const auto device = Certificate::from_der(forged);
    ASSERT_TRUE(device.has_value());
    EXPECT_THAT(verdict({*device, lower_.certificate, upper_.certificate}, root_.certificate),
                HasSubstr("signature"));
}

TEST_F(ChainTest, TheAnchorMayBePresentedToo) {
    const Chain chain = {device_.certificate, lower_.certificate, upper_.certificate,
                         root_.certificate};
    const auto path = verify_chain(chain, root_.certificate, now);
    ASSERT_TRUE(path.has_value()) << path.error().reason;
    EXPECT_EQ(path->size(), 4U);
}

// dps-device 5.3: a group may be attached to an intermediate; nothing above it matters then.
TEST_F(ChainTest, TheAnchorMayBeAnIntermediate) {
    EXPECT_EQ(verdict({device_.certificate}, lower_.certificate), "accepted");
    const Chain chain = {device_.certificate, lower_.certificate, upper_.certificate,
                         root_.certificate};
    const auto path = verify_chain(chain, upper_.certificate, now);
    ASSERT_TRUE(path.has_value()) << path.error().reason;
    EXPECT_THAT(names(*path), ElementsAre("device", "lower", "upper"));
}

TEST_F(ChainTest, TheIssuersMayComeInAnyOrder) {
    std::vector<Certificate> issuers = {lower_.certificate, upper_.certificate, root_.certificate,
                                        make_root("unrelated").certificate};
    std::ranges::sort(issuers, {}, &Certificate::sha256_thumbprint);
    do {
        Chain chain = {device_.certificate};
        chain.insert(chain.end(), issuers.begin(), issuers.end());
        const auto path = verify_chain(chain, root_.certificate, now);
        ASSERT_TRUE(path.has_value()) << path.error().reason;
        EXPECT_THAT(names(*path), ElementsAre("device", "lower", "upper", "root"));
    } while (std::ranges::next_permutation(issuers, {}, &Certificate::sha256_thumbprint).found);
}

TEST_F(ChainTest, TheLeafComesFirst) {
    EXPECT_EQ(
        verdict({lower_.certificate, device_.certificate, upper_.certificate}, lower_.certificate),
        "0: the anchor itself was presented as the leaf");
}

TEST_F(ChainTest, RefusesAnIncompleteChain) {
    EXPECT_THAT(verdict({device_.certificate}, root_.certificate),
                HasSubstr("0: no way to the anchor: the issuer \"CN=lower\" is missing"));
    EXPECT_THAT(verdict({device_.certificate, upper_.certificate}, root_.certificate),
                HasSubstr("0: no way to the anchor"));
    EXPECT_THAT(verdict({device_.certificate, lower_.certificate}, root_.certificate),
                HasSubstr("1: no way to the anchor: the issuer \"CN=upper\" is missing"));
}

TEST_F(ChainTest, RefusesNothingAndTooMuch) {
    EXPECT_EQ(verdict({}, root_.certificate), "0: no certificate presented");
    Chain chain(17, lower_.certificate);
    chain.front() = device_.certificate;
    EXPECT_THAT(verdict(chain, root_.certificate), HasSubstr("too many certificates"));
}

TEST_F(ChainTest, RefusesAnotherAuthority) {
    const Party other = make_root("other");
    EXPECT_THAT(
        verdict({device_.certificate, lower_.certificate, upper_.certificate}, other.certificate),
        HasSubstr("no way to the anchor"));
}

TEST_F(ChainTest, RefusesASelfSignedTwinOfTheAnchor) {
    const Party twin = make_root("root");
    const Party impostor = make_device("device", twin);
    EXPECT_THAT(verdict({impostor.certificate, twin.certificate}, root_.certificate),
                HasSubstr("certificate signature failure"));
    EXPECT_THAT(verdict({impostor.certificate}, root_.certificate),
                HasSubstr("certificate signature failure"));
}

TEST_F(ChainTest, RefusesASelfSignedTwinOfTheDevice) {
    const Party twin = make(describe("device"));
    EXPECT_THAT(
        verdict({twin.certificate, lower_.certificate, upper_.certificate}, root_.certificate),
        HasSubstr("no way to the anchor"));
    EXPECT_EQ(verdict({twin.certificate}, device_.certificate), "1: not a certificate authority");
}

TEST_F(ChainTest, ATwinAmongTheIssuersDoesNotHideTheRealOne) {
    const Party twin = make_root("lower");
    for (const Chain& issuers : {Chain{twin.certificate, lower_.certificate, upper_.certificate},
                                 Chain{upper_.certificate, lower_.certificate, twin.certificate}}) {
        Chain chain = {device_.certificate};
        chain.insert(chain.end(), issuers.begin(), issuers.end());
        EXPECT_EQ(verdict(chain, root_.certificate), "accepted");
    }
}

// One authority, one key, two certificates: whichever stands first, the way is found.
TEST_F(ChainTest, FollowsTheRightOneOfTwoCrossSignedCertificates) {
    const Party other = make_root("other root");
    Description same_key = describe("upper", authority);
    same_key.key = upper_.key;
    const Party crossed = make(same_key, &other);
    for (const auto& [first, second] : {std::pair(crossed, upper_), std::pair(upper_, crossed)}) {
        const Chain chain = {device_.certificate, lower_.certificate, first.certificate,
                             second.certificate};
        EXPECT_EQ(verdict(chain, root_.certificate), "accepted");
        EXPECT_EQ(verdict(chain, other.certificate), "accepted");
    }
}

TEST_F(ChainTest, TenAuthoritiesDeep) {
    std::vector<Party> authorities = {root_};
    for (int i = 1; i <= 10; ++i) {
        authorities.push_back(make_authority("level " + std::to_string(i), authorities.back()));
    }
    Chain chain = {make_device("device", authorities.back()).certificate};
    for (std::size_t i = authorities.size() - 1; i > 0; --i) {
        chain.push_back(authorities[i].certificate);
    }
    EXPECT_EQ(verdict(chain, root_.certificate), "accepted");
    chain.erase(chain.begin() + 5);
    EXPECT_THAT(verdict(chain, root_.certificate), HasSubstr("4: no way to the anchor"));
}

// Every certificate could have issued every other by name, so there are more paths than there is
// time; the search must end all the same.
TEST_F(ChainTest, ACrowdOfNamesakesEndsTheSearch) {
    const Party real = make_authority("same", root_);
    Chain chain = {make_device("device", real).certificate};
    while (chain.size() < 16) {
        chain.push_back(make(describe("same", authority)).certificate);
    }
    EXPECT_THAT(verdict(chain, root_.certificate), HasSubstr("no way to the anchor"));
    const Party twin = make_root("same");
    EXPECT_THAT(verdict(chain, twin.certificate), HasSubstr("certificate signature failure"));
}

TEST_F(ChainTest, RefusesWhatIsNotValidNow) {
    const Chain chain = {device_.certificate, lower_.certificate, upper_.certificate};
    // RFC 5280 counts the last second in, OpenSSL does not.
    EXPECT_EQ(verdict(chain, root_.certificate, now + 24h - 1s), "accepted");
    EXPECT_THAT(verdict(chain, root_.certificate, now + 24h), HasSubstr("has expired"));
    EXPECT_EQ(verdict(chain, root_.certificate, now - 24h), "accepted");
    EXPECT_THAT(verdict(chain, root_.certificate, now - 24h - 1s), HasSubstr("not yet valid"));
}

TEST_F(ChainTest, RefusesAnExpiredLeafAuthorityOrAnchor) {
    Description expired_device = describe("device");
    expired_device.not_after = now - 1s;
    EXPECT_EQ(verdict_on_device(expired_device), "0: certificate has expired");

    Description expired = describe("expired", authority);
    expired.not_after = now - 1s;
    EXPECT_EQ(verdict_below(expired), "1: certificate has expired");

    const Party old_root = make(expired);
    EXPECT_EQ(verdict({make_device("device", old_root).certificate}, old_root.certificate),
              "1: certificate has expired");

    Description early = describe("early", authority);
    early.not_before = now + 1s;
    EXPECT_EQ(verdict_below(early), "1: certificate is not yet valid");
}

TEST_F(ChainTest, RefusesASignerThatIsNoAuthority) {
    EXPECT_EQ(verdict_below(describe("a device", {})), "1: not a certificate authority");
    EXPECT_EQ(verdict_below(describe("a device", {{NID_basic_constraints, "critical,CA:FALSE"}})),
              "1: not a certificate authority");
    const Party anchor = make(describe("self-signed", {}));
    EXPECT_EQ(verdict({make_device("device", anchor).certificate}, anchor.certificate),
              "1: not a certificate authority");
}

TEST_F(ChainTest, RefusesAVersionOneAuthority) {
    Description old = describe("old root", {});
    old.version = X509_VERSION_1;
    const Party anchor = make(old);
    EXPECT_EQ(verdict({make_device("device", anchor).certificate}, anchor.certificate),
              "1: not a certificate authority");
}

TEST_F(ChainTest, RefusesAnAuthorityThatMayNotSignCertificates) {
    const Description description =
        describe("no signer", {{NID_basic_constraints, "critical,CA:TRUE"},
                               {NID_key_usage, "critical,digitalSignature"}});
    EXPECT_NE(verdict_below(description), "accepted");
}

TEST_F(ChainTest, ObeysPathLengths) {
    const Description description =
        describe("last", {{NID_basic_constraints, "critical,CA:TRUE,pathlen:0"}});
    EXPECT_EQ(verdict_below(description), "accepted");
    const Party last = make(description, &root_);
    const Party too_deep = make_authority("too deep", last);
    EXPECT_THAT(verdict({make_device("device", too_deep).certificate, too_deep.certificate,
                         last.certificate},
                        root_.certificate),
                HasSubstr("path length constraint exceeded"));
    // The anchor's own length counts as well.
    EXPECT_THAT(verdict({make_device("device", too_deep).certificate, too_deep.certificate},
                        last.certificate),
                HasSubstr("path length constraint exceeded"));
}

TEST_F(ChainTest, ObeysNameConstraints) {
    const Description description =
        describe("constrained", {{NID_basic_constraints, "critical,CA:TRUE"},
                                 {NID_name_constraints, "critical,permitted;DNS:example.org"}});
    const Party maker = make(description, &root_);
    const auto verdict_on = [&](const char* alternative_name) {
        const Party made =
            make(describe("device 1", {{NID_subject_alt_name, alternative_name}}), &maker);
        return verdict({made.certificate, maker.certificate}, root_.certificate);
    };
    EXPECT_EQ(verdict_on("DNS:device.example.org"), "accepted");
    EXPECT_THAT(verdict_on("DNS:device.example.net"), HasSubstr("permitted subtree violation"));
}

TEST_F(ChainTest, RefusesAPurposeThatExcludesClients) {
    EXPECT_EQ(verdict_on_device(describe("device", {{NID_ext_key_usage, "serverAuth"}})),
              "0: its extended key usage excludes client authentication");
    EXPECT_EQ(verdict_on_device(describe("device", {{NID_key_usage, "critical,keyCertSign"}})),
              "0: its key usage excludes client authentication");
    EXPECT_EQ(verdict_below(describe("signer", {{NID_basic_constraints, "critical,CA:TRUE"},
                                                {NID_ext_key_usage, "codeSigning"}})),
              "1: its extended key usage excludes client authentication");
}

TEST_F(ChainTest, AcceptsEveryPurposeThatDoesNotExcludeClients) {
    EXPECT_EQ(verdict_on_device(describe("device", {})), "accepted");
    EXPECT_EQ(verdict_on_device(describe("device", {{NID_ext_key_usage, "serverAuth,clientAuth"}})),
              "accepted");
    EXPECT_EQ(verdict_on_device(describe("device", {{NID_ext_key_usage, "anyExtendedKeyUsage"}})),
              "accepted");
    EXPECT_EQ(verdict_on_device(describe("device", {{NID_key_usage, "digitalSignature"}})),
              "accepted");
}

TEST_F(ChainTest, RefusesAnUnknownCriticalExtension) {
    EXPECT_THAT(verdict_on_device(describe("device", {{NID_netscape_comment, "critical,hello"}})),
                HasSubstr("0: unhandled critical extension"));
    EXPECT_EQ(verdict_on_device(describe("device", {{NID_netscape_comment, "hello"}})), "accepted");
}

TEST_F(ChainTest, RefusesARepeatedExtension) {
    EXPECT_EQ(verdict_on_device(describe("device", {{NID_basic_constraints, "CA:FALSE"},
                                                    {NID_basic_constraints, "CA:FALSE"}})),
              "0: invalid or repeated certificate extension");
    EXPECT_NE(verdict_below(describe("signer", {{NID_basic_constraints, "CA:FALSE"},
                                                {NID_basic_constraints, "CA:TRUE"}})),
              "accepted");
}

TEST_F(ChainTest, RefusesWeakKeysAndSignatures) {
    Description description = describe("device");
    description.digest = "SHA1";
    EXPECT_THAT(verdict_on_device(description), HasSubstr("0: ca signature digest algorithm"));

    description = describe("device");
    description.key = rsa_key(512);
    EXPECT_EQ(verdict_on_device(description), "0: ee certificate key too weak");
    description.key = rsa_key(2048);
    EXPECT_EQ(verdict_on_device(description), "accepted");

    Description weak_authority = describe("weak", authority);
    weak_authority.key = rsa_key(1024);
    EXPECT_EQ(verdict_below(weak_authority), "1: ca certificate key too weak");
}

// Nobody relies on the signature an anchor has over itself.
TEST_F(ChainTest, TheAnchorsOwnSignatureMayBeOld) {
    Description old = describe("old root", authority);
    old.digest = "SHA1";
    const Party anchor = make(old);
    EXPECT_EQ(verdict({make_device("device", anchor).certificate}, anchor.certificate), "accepted");
}

TEST_F(ChainTest, RefusesExplicitCurveParameters) {
    Description description = describe("signer", authority);
    description.key = explicit_curve_key();
    EXPECT_EQ(verdict_below(description), "1: elliptic curve given by explicit parameters");
    description = describe("device");
    description.key = explicit_curve_key();
    EXPECT_EQ(verdict_on_device(description), "0: elliptic curve given by explicit parameters");
}

TEST_F(ChainTest, RefusesAChangedCertificate) {
    std::string der = device_.certificate.der();
    der.back() = static_cast<char>(der.back() ^ 1);
    const auto changed = Certificate::from_der(der);
    ASSERT_TRUE(changed.has_value());
    EXPECT_THAT(verdict({*changed, lower_.certificate, upper_.certificate}, root_.certificate),
                HasSubstr("0: certificate signature failure"));
}

TEST_F(ChainTest, LeavesNoErrorsBehind) {
    ERR_clear_error();
    EXPECT_NE(verdict({make_device("device", make_root("root")).certificate}, root_.certificate),
              "accepted");
    EXPECT_EQ(ERR_peek_error(), 0UL);
}

} // namespace
} // namespace muster::crypto
