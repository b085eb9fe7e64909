#include "net/server_thread.h"

#include "base/log.h"
#include "net/acceptor.h"

#include <exception>
#include <utility>

namespace muster::net {

bool ConnectionCount::try_add() {
    const std::lock_guard lock(mutex_);
    if (value_ >= most_) {
        return false;
    }
    ++value_;
    return true;
}

void ConnectionCount::remove() {
    const std::lock_guard lock(mutex_);
    if (--value_ == 0) {
        none_.notify_all();
    }
}

std::size_t ConnectionCount::value() const {
    const std::lock_guard lock(mutex_);
    return value_;
}

bool ConnectionCount::wait_for_none(std::chrono::milliseconds time_max) {
    std::unique_lock lock(mutex_);
    return none_.wait_for(lock, time_max, [this] { return value_ == 0; });
}

ServerThread::ServerThread(const Options& options)
    : options_(options), link_limits_{.handshake_time_max = options.limits.handshake_time_max,
                                      .write_time_max = options.limits.write_time_max},
      loop_(std::make_shared<Loop>(
          Loop::Options{.thread_name = options.name, .read_bytes = options.limits.read_bytes})) {}

ServerThread::~ServerThread() {
    join();
}

void ServerThread::listen(Socket socket, const session::ConversationFactory& make) {
    loop_->post([this, make, socket = std::move(socket)]() mutable {
        acceptors_.push_back(std::make_unique<Acceptor>(*this, *loop_, std::move(socket), make));
        acceptors_.back()->resume();
    });
}

void ServerThread::stop_accepting() {
    loop_->post([this] {
        for (const std::unique_ptr<Acceptor>& acceptor : acceptors_) {
            acceptor->close();
        }
    });
}

void ServerThread::stop_links() {
    loop_->post([this] { for_each_link(&Link::stop); });
}

void ServerThread::abort_links() {
    loop_->post([this] { for_each_link(&Link::abort); });
}

void ServerThread::join() {
    loop_->stop();
}

void ServerThread::welcome(Socket socket, const Endpoint& peer, Acceptor& acceptor) {
    if (!options_.connections->try_add()) {
        return; // closed at once
    }
    std::shared_ptr<Link> link;
    try {
        Result<TlsStream> tls = TlsStream::accept(options_.tls, socket.get());
        if (tls) {
            link = std::make_shared<Link>(
                loop_, Link::Transport{std::move(socket), std::move(*tls), peer.text()},
                link_limits_, acceptor);
            links_.emplace(link.get(), link);
        }
    } catch (const std::exception& error) {
        log::error("cannot take a connection", {{"what", error.what()}});
        link.reset();
    }
    if (!link) {
        return options_.connections->remove();
    }
    ++handshakes_;
    link->begin();
}

void ServerThread::handshake_over() {
    --handshakes_;
    for (const std::unique_ptr<Acceptor>& acceptor : acceptors_) {
        acceptor->resume();
    }
}

void ServerThread::link_over(Link& link) {
    links_.erase(&link);
    options_.connections->remove();
}

void ServerThread::for_each_link(void (Link::*action)()) {
    std::vector<std::shared_ptr<Link>> links; // the action may end the link, and change the map
    links.reserve(links_.size());
    for (const auto& [key, link] : links_) {
        links.push_back(link);
    }
    for (const std::shared_ptr<Link>& link : links) {
        ((*link).*action)();
    }
}

} // namespace muster::net
