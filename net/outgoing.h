#pragma once
// Outgoing HTTP from a server, for webhooks and remote hubs (libcurl): connections kept per server,
// time and size bounded, no redirects, no proxies of the environment, and rules about which
// addresses may be called at all.

#include "base/result.h"
#include "net/http_client.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace muster::net {

/// May this address (without port, IPv4 or IPv6) be connected to? Asked with the very address that
/// is about to be connected to, so a name that resolves differently the second time gains nothing.
using AddressRule = std::function<bool(std::string_view address, std::uint16_t port)>;

/// Loopback, link-local, private, shared (100.64/10), unique local, multicast, unspecified,
/// documentation, and IPv4 in any of the IPv6 wrappings: what a public function is never at.
bool is_inside_address(std::string_view address);

/// Thread safe; waits.
class Outgoing {
  public:
    struct Options {
        std::string ca_pem;        // trusted beside the system's store; may be empty
        AddressRule may_connect;   // empty: everything
        std::size_t idle_max = 64; // connections kept open
        std::chrono::milliseconds connect_max{5'000};
    };

    explicit Outgoing(Options options);
    ~Outgoing();

    struct Request {
        std::string method;
        std::string url; // https, or http if allowed; may hold secrets, never shown
        std::vector<std::pair<std::string, std::string>> headers;
        std::string body;
        std::chrono::milliseconds time_max{30'000}; // none is left: nothing is sent
        std::size_t answer_bytes_max = 1024 * 1024;
        bool plain_http_allowed = false;
        std::stop_token cancelled = {}; // heeded within about a second: unavailable
    };

    /// Any status is a reply, redirects too. Errors: forbidden (the address rule, or plain HTTP),
    /// malformed (the URL), unavailable, deadline_exceeded, too_large. Details name the host at
    /// most.
    Result<HttpReply> send(const Request& request);

  private:
    struct State;
    std::unique_ptr<State> state_;
};

} // namespace muster::net
