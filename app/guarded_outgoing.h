#pragma once
// Requests that other people's data makes this server send, to webhooks and linked hubs, kept away
// from what is inside: loopback, private networks, and the addresses where a cloud tells machines
// their secrets. What lies inside is called only where the configuration's `[outgoing] allow` names
// it:
//
//     10.1.0.0/16      every address of the range, by whatever name
//     functions.lan    the host of this name, wherever it is
//
// A cloud's metadata is never called unless its very address is in the list. Plain HTTP is spoken
// only to hosts that the list names, by name or by address.

#include "net/outgoing.h"
#include "provisioning/ip_range.h"

#include <string>
#include <string_view>
#include <vector>

namespace muster::app {

/// In lower case, an IPv6 address without its brackets; empty if the URL is none.
std::string host_of(const std::string& url);

class AllowedInside {
  public:
    /// Entries that are neither ranges nor names mean nothing; the configuration has none.
    explicit AllowedInside(const std::vector<std::string>& allow);

    /// May a host that is not named be connected to at this address? Outside, always.
    [[nodiscard]] bool permits(std::string_view address) const;
    /// And one that is named?
    [[nodiscard]] bool permits_named_host(std::string_view address) const;

    [[nodiscard]] bool names(std::string_view host) const;
    /// `host` is an address, and listed.
    [[nodiscard]] bool lists(std::string_view host) const;

  private:
    [[nodiscard]] bool lists_exactly(const provisioning::IpAddress& address) const;

    std::vector<provisioning::IpRange> ranges_;
    std::vector<std::string> hosts_; // lower case
};

/// Thread safe; waits.
class GuardedOutgoing {
  public:
    struct Options {
        std::vector<std::string> allow;
        std::string ca_pem; // trusted beside the system's store; may be empty
    };

    explicit GuardedOutgoing(const Options& options);
    GuardedOutgoing(const GuardedOutgoing&) = delete; // its parts ask it for permission
    GuardedOutgoing& operator=(const GuardedOutgoing&) = delete;

    /// net::Outgoing::send, under these rules; they decide about plain HTTP, too.
    Result<net::HttpReply> send(net::Outgoing::Request request);

  private:
    AllowedInside allowed_;
    net::Outgoing anywhere_; // to hosts that are not named
    net::Outgoing named_;
};

} // namespace muster::app
