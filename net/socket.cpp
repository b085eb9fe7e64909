#include "net/socket.h"

#include "base/text.h"

#include <fmt/format.h>

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <system_error>
#include <utility>

namespace muster::net {

namespace {

// The kernel cuts it to net.core.somaxconn.
constexpr int backlog = 4096;

struct AddressListDeleter {
    void operator()(addrinfo* list) const { freeaddrinfo(list); }
};

using AddressList = std::unique_ptr<addrinfo, AddressListDeleter>;

Endpoint to_endpoint(const addrinfo& info) {
    Endpoint endpoint;
    std::memcpy(&endpoint.storage, info.ai_addr, info.ai_addrlen);
    endpoint.length = info.ai_addrlen;
    return endpoint;
}

/// The error number of getaddrinfo is returned, 0 if all is well.
int look_up(const std::string& host, std::uint16_t port, int flags, AddressList& list) {
    addrinfo hints{};
    hints.ai_flags = flags | AI_NUMERICSERV;
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    const int status = getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
    list.reset(found);
    return status;
}

void enable(const Socket& socket, int level, int option) {
    const int on = 1;
    setsockopt(socket.get(), level, option, &on, sizeof on);
}

Socket open_socket(const Endpoint& endpoint) {
    return Socket(::socket(endpoint.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
                           IPPROTO_TCP));
}

std::unexpected<Error> listen_failure(const Endpoint& endpoint, int error) {
    const std::string where = endpoint.text();
    switch (error) {
    case EADDRINUSE:
        return fail(Code::unavailable, fmt::format("{} is in use by another program", where));
    case EACCES:
    case EPERM: return fail(Code::forbidden, fmt::format("not permitted to listen on {}", where));
    case EADDRNOTAVAIL:
        return fail(Code::malformed, fmt::format("{}: this machine has no such address", where));
    default:
        return fail(Code::unavailable,
                    fmt::format("cannot listen on {}: {}", where, errno_text(error)));
    }
}

enum class Sharing { first, further };

/// Two processes of one user may share a port if both ask for SO_REUSEPORT before they bind. The
/// first socket binds without, so that it fails if anybody is there already, and asks afterwards,
/// so that the further ones may join it.
Result<Socket> bind_one(const Endpoint& endpoint, Sharing sharing) {
    Socket socket = open_socket(endpoint);
    if (!socket.valid()) {
        return listen_failure(endpoint, errno);
    }
    enable(socket, SOL_SOCKET, SO_REUSEADDR);
    if (sharing == Sharing::further) {
        enable(socket, SOL_SOCKET, SO_REUSEPORT);
    }
    if (endpoint.storage.ss_family == AF_INET6) {
        const int off = 0; // "::" is every address of either family
        setsockopt(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    }
    if (::bind(socket.get(), endpoint.raw(), endpoint.length) != 0) {
        return listen_failure(endpoint, errno);
    }
    enable(socket, SOL_SOCKET, SO_REUSEPORT);
    return socket;
}

} // namespace

Socket& Socket::operator=(Socket&& other) noexcept {
    Socket old(std::exchange(descriptor_, other.release()));
    return *this;
}

Socket::~Socket() {
    if (valid()) {
        ::close(descriptor_);
    }
}

int Socket::release() {
    return std::exchange(descriptor_, -1);
}

const sockaddr* Endpoint::raw() const {
    return reinterpret_cast<const sockaddr*>(&storage);
}

std::uint16_t Endpoint::port() const {
    if (storage.ss_family == AF_INET6) {
        return ntohs(reinterpret_cast<const sockaddr_in6*>(&storage)->sin6_port);
    }
    return ntohs(reinterpret_cast<const sockaddr_in*>(&storage)->sin_port);
}

std::string Endpoint::text() const {
    std::string host(NI_MAXHOST, '\0');
    if (getnameinfo(raw(), length, host.data(), NI_MAXHOST, nullptr, 0, NI_NUMERICHOST) != 0) {
        return "unknown";
    }
    host.resize(std::strlen(host.c_str()));
    constexpr std::string_view mapped = "::ffff:";
    if (host.starts_with(mapped) && host.contains('.')) {
        host.erase(0, mapped.size());
    }
    return host.contains(':') ? fmt::format("[{}]:{}", host, port())
                              : fmt::format("{}:{}", host, port());
}

bool is_ip_address(const std::string& text) {
    in6_addr ignored{};
    return inet_pton(AF_INET, text.c_str(), &ignored) == 1 ||
           inet_pton(AF_INET6, text.c_str(), &ignored) == 1;
}

Result<Endpoint> numeric_endpoint(const std::string& address, std::uint16_t port) {
    AddressList list;
    if (!is_ip_address(address) || look_up(address, port, AI_NUMERICHOST, list) != 0) {
        return fail(Code::malformed, fmt::format("\"{}\" is not an IP address", address));
    }
    return to_endpoint(*list);
}

Result<std::vector<Endpoint>> resolve(const std::string& host, std::uint16_t port) {
    AddressList list;
    const int numeric = is_ip_address(host) ? AI_NUMERICHOST : AI_ADDRCONFIG;
    if (const int status = look_up(host, port, numeric, list); status != 0) {
        return fail(Code::unavailable,
                    fmt::format("cannot find the address of {}: {}", host, gai_strerror(status)));
    }
    std::vector<Endpoint> endpoints;
    for (const addrinfo* info = list.get(); info != nullptr; info = info->ai_next) {
        endpoints.push_back(to_endpoint(*info));
    }
    return endpoints;
}

Result<std::vector<Socket>> listen_on(const std::string& address, std::uint16_t port,
                                      std::size_t count) {
    Result<Endpoint> endpoint = numeric_endpoint(address, port);
    if (!endpoint) {
        return std::unexpected(endpoint.error());
    }
    std::vector<Socket> sockets;
    for (std::size_t index = 0; index < count; ++index) {
        Result<Socket> socket = bind_one(*endpoint, index == 0 ? Sharing::first : Sharing::further);
        if (!socket) {
            return std::unexpected(socket.error());
        }
        if (index == 0) {
            endpoint = local_endpoint(*socket); // the port, if it was left to the kernel
            if (!endpoint) {
                return std::unexpected(endpoint.error());
            }
        }
        if (::listen(socket->get(), backlog) != 0) {
            return listen_failure(*endpoint, errno);
        }
        sockets.push_back(std::move(*socket));
    }
    return sockets;
}

Result<Endpoint> local_endpoint(const Socket& socket) {
    Endpoint endpoint;
    endpoint.length = sizeof endpoint.storage;
    auto* raw = reinterpret_cast<sockaddr*>(&endpoint.storage);
    if (getsockname(socket.get(), raw, &endpoint.length) != 0) {
        return fail(Code::unavailable, "cannot read a socket's address", errno_text(errno));
    }
    return endpoint;
}

Result<Socket> begin_connect(const Endpoint& endpoint) {
    Socket socket = open_socket(endpoint);
    if (!socket.valid()) {
        return fail(Code::unavailable, fmt::format("cannot make a socket: {}", errno_text(errno)));
    }
    enable(socket, IPPROTO_TCP, TCP_NODELAY);
    if (::connect(socket.get(), endpoint.raw(), endpoint.length) != 0 && errno != EINPROGRESS) {
        return fail(Code::unavailable,
                    fmt::format("cannot connect to {}: {}", endpoint.text(), errno_text(errno)));
    }
    return socket;
}

std::string errno_text(int error) {
    return to_lower(std::generic_category().message(error));
}

} // namespace muster::net
