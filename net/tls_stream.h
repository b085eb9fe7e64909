#pragma once
// TLS on a non-blocking socket, driven by readiness: every call does what it can and says what it
// waits for. Server and client side alike. Knows no event loop; owns no descriptor. One thread.

#include "base/result.h"
#include "net/openssl.h"
#include "session/conversation.h"

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace muster::net {

enum class Progress {
    done,        // made some; there may be more
    wants_read,  // call again once the socket can be read
    wants_write, // call again once the socket can be written
    closed,      // the peer closed in order
    failed,      // failure() says why; nothing more can be done with it
};

struct Transfer {
    Progress progress = Progress::done;
    std::size_t bytes = 0;
};

class TlsStream {
  public:
    static Result<TlsStream> accept(SSL_CTX* context, int descriptor);

    /// Verifies the server's certificate for `host`, a name or an IP address.
    static Result<TlsStream> connect(SSL_CTX* context, int descriptor, const std::string& host);

    Progress handshake();
    Transfer read(std::span<char> into);
    Transfer write(std::string_view bytes);

    /// Says that nothing more will be sent.
    Progress close_notify();

    /// After the handshake.
    [[nodiscard]] session::Peer peer(std::string address) const;

    [[nodiscard]] const std::string& failure() const { return failure_; }

  private:
    explicit TlsStream(Ssl ssl) : ssl_(std::move(ssl)) {}

    /// What the result of an OpenSSL call, and errno after it, mean.
    Progress judge(int result);
    [[nodiscard]] std::string explain_protocol_error() const;

    Ssl ssl_;
    std::string failure_;
};

} // namespace muster::net
