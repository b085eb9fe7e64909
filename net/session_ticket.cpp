#include "net/session_ticket.h"

#include "crypto/certificate_handle.h"
#include "net/openssl.h"

#include <span>
#include <string_view>

namespace muster::net {

namespace {

// Grammar of the application data: `resumable` (length:u24 DER)*, or `not_resumable`.
constexpr char resumable = 'R';
constexpr char not_resumable = 'N';
constexpr std::size_t length_bytes = 3;

void append_certificate(std::string& data, std::string_view der) {
    data.push_back(static_cast<char>(der.size() >> 16 & 0xFF));
    data.push_back(static_cast<char>(der.size() >> 8 & 0xFF));
    data.push_back(static_cast<char>(der.size() & 0xFF));
    data.append(der);
}

std::size_t read_length(std::string_view data) {
    std::size_t length = 0;
    for (const char byte : data.substr(0, length_bytes)) {
        length = length << 8 | static_cast<unsigned char>(byte);
    }
    return length;
}

std::string_view ticket_data(SSL_SESSION* session) {
    void* data = nullptr;
    std::size_t size = 0;
    if (SSL_SESSION_get0_ticket_appdata(session, &data, &size) != 1 || data == nullptr) {
        return {};
    }
    return {static_cast<const char*>(data), size};
}

void append_issuers(std::string_view data, std::vector<std::string>& chain) {
    data.remove_prefix(data.empty() ? 0 : 1);
    while (data.size() >= length_bytes) {
        const std::size_t length = read_length(data);
        chain.emplace_back(data.substr(length_bytes, length));
        data.remove_prefix(std::min(data.size(), length_bytes + length));
    }
}

std::string encode_issuers(std::span<const std::string> chain) {
    std::size_t size = 0;
    for (const std::string& der : chain) {
        size += der.size();
    }
    if (size > ticket_chain_bytes_max) {
        return {not_resumable};
    }
    std::string data{resumable};
    for (std::size_t index = 1; index < chain.size(); ++index) {
        append_certificate(data, chain[index]);
    }
    return data;
}

int write_ticket(SSL* ssl, void*) {
    if (SSL_session_reused(ssl) == 1) {
        return 1; // the resumed session has its data already
    }
    const std::string data = encode_issuers(presented_chain(ssl));
    return SSL_SESSION_set1_ticket_appdata(SSL_get_session(ssl), data.data(), data.size());
}

SSL_TICKET_RETURN read_ticket(SSL*, SSL_SESSION* session, const unsigned char*, std::size_t,
                              SSL_TICKET_STATUS status, void*) {
    if (status != SSL_TICKET_SUCCESS && status != SSL_TICKET_SUCCESS_RENEW) {
        return SSL_TICKET_RETURN_IGNORE_RENEW;
    }
    if (!ticket_data(session).starts_with(resumable)) {
        return SSL_TICKET_RETURN_IGNORE_RENEW;
    }
    return status == SSL_TICKET_SUCCESS ? SSL_TICKET_RETURN_USE : SSL_TICKET_RETURN_USE_RENEW;
}

/// Handed to crypto/ as it is, because parsing it again is what costs: whoever makes a Certificate
/// of these bytes next gets this one.
std::string adopt(X509* certificate) {
    X509_up_ref(certificate);
    const auto adopted = crypto::Certificate::Handle::adopt(crypto::X509Ptr(certificate));
    return adopted ? adopted->der() : to_der(certificate);
}

} // namespace

void carry_chain_in_tickets(SSL_CTX* context) {
    SSL_CTX_set_session_ticket_cb(context, write_ticket, read_ticket, nullptr);
}

std::vector<std::string> presented_chain(SSL* ssl) {
    std::vector<std::string> chain;
    X509* leaf = SSL_get0_peer_certificate(ssl);
    if (leaf == nullptr) {
        return chain;
    }
    chain.push_back(adopt(leaf));
    if (SSL_session_reused(ssl) == 1) {
        append_issuers(ticket_data(SSL_get_session(ssl)), chain);
        return chain;
    }
    const STACK_OF(X509)* others = SSL_get_peer_cert_chain(ssl);
    // A server is given the chain without the leaf, a client with it.
    const int first = SSL_is_server(ssl) == 1 ? 0 : 1;
    for (int index = first; index < sk_X509_num(others); ++index) {
        chain.push_back(adopt(sk_X509_value(others, index)));
    }
    return chain;
}

} // namespace muster::net
