// Handshakes: what a device may present, and what the service is told of it.

#include "net/fixture.h"
#include "net/tls.h"

#include <gtest/gtest.h>

namespace muster::net {

using fixture::Service;
using fixture::TlsClient;

class Handshake : public testing::TestWithParam<int> {
  protected:
    static TlsClient::Options anonymous() { return {.version = GetParam()}; }

    static TlsClient::Options with(const crypto::Identity& leaf,
                                   const std::vector<crypto::Certificate>& issuers = {}) {
        TlsClient::Options options{.version = GetParam(), .key_pem = leaf.key_pem};
        options.chain.push_back(leaf.certificate);
        options.chain.insert(options.chain.end(), issuers.begin(), issuers.end());
        return options;
    }

    /// What the service is told of a client that connects and talks; all must succeed.
    session::Peer greet(const TlsClient::Options& options) {
        TlsClient client(service_.port(), options);
        const std::size_t index = service_.journal.size();
        EXPECT_TRUE(client.handshake());
        EXPECT_TRUE(client.echoes("hello"));
        resumed_ = SSL_session_reused(client.ssl()) == 1;
        session_ = client.take_session();
        client.close_notify(); // OpenSSL does not resume what was not closed in order
        return service_.journal.read(index).peer;
    }

    static std::vector<std::string> der(const std::vector<crypto::Certificate>& certificates) {
        std::vector<std::string> all;
        for (const crypto::Certificate& certificate : certificates) {
            all.push_back(certificate.der());
        }
        return all;
    }

