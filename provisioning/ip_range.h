#pragma once
// IP addresses and CIDR ranges, as the IP filter rules of an instance need them. Pure text and
// bits; every address is held as IPv6, IPv4 mapped into ::ffff:0:0/96, so that a caller is the same
// caller on either kind of socket.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace muster::provisioning {

struct IpAddress {
    std::array<std::uint8_t, 16> bytes{};

    /// IPv4, or IPv4 in an IPv6 coat.
    [[nodiscard]] bool is_ipv4() const;
    /// Loopback, link-local, RFC 1918 or RFC 4193: not from the public network.
    [[nodiscard]] bool is_private() const;

    friend bool operator==(const IpAddress&, const IpAddress&) = default;
};

/// Dotted decimal without leading zeros, or RFC 4291 text (a zone, `%eth0`, is disregarded).
std::optional<IpAddress> parse_ip_address(std::string_view text);

/// A peer's address as net/ writes it, without the port: `192.0.2.1:40000`, `[2001:db8::1]:443`.
std::string_view without_port(std::string_view peer);

struct IpRange {
    IpAddress base;
    std::size_t prefix_bits = 128; // of the 128

    /// IPv4 callers are in IPv4 ranges only: `::/0` is every IPv6 address.
    [[nodiscard]] bool contains(const IpAddress& address) const;
};

/// `10.0.0.0/8`, `2001:db8::/32`, or one address alone. Bits beyond the prefix do not count.
std::optional<IpRange> parse_ip_range(std::string_view text);

} // namespace muster::provisioning
