#pragma once
// Outgoing TLS connections for the device client: many at once on a few event loops.

#include "base/result.h"
#include "net/tls.h"
#include "session/conversation.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace muster::net {

struct Destination {
    std::string host;    // verified in the server's certificate; sent as SNI unless an IP address
    std::string address; // connect here instead of resolving `host`; may be empty
    std::uint16_t port = 0;
};

class Dialer {
  public:
    explicit Dialer(std::size_t threads);
    ~Dialer();

    /// Makes the conversation on the connection's thread once TLS stands; `closed` is called
    /// exactly once, on that thread, when everything is over (an Error if it did not even begin).
    /// Thread safe.
    void dial(const Destination& destination, std::shared_ptr<const ClientTls> tls,
              session::ConversationFactory make, std::chrono::milliseconds handshake_time_max,
              std::move_only_function<void(Result<void>)> closed);

    /// Closes everything and joins the threads. Idempotent.
    void stop();

  private:
    struct State;
    std::unique_ptr<State> state_;
};

} // namespace muster::net
