#pragma once
// The one shape every protocol stack has, on the server and on the client side: bytes in, bytes
// out, and the time. net/ pumps bytes between a socket and a Conversation and knows nothing of what
// they mean; a test or the simulator pumps them without any socket.
//
// Thread rule: all calls come from one thread, the connection's own. Work that other threads finish
// comes back through the Post that the conversation was made with.

#include "base/clock.h"
#include "base/task.h"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace muster::session {

/// What is known of the other end once the transport stands. Fixed for the connection's life.
struct Peer {
    std::string address;                   // for logs, "127.0.0.1:51234"
    std::vector<std::string> certificates; // DER, leaf first, as presented; none verified
    std::string server_name;               // SNI, may be empty or wrong; never decide by it
};

class Conversation {
  public:
    virtual ~Conversation() = default;

    /// Called once, when the transport is ready (a client speaks first here).
    virtual void start(SteadyTime now) = 0;

    /// Bytes from the peer, cut anywhere.
    virtual void feed(std::string_view bytes, SteadyTime now) = 0;

    /// The peer closed or the transport failed; nothing can be sent any more.
    virtual void lost(SteadyTime now) = 0;

    /// The time that next_deadline() named has come.
    virtual void deadline(SteadyTime now) = 0;

    /// The server is stopping: finish what is in flight, then close.
    virtual void stop(SteadyTime now) = 0;

    /// Bytes to send, empty if none. Asked after every call above and after every posted task.
    virtual std::string take_output() = 0;

    /// Close once the output so far is sent.
    [[nodiscard]] virtual bool wants_close() const = 0;

    /// Back-pressure: while false, nothing more is read from the peer.
    [[nodiscard]] virtual bool wants_input() const = 0;

    [[nodiscard]] virtual std::optional<SteadyTime> next_deadline() const = 0;
};

/// Makes the server side of a new connection. Called on the connection's thread.
using ConversationFactory =
    std::function<std::unique_ptr<Conversation>(const Peer& peer, Post post)>;

} // namespace muster::session
