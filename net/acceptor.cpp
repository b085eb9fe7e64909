#include "net/acceptor.h"

#include "base/log.h"
#include "net/server_thread.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <chrono>
#include <exception>
#include <utility>

namespace muster::net {

namespace {

constexpr int accepts_per_turn_max = 16;
// Out of descriptors or memory: the connection stays queued, and asking again at once would spin.
constexpr std::chrono::milliseconds exhausted_pause{200};

} // namespace

Acceptor::Acceptor(ServerThread& thread, Loop& loop, Socket socket,
                   session::ConversationFactory make)
    : thread_(thread), loop_(loop), descriptor_(loop.context()), make_(std::move(make)) {
    descriptor_.assign(socket.get());
    socket.release();
}

Acceptor::~Acceptor() = default;

void Acceptor::resume() {
    if (waiting_ || !descriptor_.is_open() || !thread_.may_accept()) {
        return;
    }
    waiting_ = true;
    descriptor_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                           [this](const boost::system::error_code& error) {
                               waiting_ = false;
                               if (!error) {
                                   accept_some();
                               }
                           });
}

void Acceptor::close() {
    boost::system::error_code ignored;
    descriptor_.close(ignored);
}

void Acceptor::wake(SteadyTime) {
    resume();
}

void Acceptor::accept_some() {
    for (int count = 0; count < accepts_per_turn_max && thread_.may_accept(); ++count) {
        switch (accept_one()) {
        case Outcome::accepted: continue;
        case Outcome::nobody: return resume();
        case Outcome::exhausted: return loop_.wake_by(loop_.now() + exhausted_pause, *this);
        }
    }
    resume();
}

Acceptor::Outcome Acceptor::accept_one() {
    Endpoint peer;
    peer.length = sizeof peer.storage;
    Socket socket(::accept4(descriptor_.native_handle(), reinterpret_cast<sockaddr*>(&peer.storage),
                            &peer.length, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (socket.valid()) {
        exhausted_ = false;
        const int on = 1;
        setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        thread_.welcome(std::move(socket), peer, *this);
        return Outcome::accepted;
    }
    switch (errno) {
    case EAGAIN: return Outcome::nobody;
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
        if (!std::exchange(exhausted_, true)) {
            log::warning("cannot accept connections", {{"reason", errno_text(errno)}});
        }
        return Outcome::exhausted;
    default: return Outcome::accepted; // that one connection failed; there may be more
    }
}

std::unique_ptr<session::Conversation> Acceptor::link_open(const session::Peer& peer, Post post) {
    std::unique_ptr<session::Conversation> conversation = make_(peer, std::move(post));
    thread_.handshake_over();
    return conversation;
}

void Acceptor::link_gone(Link& link, Result<void> outcome) {
    if (!outcome) {
        thread_.handshake_over();
    }
    thread_.link_over(link);
}

} // namespace muster::net
