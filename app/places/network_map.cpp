#include "app/places/places.h"
#include "provisioning/ip_range.h"

#include <fmt/format.h>

#include <algorithm>

namespace muster::app {

namespace {

using provisioning::IpAddress;

constexpr std::size_t mapped_bits = 96; // before an IPv4 address: provisioning/ip_range.h

/// The address without the bits beyond the prefix.
IpAddress masked(IpAddress address, std::size_t prefix_bits) {
    for (std::size_t byte = 0; byte < address.bytes.size(); ++byte) {
        const std::size_t kept =
            std::min<std::size_t>(8, prefix_bits > byte * 8 ? prefix_bits - byte * 8 : 0);
        address.bytes[byte] &= static_cast<std::uint8_t>(0xFF00U >> kept);
    }
    return address;
}

} // namespace

Result<NetworkMap> NetworkMap::make(std::vector<NetworkPlace> places) {
    NetworkMap map;
    for (NetworkPlace& place : places) {
        const auto range = provisioning::parse_ip_range(place.cidr);
        if (!range) {
            return fail(Code::malformed, fmt::format("'{}' is not an IP network", place.cidr));
        }
        map.by_prefix_bits_[range->prefix_bits].try_emplace(
            masked(range->base, range->prefix_bits).bytes, std::move(place));
    }
    return map;
}

const NetworkPlace* NetworkMap::find(std::string_view text) const {
    const auto address = provisioning::parse_ip_address(text);
    if (!address) {
        return nullptr;
    }
    for (const auto& [bits, networks] : by_prefix_bits_) {
        if (bits < mapped_bits && address->is_ipv4()) {
            break; // what follows is IPv6 only
        }
        const auto found = networks.find(masked(*address, bits).bytes);
        if (found != networks.end()) {
            return &found->second;
        }
    }
    return nullptr;
}

} // namespace muster::app
