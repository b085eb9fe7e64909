#include "crypto/certificate_handle.h"
#include "crypto/issuing.h"

#include <climits>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/err.h>

namespace muster::crypto {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr WallTime now = std::chrono::sys_days(std::chrono::January / 2 / 2030);

CertificateRequest request(std::string common_name, Purpose purpose) {
    return {.common_name = std::move(common_name),
            .purpose = purpose,
            .not_before = now - 1h,
            .not_after = now + 1h};
}

class IssuingTest : public ::testing::Test {
  protected:
    Identity make(const CertificateRequest& request, const Identity* issuer = nullptr) {
        return issue(request, issuer, random_).value();
    }

    SystemRandom random_;
    const Identity authority_ = make(request("Muster CA", Purpose::certificate_authority));
};

TEST_F(IssuingTest, MakesAnAuthority) {
    const Certificate& certificate = authority_.certificate;
    EXPECT_TRUE(certificate.is_ca());
    EXPECT_EQ(certificate.version(), 3);
    EXPECT_EQ(certificate.subject_name(), "CN=Muster CA");
    EXPECT_EQ(certificate.issuer_name(), "CN=Muster CA");
    EXPECT_EQ(certificate.not_before(), now - 1h);
    EXPECT_EQ(certificate.not_after(), now + 1h);
    EXPECT_EQ(certificate.serial_number().size(), 32U);
    EXPECT_THAT(std::string(authority_.key_pem.reveal()),
                StartsWith("-----BEGIN PRIVATE KEY-----\n"));
}

TEST_F(IssuingTest, MakesDevicesThatLeadToTheAuthority) {
    const Identity device = make(request("device-1", Purpose::client), &authority_);
    EXPECT_EQ(device.certificate.common_name(), "device-1");
    EXPECT_FALSE(device.certificate.is_ca());
    const auto path = verify_chain(std::vector{device.certificate}, authority_.certificate, now);
    ASSERT_TRUE(path.has_value()) << path.error().reason;
    EXPECT_EQ(path->size(), 2U);
}

TEST_F(IssuingTest, MakesServersForEveryNameAndAddress) {
    CertificateRequest server = request("localhost", Purpose::server);
    server.dns_names = {"localhost", "dps.example.org,IP:10.0.0.1"};
    server.ip_addresses = {"127.0.0.2", "::1"};
    const Identity identity = make(server, &authority_);
    X509* x509 = identity.certificate.handle().get();
    EXPECT_EQ(identity.certificate.first_dns_name(), "localhost");
    EXPECT_EQ(X509_check_host(x509, "localhost", 0, 0, nullptr), 1);
    EXPECT_EQ(X509_check_host(x509, "other", 0, 0, nullptr), 0);
    EXPECT_EQ(X509_check_ip_asc(x509, "127.0.0.2", 0), 1);
    EXPECT_EQ(X509_check_ip_asc(x509, "::1", 0), 1);
    // A name is a name, whatever it contains.
    EXPECT_EQ(X509_check_ip_asc(x509, "10.0.0.1", 0), 0);
    EXPECT_EQ(X509_check_purpose(x509, X509_PURPOSE_SSL_SERVER, 0), 1);
}

TEST_F(IssuingTest, AServerIsNoDevice) {
    const Identity server = make(request("server", Purpose::server), &authority_);
    const auto path = verify_chain(std::vector{server.certificate}, authority_.certificate, now);
    ASSERT_FALSE(path.has_value());
    EXPECT_THAT(path.error().reason, HasSubstr("excludes client authentication"));
}

TEST_F(IssuingTest, LimitsThePathBelowAnAuthority) {
    CertificateRequest last = request("last", Purpose::certificate_authority);
    last.path_length = 0;
    const Identity limited = make(last, &authority_);
    const Identity below = make(request("below", Purpose::certificate_authority), &limited);
    const Identity device = make(request("device", Purpose::client), &below);
    const auto path =
        verify_chain(std::vector{device.certificate, below.certificate, limited.certificate},
                     authority_.certificate, now);
    ASSERT_FALSE(path.has_value());
    EXPECT_EQ(path.error().reason, "path length constraint exceeded");
}

TEST_F(IssuingTest, TakesSerialNumbersFromItsRandomness) {
    SeededRandom one(1);
    SeededRandom same(1);
    const auto first = issue(request("a", Purpose::client), nullptr, one);
    const auto second = issue(request("a", Purpose::client), nullptr, same);
    const auto third = issue(request("a", Purpose::client), nullptr, same);
    EXPECT_EQ(first->certificate.serial_number(), second->certificate.serial_number());
    EXPECT_NE(second->certificate.serial_number(), third->certificate.serial_number());
    EXPECT_FALSE(first->key_pem == second->key_pem);
}

TEST_F(IssuingTest, RefusesWhatNoCertificateCanSay) {
    const auto refuses = [&](const CertificateRequest& wrong) {
        const auto identity = issue(wrong, &authority_, random_);
        return !identity && identity.error().code == Code::malformed;
    };
    EXPECT_TRUE(refuses(request("", Purpose::client)));
    EXPECT_TRUE(refuses(request(std::string(65, 'a'), Purpose::client)));
    EXPECT_FALSE(refuses(request(std::string(64, 'a'), Purpose::client)));
    CertificateRequest wrong = request("a", Purpose::server);
    wrong.ip_addresses = {"localhost"};
    EXPECT_TRUE(refuses(wrong));
    wrong = request("a", Purpose::server);
    std::swap(wrong.not_before, wrong.not_after);
    EXPECT_TRUE(refuses(wrong));
    EXPECT_EQ(ERR_peek_error(), 0UL);
}

TEST_F(IssuingTest, ReadsWhatItMade) {
    const auto read = read_identity(authority_.certificate.pem(), authority_.key_pem);
    ASSERT_TRUE(read.has_value()) << read.error().detail;
    EXPECT_EQ(read->certificate, authority_.certificate);
    const Identity device = make(request("device", Purpose::client), &*read);
    EXPECT_TRUE(verify_chain(std::vector{device.certificate}, authority_.certificate, now));
}

TEST_F(IssuingTest, ReadsOnlyWhatBelongsTogether) {
    const Identity other = make(request("other", Purpose::certificate_authority));
    const auto mixed = read_identity(authority_.certificate.pem(), other.key_pem);
    ASSERT_FALSE(mixed.has_value());
    EXPECT_THAT(mixed.error().detail, HasSubstr("does not belong"));
    EXPECT_FALSE(read_identity("nonsense", other.key_pem).has_value());
    EXPECT_FALSE(read_identity(other.certificate.pem(), Secret("nonsense")).has_value());
    EXPECT_FALSE(read_identity(other.certificate.pem(), Secret()).has_value());
    EXPECT_EQ(ERR_peek_error(), 0UL);
}

// Nobody sits at the terminal of a server.
TEST_F(IssuingTest, AsksNobodyForAPassphrase) {
    const auto key = read_identity(authority_.certificate.pem(),
                                   Secret("-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
                                          "MIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAg=\n"
                                          "-----END ENCRYPTED PRIVATE KEY-----\n"));
    ASSERT_FALSE(key.has_value());
    EXPECT_EQ(key.error().code, Code::malformed);
}

} // namespace
} // namespace muster::crypto
