#include "net/tls_stream.h"

#include "net/session_ticket.h"
#include "net/socket.h"

#include <climits>
#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace muster::net {

namespace {

Ssl new_ssl(SSL_CTX* context, int descriptor) {
    Ssl ssl(SSL_new(context));
    if (ssl && SSL_set_fd(ssl.get(), descriptor) != 1) {
        ssl.reset();
    }
    return ssl;
}

bool expect_name(SSL* ssl, const std::string& host) {
    X509_VERIFY_PARAM* parameters = SSL_get0_param(ssl);
    if (is_ip_address(host)) {
        return X509_VERIFY_PARAM_set1_ip_asc(parameters, host.c_str()) == 1;
    }
    X509_VERIFY_PARAM_set_hostflags(parameters, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return X509_VERIFY_PARAM_set1_host(parameters, host.data(), host.size()) == 1 &&
           SSL_set_tlsext_host_name(ssl, host.c_str()) == 1;
}

int bounded_size(std::size_t size) {
    return static_cast<int>(std::min<std::size_t>(size, INT_MAX));
}

} // namespace

Result<TlsStream> TlsStream::accept(SSL_CTX* context, int descriptor) {
    Ssl ssl = new_ssl(context, descriptor);
    if (!ssl) {
        return fail(Code::internal, "cannot begin TLS", take_openssl_error());
    }
    SSL_set_accept_state(ssl.get());
    return TlsStream(std::move(ssl));
}

Result<TlsStream> TlsStream::connect(SSL_CTX* context, int descriptor, const std::string& host) {
    if (host.empty() || host.contains('\0')) { // OpenSSL would verify no name at all
        return fail(Code::malformed, "no host name to verify");
    }
    Ssl ssl = new_ssl(context, descriptor);
    if (!ssl || !expect_name(ssl.get(), host)) {
        return fail(Code::internal, "cannot begin TLS", take_openssl_error());
    }
    SSL_set_connect_state(ssl.get());
    return TlsStream(std::move(ssl));
}

Progress TlsStream::handshake() {
    ERR_clear_error();
    return judge(SSL_do_handshake(ssl_.get()));
}

Transfer TlsStream::read(std::span<char> into) {
    ERR_clear_error();
    const int count = SSL_read(ssl_.get(), into.data(), bounded_size(into.size()));
    return count > 0 ? Transfer{Progress::done, static_cast<std::size_t>(count)}
                     : Transfer{judge(count), 0};
}

Transfer TlsStream::write(std::string_view bytes) {
    ERR_clear_error();
    const int count = SSL_write(ssl_.get(), bytes.data(), bounded_size(bytes.size()));
    return count > 0 ? Transfer{Progress::done, static_cast<std::size_t>(count)}
                     : Transfer{judge(count), 0};
}

Progress TlsStream::close_notify() {
    ERR_clear_error();
    const int result = SSL_shutdown(ssl_.get());
    return result >= 0 ? Progress::done : judge(result); // 0: sent, the peer's not yet seen
}

session::Peer TlsStream::peer(std::string address) const {
    const char* name = SSL_get_servername(ssl_.get(), TLSEXT_NAMETYPE_host_name);
    return {.address = std::move(address),
            .certificates = presented_chain(ssl_.get()),
            .server_name = name != nullptr ? name : ""};
}

Progress TlsStream::judge(int result) {
    const int error_number = errno;
    switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_NONE: return Progress::done;
    case SSL_ERROR_WANT_READ: return Progress::wants_read;
    case SSL_ERROR_WANT_WRITE: return Progress::wants_write;
    case SSL_ERROR_ZERO_RETURN: return Progress::closed;
    case SSL_ERROR_SSL: failure_ = explain_protocol_error(); return Progress::failed;
    default:
        failure_ = error_number != 0 ? errno_text(error_number) : "the peer broke the connection";
        return Progress::failed;
    }
}

std::string TlsStream::explain_protocol_error() const {
    const unsigned long code = ERR_peek_error();
    const std::string reason = take_openssl_error();
    if (ERR_GET_REASON(code) == SSL_R_UNEXPECTED_EOF_WHILE_READING) {
        return "the peer broke the connection";
    }
    const long verdict = SSL_get_verify_result(ssl_.get());
    if (verdict != X509_V_OK) {
        return fmt::format("the certificate is refused: {}",
                           X509_verify_cert_error_string(verdict));
    }
    return reason;
}

} // namespace muster::net
