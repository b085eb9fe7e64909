#pragma once
// Session tickets that carry the peer's whole chain (dps-device 1.2, rule 7). OpenSSL itself keeps
// the leaf in the session; the certificates above it travel as the ticket's application data.

#include <openssl/ssl.h>

#include <string>
#include <vector>

namespace muster::net {

/// Above this size of the whole chain a ticket is issued but never honoured: the device shakes
/// hands in full each time. Tickets come back in the ClientHello, and must stay bearable there.
inline constexpr std::size_t ticket_chain_bytes_max = 12 * 1024;

void carry_chain_in_tickets(SSL_CTX* context);

/// DER, leaf first, as presented in this handshake or in the one that is resumed.
std::vector<std::string> presented_chain(SSL* ssl);

} // namespace muster::net
