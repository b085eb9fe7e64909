#pragma once
// A listening socket on one thread. Accepts as long as the thread may begin another handshake; what
// is not accepted waits in the kernel's queue.

#include "net/link.h"
#include "net/loop.h"
#include "net/socket.h"
#include "session/conversation.h"

#include <boost/asio/posix/stream_descriptor.hpp>

#include <memory>

namespace muster::net {

class ServerThread;

class Acceptor final : public LinkOwner, private Sleeper {
  public:
    Acceptor(ServerThread& thread, Loop& loop, Socket socket, session::ConversationFactory make);
    ~Acceptor() override;

    /// Begins to accept, or goes on after the thread had too many handshakes.
    void resume();
    void close();

    std::unique_ptr<session::Conversation> link_open(const session::Peer& peer, Post post) override;
    void link_gone(Link& link, Result<void> outcome) override;

  private:
    enum class Outcome { accepted, nobody, exhausted };

    void wake(SteadyTime now) override;
    void accept_some();
    Outcome accept_one();

    ServerThread& thread_;
    Loop& loop_;
    boost::asio::posix::stream_descriptor descriptor_;
    session::ConversationFactory make_;
    bool waiting_ = false;
    bool exhausted_ = false; // since the last connection that could be accepted
};

} // namespace muster::net
