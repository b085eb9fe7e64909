#include "crypto/issuing.h"
#include "crypto/strength.h"
#include "crypto/weak_certificates.h"

#include <gtest/gtest.h>

namespace muster::crypto {
namespace {

Result<void> verdict_on(std::string_view base64) {
    return check_key_strength(Certificate::from_text(base64).value());
}

TEST(KeyStrength, OfRsaBeginsAt2048Bits) {
    for (const std::string_view weak : {rsa_512_md5, rsa_1024_sha1}) {
        const auto verdict = verdict_on(weak);
        ASSERT_FALSE(verdict);
        EXPECT_EQ(verdict.error().code, Code::malformed);
        EXPECT_TRUE(verdict.error().detail.starts_with("the certificate's key is too weak"));
    }
    EXPECT_TRUE(verdict_on(rsa_2048_sha1)) << "what signed it does not matter";
}

TEST(KeyStrength, TakesModernCurves) {
    EXPECT_TRUE(verdict_on(ed25519));
    SystemRandom random;
    const auto p256 = issue({.common_name = "p",
                             .purpose = Purpose::client,
                             .dns_names = {},
                             .ip_addresses = {},
                             .not_before = from_unix_seconds(0),
                             .not_after = from_unix_seconds(1),
                             .path_length = {}},
                            nullptr, random);
    ASSERT_TRUE(p256);
    EXPECT_TRUE(check_key_strength(p256->certificate));
}

TEST(KeyStrength, RefusesAKeyOfUnknownKind) {
    std::string der = Certificate::from_text(ed25519)->der();
    const std::string kind("\x06\x03\x2b\x65\x70", 5); // the object identifier of Ed25519
    for (auto at = der.find(kind); at != std::string::npos; at = der.find(kind, at + 1)) {
        der[at + 4] = '\x7f';
    }
    const auto unknown = Certificate::from_der(der);
    ASSERT_TRUE(unknown);
    EXPECT_FALSE(check_key_strength(*unknown));
}

} // namespace
} // namespace muster::crypto
