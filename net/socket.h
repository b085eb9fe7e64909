#pragma once
// File descriptors and addresses: the plain socket calls that listeners and the dialer need, with
// errors in words. Everything made here is non-blocking and closed on exec.

#include "base/result.h"

#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <vector>

namespace muster::net {

/// Owns a descriptor.
class Socket {
  public:
    Socket() = default;

    explicit Socket(int descriptor) : descriptor_(descriptor) {}

    Socket(Socket&& other) noexcept : descriptor_(other.release()) {}

    Socket& operator=(Socket&& other) noexcept;
    ~Socket();

    [[nodiscard]] int get() const { return descriptor_; }

    [[nodiscard]] bool valid() const { return descriptor_ >= 0; }

    int release();

  private:
    int descriptor_ = -1;
};

struct Endpoint {
    sockaddr_storage storage{};
    socklen_t length = 0;

    [[nodiscard]] const sockaddr* raw() const;
    [[nodiscard]] std::uint16_t port() const;

    /// "127.0.0.1:443", "[::1]:443"; an IPv4 address mapped into IPv6 is shown as IPv4.
    [[nodiscard]] std::string text() const;
};

bool is_ip_address(const std::string& text);

/// An address in digits. Error: malformed.
Result<Endpoint> numeric_endpoint(const std::string& address, std::uint16_t port);

/// Asks the name service unless `host` is an address; may block. Error: unavailable.
Result<std::vector<Endpoint>> resolve(const std::string& host, std::uint16_t port);

/// `count` sockets that share one port (SO_REUSEPORT), which is chosen if `port` is 0, while
/// nobody else, not even another process of ours, may have it. Errors as Server::start says.
Result<std::vector<Socket>> listen_on(const std::string& address, std::uint16_t port,
                                      std::size_t count);

Result<Endpoint> local_endpoint(const Socket& socket);

/// Begins to connect; readiness to write tells the outcome. Error: unavailable.
Result<Socket> begin_connect(const Endpoint& endpoint);

/// "connection refused"
std::string errno_text(int error);

} // namespace muster::net