    Service service_;
    bool resumed_ = false;
    fixture::SessionPointer session_;
};

INSTANTIATE_TEST_SUITE_P(Versions, Handshake, testing::Values(TLS1_2_VERSION, TLS1_3_VERSION),
                         [](const testing::TestParamInfo<int>& parameter) {
                             return parameter.param == TLS1_2_VERSION ? "Tls12" : "Tls13";
                         });

// DPS-DEVICE-2, DPS-DEVICE-3: a certificate is requested and not required.
TEST_P(Handshake, WorksWithoutACertificate) {
    TlsClient client(service_.port(), anonymous());
    ASSERT_TRUE(client.handshake());
    EXPECT_TRUE(client.echoes("hello"));
    EXPECT_TRUE(client.certificate_requested());
    EXPECT_TRUE(service_.journal.read(0).peer.certificates.empty());
    EXPECT_TRUE(service_.journal.read(0).peer.address.starts_with("127.0.0.1:"));
}

// DPS-DEVICE-3: Java and SChannel send no certificate if a list of CAs does not name theirs.
TEST_P(Handshake, NamesNoAuthorities) {
    const crypto::Identity device = fixture::issue({.common_name = "device"});
    TlsClient client(service_.port(), with(device));
    ASSERT_TRUE(client.handshake());
    EXPECT_TRUE(client.certificate_requested());
    EXPECT_EQ(client.authorities_named(), 0);
}

// DPS-DEVICE-3: nothing about a certificate fails the handshake.
TEST_P(Handshake, ShowsACertificateThatSignedItself) {
    const crypto::Identity device = fixture::issue({.common_name = "device"});
    EXPECT_EQ(greet(with(device)).certificates, der({device.certificate}));
}

TEST_P(Handshake, ShowsAnExpiredCertificate) {
    const crypto::Identity device =
        fixture::issue({.common_name = "old", .days_before = -20, .days_after = -10});
    EXPECT_EQ(greet(with(device)).certificates, der({device.certificate}));
}

TEST_P(Handshake, ShowsACertificateOfTheFuture) {
    const crypto::Identity device =
        fixture::issue({.common_name = "early", .days_before = 10, .days_after = 20});
    EXPECT_EQ(greet(with(device)).certificates, der({device.certificate}));
}

TEST_P(Handshake, ShowsARsa1024Sha1Certificate) {
    const crypto::Identity device = fixture::ancient_identity();
    EXPECT_EQ(greet(with(device)).certificates, der({device.certificate}));
}

TEST_P(Handshake, ShowsACertificateForAnotherPurpose) {
    const crypto::Identity& device = fixture::server_identity();
    EXPECT_EQ(greet(with(device)).certificates, der({device.certificate}));
}

TEST_P(Handshake, ShowsTheWholeChainAsPresented) {
    const crypto::Identity& root = fixture::authority();
    const crypto::Identity middle = fixture::issue(
        {.common_name = "middle", .purpose = crypto::Purpose::certificate_authority}, &root);
    const crypto::Identity device = fixture::issue({.common_name = "device"}, &middle);
    const std::vector chain = {device.certificate, middle.certificate, root.certificate};
    EXPECT_EQ(greet(with(device, {middle.certificate, root.certificate})).certificates, der(chain));
}

TEST_P(Handshake, ShowsAChainThatDoesNotBelongTogether) {
    const crypto::Identity device = fixture::issue({.common_name = "device"});
    const crypto::Certificate& stranger = fixture::authority().certificate;
    EXPECT_EQ(greet(with(device, {stranger})).certificates, der({device.certificate, stranger}));
}

TEST_P(Handshake, ResumesWithTheWholeChain) {
    const crypto::Identity& root = fixture::authority();
    const crypto::Identity device = fixture::issue({.common_name = "device"}, &root);
    TlsClient::Options options = with(device, {root.certificate});
    const session::Peer first = greet(options);
    ASSERT_NE(session_, nullptr);
    // Twice: the ticket that a resumed connection gets must carry the chain too.
    for (int round = 0; round < 2; ++round) {
        const fixture::SessionPointer session = std::move(session_);
        options.resume = session.get();
        const session::Peer peer = greet(options);
        EXPECT_TRUE(resumed_);
        EXPECT_EQ(peer.certificates, first.certificates);
        if (!session_) { // TLS 1.2 need not issue another
            SSL_SESSION_up_ref(session.get());
            session_.reset(session.get());
        }
    }
}

TEST_P(Handshake, ResumesWithoutACertificate) {
    TlsClient::Options options = anonymous();
    greet(options);
    const fixture::SessionPointer session = std::move(session_);
    options.resume = session.get();
    EXPECT_TRUE(greet(options).certificates.empty());
    EXPECT_TRUE(resumed_);
}

TEST_P(Handshake, DoesNotResumeAChainThatNoTicketShouldCarry) {
    const crypto::Identity device = fixture::issue({.common_name = "device"});
    const std::vector<crypto::Certificate> padding(40, fixture::authority().certificate);
    TlsClient::Options options = with(device, padding);
    const session::Peer first = greet(options);
    EXPECT_EQ(first.certificates.size(), 41U);
    ASSERT_NE(session_, nullptr);
    const fixture::SessionPointer session = std::move(session_);
    options.resume = session.get();
    EXPECT_EQ(greet(options).certificates, first.certificates);
    EXPECT_FALSE(resumed_);
}

TEST_P(Handshake, ServesATicketOfAnotherServerInFull) {
    Service other;
    TlsClient stranger(other.port(), anonymous());
    ASSERT_TRUE(stranger.handshake());
    ASSERT_TRUE(stranger.echoes("hello"));
    const fixture::SessionPointer session = stranger.take_session();
    stranger.close_notify();
    ASSERT_NE(session, nullptr);
    TlsClient::Options options = anonymous();
    options.resume = session.get();
    greet(options);
    EXPECT_FALSE(resumed_);
}

TEST_P(Handshake, RefusesAChainWithoutEnd) {
    const crypto::Identity device = fixture::issue({.common_name = "device"});
    const std::vector<crypto::Certificate> padding(200, fixture::authority().certificate);
    TlsClient client(service_.port(), with(device, padding));
    const bool shook_hands = client.handshake(); // in TLS 1.3 before the server has looked
    EXPECT_FALSE(shook_hands && client.receive(1).size() == 1);
    EXPECT_TRUE(service_.wait_for_connections(0));
    EXPECT_EQ(service_.journal.size(), 0U);
}

// DPS-DEVICE-5: absent, unknown and IP-literal names.
TEST_P(Handshake, NeedsNoServerName) {
    EXPECT_EQ(greet(anonymous()).server_name, "");
    for (const std::string name : {"hub.example", "nobody.example", "127.0.0.77"}) {
        TlsClient::Options options = anonymous();
        options.server_name = name;
        EXPECT_EQ(greet(options).server_name, name);
    }
}

TEST_P(Handshake, ChoosesNoApplicationProtocol) {
    TlsClient client(service_.port(), anonymous());
    const unsigned char offered[] = "\x02h2\x08http/1.1";
    SSL_set_alpn_protos(client.ssl(), offered, sizeof offered - 1);
    ASSERT_TRUE(client.handshake());
    const unsigned char* chosen = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(client.ssl(), &chosen, &size);
    EXPECT_EQ(size, 0U);
}

TEST(Tls, RefusesTls11) {
    Service service;
    TlsClient client(service.port(), {.version = TLS1_1_VERSION});
    EXPECT_FALSE(client.handshake());
}

TEST(Tls, DoesNotRenegotiate) {
    Service service;
    TlsClient client(service.port(), {.version = TLS1_2_VERSION});
    ASSERT_TRUE(client.handshake());
    ASSERT_TRUE(client.echoes("hello"));
    SSL_renegotiate(client.ssl());
    EXPECT_NE(SSL_do_handshake(client.ssl()), 1);
    EXPECT_EQ(service.journal.size(), 1U);
}

TEST(Tls, PrefersItsOwnForwardSecretCiphers) {
    Service service;
    TlsClient weak(service.port(), {.version = TLS1_2_VERSION});
    SSL_set_cipher_list(weak.ssl(), "AES128-SHA:ECDHE-ECDSA-AES128-SHA:AES128-GCM-SHA256");
    EXPECT_FALSE(weak.handshake());
    TlsClient fit(service.port(), {.version = TLS1_2_VERSION});
    SSL_set_cipher_list(fit.ssl(), "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES128-GCM-SHA256");
    ASSERT_TRUE(fit.handshake());
    EXPECT_STREQ(SSL_get_cipher_name(fit.ssl()), "ECDHE-ECDSA-AES128-GCM-SHA256");
}

TEST(ServerTls, SaysWhatIsWrongWithItsFiles) {
    const crypto::Identity& good = fixture::server_identity();
    const crypto::Identity other = fixture::issue({.common_name = "other"});
    const auto refusal = [](std::string chain, Secret key) {
        Result<ServerTls> made =
            ServerTls::make({.certificate_chain_pem = std::move(chain), .key_pem = std::move(key)});
        return made ? std::string() : made.error().detail;
    };
    EXPECT_EQ(refusal("", good.key_pem), "the certificate chain has no readable PEM certificate");
    EXPECT_EQ(refusal(good.certificate.pem(), Secret("nonsense")),
              "the private key is not a readable, unencrypted PEM key");
    EXPECT_EQ(refusal(good.certificate.pem(), other.key_pem),
              "the private key does not belong to the certificate");
    EXPECT_EQ(refusal(good.certificate.pem(), good.key_pem), "");
}

TEST(ClientTls, SaysWhatIsWrongWithItsAuthorities) {
    const Result<ClientTls> made = ClientTls::make({.ca_pem = "nonsense"});
    ASSERT_FALSE(made.has_value());
    EXPECT_EQ(made.error().code, Code::malformed);
    EXPECT_EQ(made.error().detail, "the CA file has no readable PEM certificate");
}

} // namespace muster::net
