#include "net/tls.h"

#include "net/openssl.h"
#include "net/session_ticket.h"
#include "net/tls_context.h"

#include <span>
#include <string_view>
#include <utility>

namespace muster::net {

namespace {

constexpr const char* ciphers_tls12 = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
                                      "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
                                      "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
constexpr const char* ciphers_tls13 =
    "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";
constexpr const char* groups = "X25519:P-256:P-384:P-521";
constexpr const char* signature_algorithms =
    "ECDSA+SHA256:ed25519:rsa_pss_rsae_sha256:RSA+SHA256:ECDSA+SHA384:rsa_pss_rsae_sha384:"
    "RSA+SHA384:ECDSA+SHA512:rsa_pss_rsae_sha512:RSA+SHA512:rsa_pss_pss_sha256";

// Sessions are written into tickets whole, and OpenSSL fails a handshake whose ticket would exceed
// 0xFF00 bytes; the longest leaf it lets in must fit.
constexpr long chain_bytes_max = 48L * 1024;
constexpr long ticket_seconds = 2L * 60 * 60;
constexpr std::string_view session_id_context = "muster";

std::unexpected<Error> tls_failure(std::string detail) {
    return fail(Code::malformed, std::move(detail), take_openssl_error());
}

Result<void> use_chain(SSL_CTX* context, std::string_view pem) {
    const std::vector<X509Ptr> chain = read_certificates(pem);
    if (chain.empty()) {
        return fail(Code::malformed, "the certificate chain has no readable PEM certificate");
    }
    if (SSL_CTX_use_certificate(context, chain.front().get()) != 1) {
        return tls_failure("the certificate cannot be used for TLS");
    }
    for (const X509Ptr& issuer : std::span(chain).subspan(1)) {
        if (SSL_CTX_add1_chain_cert(context, issuer.get()) != 1) {
            return tls_failure("a certificate of the chain cannot be used for TLS");
        }
    }
    return {};
}

Result<void> use_identity(SSL_CTX* context, std::string_view chain_pem, const Secret& key_pem) {
    if (Result<void> used = use_chain(context, chain_pem); !used) {
        return used;
    }
    const Result<KeyPtr> key = crypto::read_key(key_pem.reveal());
    if (!key) {
        return fail(Code::malformed, "the private key is not a readable, unencrypted PEM key",
                    key.error().cause);
    }
    if (SSL_CTX_use_PrivateKey(context, key->get()) != 1 ||
        SSL_CTX_check_private_key(context) != 1) {
        return tls_failure("the private key does not belong to the certificate");
    }
    return {};
}

Result<void> trust(SSL_CTX* context, std::string_view ca_pem) {
    if (ca_pem.empty()) {
        if (SSL_CTX_set_default_verify_paths(context) != 1) {
            return tls_failure("cannot read the system's certificate store");
        }
        return {};
    }
    const std::vector<X509Ptr> anchors = read_certificates(ca_pem);
    if (anchors.empty()) {
        return fail(Code::malformed, "the CA file has no readable PEM certificate");
    }
    X509_STORE* store = SSL_CTX_get_cert_store(context);
    for (const X509Ptr& anchor : anchors) {
        if (X509_STORE_add_cert(store, anchor.get()) != 1) {
            return tls_failure("a CA certificate cannot be used");
        }
    }
    return {};
}

SslContext new_context(const SSL_METHOD* method) {
    SslContext context(SSL_CTX_new(method));
    if (!context) {
        return nullptr;
    }
    SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
    SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    // NO_AUTO_CHAIN: what we present is what was configured; building it costs on every handshake.
    SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                        SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                        SSL_MODE_NO_AUTO_CHAIN);
    SSL_CTX_set_read_ahead(context.get(), 1); // one system call a record instead of two
    SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
    return context;
}

bool choose_algorithms(SSL_CTX* context) {
    // Level 0: the lists say what is allowed. Any other level would also judge the client's
    // certificate (RSA-1024, SHA-1), and that is for the service to decide (dps-device 1.2, rule
    // 2).
    SSL_CTX_set_security_level(context, 0);
    SSL_CTX_set_options(context, SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
    return SSL_CTX_set_cipher_list(context, ciphers_tls12) == 1 &&
           SSL_CTX_set_ciphersuites(context, ciphers_tls13) == 1 &&
           SSL_CTX_set1_groups_list(context, groups) == 1 &&
           SSL_CTX_set1_sigalgs_list(context, signature_algorithms) == 1;
}

int accept_any_certificate(X509_STORE_CTX* verification, void*) {
    X509_STORE_CTX_set_error(verification, X509_V_OK);
    return 1;
}

/// Requested, not required; no CA list, no verification.
void request_certificate(SSL_CTX* context) {
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
    SSL_CTX_set_cert_verify_callback(context, accept_any_certificate, nullptr);
    SSL_CTX_set_max_cert_list(context, chain_bytes_max);
}

bool resume_by_tickets(SSL_CTX* context) {
    SSL_CTX_set_num_tickets(context, 1);
    SSL_CTX_set_timeout(context, ticket_seconds);
    carry_chain_in_tickets(context);
    return SSL_CTX_set_session_id_context(
               context, reinterpret_cast<const unsigned char*>(session_id_context.data()),
               static_cast<unsigned>(session_id_context.size())) == 1;
}

} // namespace

Result<ServerTls> ServerTls::make(const Options& options) {
    auto context = std::make_shared<Context>();
    context->ssl = new_context(TLS_server_method());
    SSL_CTX* ssl = context->ssl.get();
    if (ssl == nullptr || !choose_algorithms(ssl) || !resume_by_tickets(ssl)) {
        return fail(Code::internal, "cannot set up TLS", take_openssl_error());
    }
    request_certificate(ssl);
    Result<void> used = use_identity(ssl, options.certificate_chain_pem, options.key_pem);
    if (!used) {
        return std::unexpected(used.error());
    }
    return ServerTls(std::move(context));
}

ServerTls::ServerTls(std::shared_ptr<Context> context) : context_(std::move(context)) {}

ServerTls::ServerTls(ServerTls&&) noexcept = default;
ServerTls& ServerTls::operator=(ServerTls&&) noexcept = default;
ServerTls::~ServerTls() = default;

Result<ClientTls> ClientTls::make(const Options& options) {
    auto context = std::make_shared<Context>();
    context->ssl = new_context(TLS_client_method());
    SSL_CTX* ssl = context->ssl.get();
    if (ssl == nullptr) {
        return fail(Code::internal, "cannot set up TLS", take_openssl_error());
    }
    SSL_CTX_set_verify(ssl, SSL_VERIFY_PEER, nullptr);
    SSL_CTX_set_options(ssl, SSL_OP_NO_TICKET);
    if (Result<void> trusted = trust(ssl, options.ca_pem); !trusted) {
        return std::unexpected(trusted.error());
    }
    if (!options.certificate_chain_pem.empty()) {
        Result<void> used = use_identity(ssl, options.certificate_chain_pem, options.key_pem);
        if (!used) {
            return std::unexpected(used.error());
        }
    }
    return ClientTls(std::move(context));
}

ClientTls::ClientTls(std::shared_ptr<Context> context) : context_(std::move(context)) {}

ClientTls::ClientTls(ClientTls&&) noexcept = default;
ClientTls& ClientTls::operator=(ClientTls&&) noexcept = default;
ClientTls::~ClientTls() = default;

} // namespace muster::net
