// is_inside_address() of outgoing.h. What cannot be read as an address is inside: nobody has a
// reason to call it.

#include "net/outgoing.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <span>

namespace muster::net {

namespace {

using V4 = std::uint32_t; // in the order of the text
using V6 = std::array<std::uint8_t, 16>;

struct Net4 {
    V4 address;
    unsigned bits;
};

constexpr V4 v4(unsigned a, unsigned b, unsigned c = 0, unsigned d = 0) {
    return a << 24U | b << 16U | c << 8U | d;
}

/// The IANA registry of special-purpose IPv4 addresses, and all from multicast on.
constexpr Net4 inside_v4[] = {
    {v4(0, 0), 8},          // "this network"; 0.0.0.0 reaches this machine
    {v4(10, 0), 8},         // private (RFC 1918)
    {v4(100, 64), 10},      // shared with the carrier (RFC 6598)
    {v4(127, 0), 8},        // loopback
    {v4(169, 254), 16},     // link-local, and the metadata services of clouds
    {v4(172, 16), 12},      // private
    {v4(192, 0, 0), 24},    // protocol assignments (RFC 6890)
    {v4(192, 0, 2), 24},    // documentation (RFC 5737)
    {v4(192, 88, 99), 24},  // relays of 6to4 (RFC 7526)
    {v4(192, 168), 16},     // private
    {v4(198, 18), 15},      // benchmarks (RFC 2544)
    {v4(198, 51, 100), 24}, // documentation
    {v4(203, 0, 113), 24},  // documentation
    {v4(224, 0), 3},        // multicast, reserved, broadcast
};

bool is_inside(V4 address) {
    return std::ranges::any_of(inside_v4, [address](const Net4& net) {
        return (address ^ net.address) >> (32U - net.bits) == 0;
    });
}

/// The IPv4 address in these four bytes.
V4 v4_at(const V6& address, std::size_t offset) {
    const auto bytes = std::span(address).subspan(offset, 4);
    return v4(bytes[0], bytes[1], bytes[2], bytes[3]);
}

struct Net6 {
    V6 address;
    unsigned bits;

    [[nodiscard]] bool contains(const V6& other) const {
        const std::size_t whole = bits / 8;
        const unsigned rest = bits % 8;
        return std::equal(other.begin(), other.begin() + static_cast<std::ptrdiff_t>(whole),
                          address.begin()) &&
               (rest == 0 || (other[whole] ^ address[whole]) >> (8U - rest) == 0);
    }
};

constexpr Net6 global{{0x20}, 3};                   // 2000::/3, all that is routed
constexpr Net6 nat64{{0x00, 0x64, 0xFF, 0x9B}, 96}; // 64:ff9b::/96 (RFC 6052)
constexpr Net6 mapped{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF}, 96}; // ::ffff:0:0/96
constexpr Net6 six_to_four{{0x20, 0x02}, 16};                          // 2002::/16 (RFC 3056)
constexpr Net6 teredo{{0x20, 0x01, 0x00, 0x00}, 32};                   // 2001::/32 (RFC 4380)
constexpr Net6 assignments{{0x20, 0x01, 0x00}, 23};                    // 2001::/23, Teredo in it
constexpr Net6 documentation{{0x20, 0x01, 0x0D, 0xB8}, 32};            // 2001:db8::/32 (RFC 3849)
constexpr Net6 more_documentation{{0x3F, 0xFF, 0x00}, 20};             // 3fff::/20 (RFC 9637)

bool is_inside(const V6& address) {
    if (mapped.contains(address) || nat64.contains(address)) {
        return is_inside(v4_at(address, 12));
    }
    if (six_to_four.contains(address)) {
        return is_inside(v4_at(address, 2));
    }
    if (teredo.contains(address)) { // the server's address, and the client's with all bits turned
        return is_inside(v4_at(address, 4)) || is_inside(~v4_at(address, 12));
    }
    // Unspecified, loopback, IPv4-compatible and -translated, local NAT64, unique local,
    // link-local, site-local and multicast addresses all lie outside of 2000::/3.
    return !global.contains(address) || assignments.contains(address) ||
           documentation.contains(address) || more_documentation.contains(address);
}

/// Without the brackets of a URL and the zone of a link-local address.
std::string bare(std::string_view address) {
    if (address.starts_with('[') && address.ends_with(']')) {
        address = address.substr(1, address.size() - 2);
    }
    return std::string(address.substr(0, address.find('%')));
}

} // namespace

bool is_inside_address(std::string_view address) {
    const std::string text = bare(address);
    if (text.contains('\0')) {
        return true;
    }
    if (text.contains(':')) {
        V6 bytes{};
        return inet_pton(AF_INET6, text.c_str(), bytes.data()) != 1 || is_inside(bytes);
    }
    // inet_aton reads what resolvers and browsers read: 127.1, 0x7f000001, 017700000001.
    in_addr bytes{};
    return inet_aton(text.c_str(), &bytes) != 1 || is_inside(V4{ntohl(bytes.s_addr)});
}

} // namespace muster::net
