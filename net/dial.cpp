#include "net/dial.h"

#include "base/log.h"
#include "net/tls_context.h"
#include "net/tls_stream.h"

#include <fmt/format.h>

#include <exception>
#include <utility>

namespace muster::net {

Dial::Dial(const std::shared_ptr<Loop>& loop, DialOrder order, Task over)
    : loop_(loop), order_(std::move(order)), over_(std::move(over)) {}

Dial::~Dial() = default;

void Dial::begin() {
    const Destination& to = order_.destination;
    handshake_deadline_ = loop_->now() + order_.handshake_time_max;
    Result<std::vector<Endpoint>> found =
        resolve(to.address.empty() ? to.host : to.address, to.port);
    if (!found) {
        return finish(std::unexpected(found.error()));
    }
    endpoints_ = std::move(*found);
    try_next();
}

void Dial::abort() {
    tried_ = endpoints_.size();
    if (link_) {
        link_->abort();
    }
}

std::unique_ptr<session::Conversation> Dial::link_open(const session::Peer& peer, Post post) {
    return order_.make(peer, std::move(post));
}

void Dial::link_gone(Link&, Result<void> outcome) {
    link_.reset();
    if (outcome) {
        return finish({});
    }
    const bool hopeless = outcome.error().code != Code::unavailable;
    remember(endpoints_[tried_ - 1], std::move(outcome.error()));
    if (hopeless) {
        return finish(std::unexpected(*first_error_));
    }
    try_next();
}

void Dial::try_next() {
    while (tried_ < endpoints_.size()) {
        const Endpoint endpoint = endpoints_[tried_++];
        Result<std::shared_ptr<Link>> link = connect(endpoint);
        if (link) {
            link_ = *link;
            return (*link)->begin(); // may end at once, and this object with it
        }
        remember(endpoint, std::move(link.error()));
    }
    finish(std::unexpected(*first_error_));
}

Result<std::shared_ptr<Link>> Dial::connect(const Endpoint& endpoint) {
    Result<Socket> socket = begin_connect(endpoint);
    if (!socket) {
        return std::unexpected(socket.error());
    }
    Result<TlsStream> tls =
        TlsStream::connect(order_.tls->context().ssl.get(), socket->get(), order_.destination.host);
    if (!tls) {
        return std::unexpected(tls.error());
    }
    const auto time_left =
        std::chrono::duration_cast<std::chrono::milliseconds>(handshake_deadline_ - loop_->now());
    try {
        return std::make_shared<Link>(
            loop_, Link::Transport{std::move(*socket), std::move(*tls), endpoint.text()},
            LinkLimits{.handshake_time_max = time_left}, *this);
    } catch (const std::exception& error) {
        return fail(Code::unavailable, "cannot watch a socket", error.what());
    }
}

void Dial::remember(const Endpoint& endpoint, Error error) {
    if (!first_error_) {
        error.detail = fmt::format("cannot connect to {} at {}: {}", order_.destination.host,
                                   endpoint.text(), error.detail);
        first_error_ = std::move(error);
    }
}

void Dial::finish(Result<void> outcome) {
    try {
        order_.closed(std::move(outcome));
    } catch (const std::exception& error) {
        log::error("exception at the end of a connection", {{"what", error.what()}});
    }
    Task over = std::move(over_); // runs while this object goes away
    over();
}

} // namespace muster::net
