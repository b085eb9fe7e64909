#pragma once
// One I/O thread of a server: its loop, its listening sockets, and the links it accepted. Nothing
// here is touched by another thread but the counters and what is said to be.

#include "base/result.h"
#include "net/link.h"
#include "net/loop.h"
#include "net/openssl.h"
#include "net/server.h"
#include "net/socket.h"

#include <condition_variable>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

namespace muster::net {

/// Connections of all threads. Thread safe.
class ConnectionCount {
  public:
    explicit ConnectionCount(std::size_t most) : most_(most) {}

    bool try_add();
    void remove();
    [[nodiscard]] std::size_t value() const;
    bool wait_for_none(std::chrono::milliseconds time_max);

  private:
    const std::size_t most_;
    mutable std::mutex mutex_;
    std::condition_variable none_;
    std::size_t value_ = 0;
};

class Acceptor;

class ServerThread {
  public:
    struct Options {
        std::string name;
        ServerLimits limits;
        std::size_t handshakes_max = 1; // the share of this thread
        SSL_CTX* tls = nullptr;
        ConnectionCount* connections = nullptr;
    };

    explicit ServerThread(const Options& options);
    ~ServerThread();

    // Thread safe; they take effect on the thread.
    void listen(Socket socket, const session::ConversationFactory& make);
    void stop_accepting();
    void stop_links();
    void abort_links();

    /// Joins the thread. All links must have been ended.
    void join();

  private:
    friend class Acceptor;

    [[nodiscard]] bool may_accept() const { return handshakes_ < options_.handshakes_max; }

    void welcome(Socket socket, const Endpoint& peer, Acceptor& acceptor);
    void handshake_over();
    void link_over(Link& link);
    void for_each_link(void (Link::*action)());

    const Options options_;
    const LinkLimits link_limits_;
    const std::shared_ptr<Loop> loop_; // before all that lives on it
    std::size_t handshakes_ = 0;
    std::vector<std::unique_ptr<Acceptor>> acceptors_;
    std::unordered_map<const Link*, std::shared_ptr<Link>> links_;
};

} // namespace muster::net
