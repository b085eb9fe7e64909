#pragma once
// One outgoing connection: its addresses are tried in turn until TLS stands. Lives on the thread of
// its loop.

#include "base/clock.h"
#include "base/result.h"
#include "base/task.h"
#include "net/dialer.h"
#include "net/link.h"
#include "net/loop.h"
#include "net/socket.h"
#include "session/conversation.h"

#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace muster::net {

struct DialOrder {
    Destination destination;
    std::shared_ptr<const ClientTls> tls;
    session::ConversationFactory make;
    std::chrono::milliseconds handshake_time_max;
    std::move_only_function<void(Result<void>)> closed;
};

class Dial final : public LinkOwner {
  public:
    /// `over` comes after the order's `closed`, and may destroy the dial.
    Dial(const std::shared_ptr<Loop>& loop, DialOrder order, Task over);
    ~Dial();

    void begin();
    void abort();

    std::unique_ptr<session::Conversation> link_open(const session::Peer& peer, Post post) override;
    void link_gone(Link& link, Result<void> outcome) override;

  private:
    void try_next();
    Result<std::shared_ptr<Link>> connect(const Endpoint& endpoint);
    void remember(const Endpoint& endpoint, Error error);
    void finish(Result<void> outcome);

    std::shared_ptr<Loop> loop_;
    DialOrder order_;
    Task over_;
    std::vector<Endpoint> endpoints_;
    std::size_t tried_ = 0;
    SteadyTime handshake_deadline_;
    std::optional<Error> first_error_; // the preferred address's is the one to tell
    std::shared_ptr<Link> link_;
};

} // namespace muster::net
