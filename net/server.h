#pragma once
// Listeners and the threads that serve them: one event loop a core, each with its own listening
// socket (SO_REUSEPORT); a connection lives and dies on one of them. Bytes go to Conversations.

#include "base/result.h"
#include "net/tls.h"
#include "session/conversation.h"

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace muster::net {

struct Listener {
    std::string address; // "127.0.0.1", "::"
    std::uint16_t port = 0;
    session::ConversationFactory make;
};

struct ServerLimits {
    /// Of the whole process; further ones are closed at once. 0: as many as it may open files, with
    /// some left for everything else.
    std::size_t connections_max = 0;
    std::size_t handshakes_max = 512; // TLS handshakes under way; further accepts wait
    std::chrono::milliseconds handshake_time_max{15'000};
    std::chrono::milliseconds write_time_max{30'000}; // a peer that reads nothing so long is closed
    std::size_t read_bytes = 16 * 1024;
};

struct ServerOptions {
    std::vector<Listener> listeners;
    std::size_t threads = 0; // 0: one for each core
    ServerLimits limits;
};

/// That a process with so many files leaves room for; at least 1.
std::size_t connections_for(std::size_t files);

class Server {
  public:
    /// Binds every listener or none; lets the process open as many files as it is allowed to.
    /// Errors name the address and port: unavailable (in use), forbidden (not permitted), malformed
    /// (no such address).
    static Result<std::unique_ptr<Server>> start(ServerOptions options, const ServerTls& tls);
    ~Server();

    /// Stops accepting, tells every conversation to stop, waits at most `grace`, closes the rest.
    void stop(std::chrono::milliseconds grace);

    [[nodiscard]] std::size_t connection_count() const;

    /// Of the listener at that place in the options; what was chosen, if port 0 was asked for.
    [[nodiscard]] std::uint16_t port(std::size_t listener) const;

  private:
    struct State;
    explicit Server(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

} // namespace muster::net
