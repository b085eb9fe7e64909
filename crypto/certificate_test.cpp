#include "base/encoding.h"
#include "base/text.h"
#include "crypto/certificate.h"
#include "crypto/certificate_builder.h"
#include "crypto/keys.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/err.h>

#include <algorithm>
#include <thread>

namespace muster::crypto {
namespace {

using namespace std::chrono_literals;
using namespace muster::crypto::testing;
using ::testing::MatchesRegex;

std::string with_crlf(std::string text) {
    for (std::size_t at = 0; (at = text.find('\n', at)) != std::string::npos; at += 2) {
        text.insert(at, 1, '\r');
    }
    return text;
}

const Party& example() {
    static const Party party = make_root("example");
    return party;
}

// dps-service 6.3
TEST(CertificateText, EveryFormClientsSend) {
    const Certificate& certificate = example().certificate;
    const std::string pem = certificate.pem();
    std::string one_line = pem;
    std::erase(one_line, '\n');
    const std::string bundle = "subject=example\n" + pem + make_root("second").certificate.pem();
    for (const std::string& text :
         {pem, with_crlf(pem), std::string(trim(pem)), one_line, bundle, "\n  " + pem,
          base64_encode(certificate.der()), base64_encode(pem), base64_encode(with_crlf(bundle)),
          base64_encode(certificate.der()) + "\r\n"}) {
        const auto read = Certificate::from_text(text);
        ASSERT_TRUE(read.has_value()) << text << read.error().cause;
        EXPECT_EQ(*read, certificate);
    }
}

TEST(CertificateText, RefusesEverythingElse) {
    const std::string pem = example().certificate.pem();
    const std::string der = example().certificate.der();
    for (const std::string& text :
         {std::string(), std::string("hello"), std::string("-----BEGIN CERTIFICATE-----"),
          pem.substr(0, pem.size() / 2), base64_encode(der.substr(1)), base64_encode(der + "x"),
          base64_encode(base64_encode(pem)), base64_encode(base64_encode(der)), der,
          std::string(300 * 1024, 'A'), base64_encode("-----BEGIN nothing"),
          std::string("-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n"),
          std::string("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")}) {
        const auto read = Certificate::from_text(text);
        ASSERT_FALSE(read.has_value()) << text;
        EXPECT_EQ(read.error().code, Code::malformed);
        EXPECT_EQ(read.error().detail, "not a certificate");
    }
}

TEST(CertificateDer, RefusesEveryTruncation) {
    const std::string der = example().certificate.der();
    for (std::size_t size = 0; size < der.size(); ++size) {
        ASSERT_FALSE(Certificate::from_der(std::string_view(der).substr(0, size)).has_value());
    }
    EXPECT_FALSE(Certificate::from_der(std::string(64 * 1024, '0')).has_value());
}

TEST(CertificateDer, LeavesNoErrorsBehind) {
    ERR_clear_error();
    EXPECT_FALSE(Certificate::from_der("0").has_value());
    EXPECT_EQ(ERR_peek_error(), 0UL);
}

TEST(Certificate, PemIsWhatOthersRead) {
    const Certificate& certificate = example().certificate;
    EXPECT_THAT(certificate.pem(), MatchesRegex("-----BEGIN CERTIFICATE-----\n"
                                                "([A-Za-z0-9+/=]{1,64}\n)+"
                                                "-----END CERTIFICATE-----\n"));
}

// DPS-DEVICE-64: the registration id is the CN of the leaf, or for C# its first dNSName.
TEST(Certificate, TellsTheOneCommonName) {
    EXPECT_EQ(make_root("device-1").certificate.common_name(), "device-1");
    EXPECT_EQ(make_root("\xC3\xA4").certificate.common_name(), "\xC3\xA4");
    EXPECT_EQ(make(describe("x")).certificate.first_dns_name(), std::nullopt);
}

// An id with several meanings is an id to spoof.
TEST(Certificate, TellsNoCommonNameThatIsAmbiguous) {
    const auto common_name_of = [](std::vector<Attribute> subject) {
        return make({.subject = std::move(subject)}).certificate.common_name();
    };
    EXPECT_EQ(common_name_of({}), std::nullopt);
    EXPECT_EQ(common_name_of({{NID_organizationName, "o"}}), std::nullopt);
    EXPECT_EQ(common_name_of({{NID_commonName, "a"}, {NID_commonName, "b"}}), std::nullopt);
    EXPECT_EQ(common_name_of({{NID_commonName, "a"}, {NID_commonName, "a"}}), std::nullopt);
    EXPECT_EQ(common_name_of({{NID_commonName, std::string("a\0b", 3)}}), std::nullopt);
    EXPECT_EQ(common_name_of({{NID_organizationName, "o"}, {NID_commonName, "a"}}), "a");
}

TEST(Certificate, TellsTheFirstDnsName) {
    const auto named = make(describe(
        "x", {{NID_subject_alt_name, "email:a@example.org,DNS:one.example,DNS:two.example"}}));
    EXPECT_EQ(named.certificate.first_dns_name(), "one.example");
    const auto other = make(describe("x", {{NID_subject_alt_name, "IP:127.0.0.1"}}));
    EXPECT_EQ(other.certificate.first_dns_name(), std::nullopt);
}

// dps-service 6.1: leaf-most first, comma and space.
TEST(Certificate, WritesNamesAsDotNetDoes) {
    const Party root = make({.subject = {{NID_countryName, "US"},
                                         {NID_organizationName, "MSFT"},
                                         {NID_organizationalUnitName, "Azure IoT"},
                                         {NID_commonName, "ROOT_1"}},
                             .extensions = authority});
    EXPECT_EQ(root.certificate.subject_name(), "CN=ROOT_1, OU=Azure IoT, O=MSFT, C=US");
    const Party child = make_device("child", root);
    EXPECT_EQ(child.certificate.subject_name(), "CN=child");
    EXPECT_EQ(child.certificate.issuer_name(), root.certificate.subject_name());
}

TEST(Certificate, NamesCannotForgeAttributes) {
    const auto name = make_root("a, O=b").certificate.subject_name();
    EXPECT_EQ(name, "CN=\"a, O=b\"");
    EXPECT_EQ(make_root("a\nb").certificate.subject_name().find('\n'), std::string::npos);
}

TEST(Certificate, TellsThumbprintsInUpperCase) {
    const Certificate& certificate = example().certificate;
    EXPECT_EQ(certificate.sha1_thumbprint(), hex_encode_upper(sha1(certificate.der())));
    EXPECT_EQ(certificate.sha256_thumbprint(), hex_encode_upper(sha256(certificate.der())));
    EXPECT_THAT(certificate.sha1_thumbprint(), MatchesRegex("[0-9A-F]{40}"));
    EXPECT_THAT(certificate.sha256_thumbprint(), MatchesRegex("[0-9A-F]{64}"));
}

TEST(Certificate, TellsItsOtherFacts) {
    const Certificate& certificate = example().certificate;
    EXPECT_EQ(certificate.version(), 3);
    EXPECT_EQ(certificate.not_before(), now - 24h);
    EXPECT_EQ(certificate.not_after(), now + 24h);
    EXPECT_TRUE(certificate.is_ca());
    EXPECT_FALSE(make(describe("x")).certificate.is_ca());
    EXPECT_THAT(certificate.serial_number(), MatchesRegex("10[0-9A-F]{2}"));
}

TEST(Certificate, KeepsDatesFarAway) {
    Description description = describe("x");
    description.not_before = *parse_time("1950-01-01T00:00:00Z");
    description.not_after = *parse_time("9999-12-31T23:59:59Z");
    const Certificate certificate = make(description).certificate;
    EXPECT_EQ(format_time_seconds(certificate.not_before()), "1950-01-01T00:00:00Z");
    EXPECT_EQ(format_time_seconds(certificate.not_after()), "9999-12-31T23:59:59Z");
}

TEST(Certificate, IsValidFromItsFirstToItsLastSecond) {
    const Certificate& certificate = example().certificate;
    EXPECT_EQ(validity_at(certificate, now), Validity::valid);
    EXPECT_EQ(validity_at(certificate, now - 24h), Validity::valid);
    EXPECT_EQ(validity_at(certificate, now - 24h - 1us), Validity::not_yet_valid);
    EXPECT_EQ(validity_at(certificate, now + 24h), Validity::valid);
    EXPECT_EQ(validity_at(certificate, now + 24h + 1s), Validity::expired);
}

TEST(Certificate, IsComparedByItsBytes) {
    const Certificate copy = example().certificate;
    EXPECT_EQ(copy, example().certificate);
    EXPECT_EQ(*Certificate::from_der(copy.der()), copy);
    EXPECT_FALSE(make_root("example").certificate == copy);
}

TEST(Certificate, IsReadByManyThreads) {
    const Party root = make_root("shared root");
    const Certificate leaf = make_device("shared", root).certificate;
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back([&] {
            EXPECT_TRUE(verify_chain(std::vector{leaf}, root.certificate, now).has_value());
            EXPECT_EQ(leaf.common_name(), "shared");
        });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
}

X509Ptr parsed(const std::string& der) {
    const auto* bytes = reinterpret_cast<const unsigned char*>(der.data());
    return X509Ptr(d2i_X509(nullptr, &bytes, static_cast<long>(der.size())));
}

TEST(CertificateHandle, ReadsTheKeyOnceSomebodyAsks) {
    const std::string der = make_root("asked for its key").certificate.der();
    const auto certificate = Certificate::from_der(der);
    ASSERT_TRUE(certificate);
    EXPECT_EQ(X509_get0_pubkey(certificate->handle().facts()), nullptr);
    EXPECT_NE(X509_get0_pubkey(certificate->handle().get()), nullptr);
    EXPECT_EQ(certificate->handle().get(), certificate->handle().get());
}

// TLS has parsed the peer's certificate already.
TEST(CertificateHandle, AdoptsWhatWasParsed) {
    std::string der = example().certificate.der();
    der.back() = static_cast<char>(der.back() ^ 1); // another signature: one nobody has seen
    X509Ptr x509 = parsed(der);
    const X509* original = x509.get();
    const auto adopted = Certificate::Handle::adopt(std::move(x509));
    ASSERT_TRUE(adopted.has_value());
    EXPECT_EQ(adopted->der(), der);
    EXPECT_EQ(adopted->handle().get(), original);
    EXPECT_EQ(&Certificate::from_der(der)->handle(), &adopted->handle());
}

TEST(CertificateHandle, AdoptsTheSameOneOnlyOnce) {
    const Certificate known = example().certificate;
    const auto adopted = Certificate::Handle::adopt(parsed(known.der()));
    ASSERT_TRUE(adopted.has_value());
    EXPECT_EQ(&adopted->handle(), &known.handle());
}

} // namespace
} // namespace muster::crypto
