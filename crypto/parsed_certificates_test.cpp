#include "crypto/certificate_builder.h"
#include "crypto/issuing.h"
#include "crypto/parsed_certificates.h"

#include <gtest/gtest.h>

#include <vector>

namespace muster::crypto {
namespace {

using namespace muster::crypto::testing;

std::vector<Certificate> certificates(int count) {
    std::vector<Certificate> made;
    for (int i = 0; i < count; ++i) {
        made.push_back(make_root(std::to_string(i)).certificate);
    }
    return made;
}

TEST(ParsedCertificates, FindsWhatItRemembers) {
    ParsedCertificates parsed(4);
    const auto made = certificates(2);
    parsed.remember(made[0]);
    EXPECT_EQ(parsed.find(made[0].der()), made[0]);
    EXPECT_EQ(parsed.find(made[1].der()), std::nullopt);
    EXPECT_EQ(parsed.find(""), std::nullopt);
}

TEST(ParsedCertificates, ForgetsTheOldest) {
    ParsedCertificates parsed(2);
    const auto made = certificates(5);
    for (const Certificate& certificate : made) {
        parsed.remember(certificate);
    }
    EXPECT_FALSE(parsed.find(made[0].der()).has_value());
    EXPECT_FALSE(parsed.find(made[1].der()).has_value());
    EXPECT_TRUE(parsed.find(made[3].der()).has_value());
    EXPECT_TRUE(parsed.find(made[4].der()).has_value());
}

TEST(ParsedCertificates, KeepsWhatIsUsed) {
    ParsedCertificates parsed(2);
    const auto made = certificates(20);
    for (const Certificate& certificate : made) {
        parsed.remember(certificate);
        EXPECT_TRUE(parsed.find(made[0].der()).has_value());
    }
}

TEST(ParsedCertificates, TakeNothingLarge) {
    SeededRandom random(1);
    CertificateRequest request{.common_name = "large",
                               .not_before = WallTime(),
                               .not_after = WallTime(std::chrono::hours(1))};
    request.dns_names.assign(100, std::string(60, 'a'));
    const auto large = issue(request, nullptr, random);
    ASSERT_TRUE(large.has_value());
    ParsedCertificates parsed(4);
    parsed.remember(large->certificate);
    EXPECT_EQ(parsed.find(large->certificate.der()), std::nullopt);
}

TEST(ParsedCertificates, ServeFromDer) {
    const std::string der = certificates(1).front().der();
    const auto first = Certificate::from_der(der);
    const auto second = Certificate::from_der(der);
    EXPECT_EQ(&first->handle(), &second->handle());
    std::string changed = der;
    changed.back() = static_cast<char>(changed.back() ^ 1);
    const auto other = Certificate::from_der(changed);
    EXPECT_FALSE(*other == *first);
}

} // namespace
} // namespace muster::crypto
