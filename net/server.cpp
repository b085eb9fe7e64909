#include "net/server.h"

#include "net/server_thread.h"
#include "net/socket.h"
#include "net/tls_context.h"

#include <sys/resource.h>

#include <algorithm>
#include <thread>
#include <utility>

namespace muster::net {

namespace {

constexpr std::size_t other_files_max = 10'000; // the database's, of calls to hubs, of listeners

/// The soft limit is mostly low for the sake of programs that use select().
std::size_t files_allowed() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        return 1024;
    }
    if (limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        (void)::setrlimit(RLIMIT_NOFILE, &limit);
        (void)::getrlimit(RLIMIT_NOFILE, &limit);
    }
    return limit.rlim_cur;
}

std::size_t connections_max(const ServerLimits& limits) {
    return limits.connections_max > 0 ? limits.connections_max : connections_for(files_allowed());
}

} // namespace

std::size_t connections_for(std::size_t files) {
    return std::max<std::size_t>(files - std::min(files / 10, other_files_max), 1);
}

struct Server::State {
    State(SSL_CTX* context, const ServerLimits& limits) : connections(connections_max(limits)) {
        SSL_CTX_up_ref(context);
        tls.reset(context);
    }

    SslContext tls;
    ConnectionCount connections;
    std::vector<std::unique_ptr<ServerThread>> threads;
    std::vector<std::uint16_t> ports;
};

Result<std::unique_ptr<Server>> Server::start(ServerOptions options, const ServerTls& tls) {
    const std::size_t cores = std::max(1U, std::thread::hardware_concurrency());
    const std::size_t thread_count = options.threads > 0 ? options.threads : cores;
    auto state = std::make_unique<State>(tls.context().ssl.get(), options.limits);
    std::vector<std::vector<Socket>> sockets;
    for (const Listener& listener : options.listeners) {
        Result<std::vector<Socket>> bound =
            listen_on(listener.address, listener.port, thread_count);
        if (!bound) {
            return std::unexpected(bound.error());
        }
        Result<Endpoint> endpoint = local_endpoint(bound->front());
        if (!endpoint) {
            return std::unexpected(endpoint.error());
        }
        state->ports.push_back(endpoint->port());
        sockets.push_back(std::move(*bound));
    }
    for (std::size_t index = 0; index < thread_count; ++index) {
        state->threads.push_back(std::make_unique<ServerThread>(ServerThread::Options{
            .name = "muster-io-" + std::to_string(index),
            .limits = options.limits,
            .handshakes_max =
                std::max<std::size_t>(1, options.limits.handshakes_max / thread_count),
            .tls = state->tls.get(),
            .connections = &state->connections}));
        for (std::size_t listener = 0; listener < sockets.size(); ++listener) {
            state->threads[index]->listen(std::move(sockets[listener][index]),
                                          options.listeners[listener].make);
        }
    }
    return std::unique_ptr<Server>(new Server(std::move(state)));
}

Server::Server(std::unique_ptr<State> state) : state_(std::move(state)) {}

Server::~Server() {
    stop(std::chrono::milliseconds(0));
}

void Server::stop(std::chrono::milliseconds grace) {
    for (const std::unique_ptr<ServerThread>& thread : state_->threads) {
        thread->stop_accepting();
        thread->stop_links();
    }
    state_->connections.wait_for_none(grace);
    for (const std::unique_ptr<ServerThread>& thread : state_->threads) {
        thread->abort_links();
        thread->join();
    }
    state_->threads.clear();
}

std::size_t Server::connection_count() const {
    return state_->connections.value();
}

std::uint16_t Server::port(std::size_t listener) const {
    return state_->ports.at(listener);
}

} // namespace muster::net
