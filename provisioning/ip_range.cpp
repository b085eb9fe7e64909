#include "provisioning/ip_range.h"

#include "base/text.h"

#include <algorithm>
#include <string>

namespace muster::provisioning {

namespace {

constexpr std::size_t text_bytes_max = 128; // longer than any address with its zone and prefix
constexpr std::size_t mapped_bits = 96;     // before the four bytes of an IPv4 address
constexpr std::size_t groups_max = 8;       // of an IPv6 address, 16 bits each

using Groups = std::array<std::uint16_t, groups_max>;

/// A decimal number of at most three digits and no leading zero, which elsewhere means octal.
std::optional<std::uint8_t> parse_octet(std::string_view text) {
    if (text.size() > 3 || (text.size() > 1 && text.front() == '0')) {
        return std::nullopt;
    }
    const auto value = parse_decimal(text);
    return value && *value <= 255 ? std::optional(static_cast<std::uint8_t>(*value)) : std::nullopt;
}

std::optional<std::array<std::uint8_t, 4>> parse_ipv4(std::string_view text) {
    const auto parts = split(text, '.');
    if (parts.size() != 4) {
        return std::nullopt;
    }
    std::array<std::uint8_t, 4> octets{};
    for (std::size_t i = 0; i < parts.size(); ++i) {
        const auto octet = parse_octet(parts[i]);
        if (!octet) {
            return std::nullopt;
        }
        octets[i] = *octet;
    }
    return octets;
}

std::optional<unsigned> parse_hex_digit(char c) {
    if (c >= '0' && c <= '9') {
        return static_cast<unsigned>(c - '0');
    }
    if (c >= 'a' && c <= 'f') {
        return static_cast<unsigned>(c - 'a') + 10U;
    }
    if (c >= 'A' && c <= 'F') {
        return static_cast<unsigned>(c - 'A') + 10U;
    }
    return std::nullopt;
}

std::optional<std::uint16_t> parse_group(std::string_view text) {
    if (text.empty() || text.size() > 4) {
        return std::nullopt;
    }
    unsigned value = 0;
    for (const char c : text) {
        const auto digit = parse_hex_digit(c);
        if (!digit) {
            return std::nullopt;
        }
        value = value * 16U + *digit;
    }
    return static_cast<std::uint16_t>(value);
}

/// One side of a `::`: groups between colons, the last of which may be an IPv4 address.
struct GroupList {
    Groups groups{};
    std::size_t count = 0;

    bool add(std::uint16_t group) {
        if (count == groups_max) {
            return false;
        }
        groups[count++] = group;
        return true;
    }

    bool add_ipv4(std::string_view text) {
        const auto octets = parse_ipv4(text);
        return octets && add(static_cast<std::uint16_t>((*octets)[0] << 8 | (*octets)[1])) &&
               add(static_cast<std::uint16_t>((*octets)[2] << 8 | (*octets)[3]));
    }
};

enum class Ending : std::uint8_t { plain, may_be_ipv4 };

std::optional<GroupList> parse_groups(std::string_view text, Ending ending) {
    GroupList list;
    if (text.empty()) {
        return list;
    }
    const auto parts = split(text, ':');
    for (std::size_t i = 0; i < parts.size(); ++i) {
        const bool last = i + 1 == parts.size();
        if (last && ending == Ending::may_be_ipv4 && parts[i].find('.') != std::string_view::npos) {
            return list.add_ipv4(parts[i]) ? std::optional(list) : std::nullopt;
        }
        const auto group = parse_group(parts[i]);
        if (!group || !list.add(*group)) {
            return std::nullopt;
        }
    }
    return list;
}

IpAddress address_of(const Groups& groups) {
    IpAddress address;
    for (std::size_t i = 0; i < groups_max; ++i) {
        address.bytes[2 * i] = static_cast<std::uint8_t>(groups[i] >> 8);
        address.bytes[2 * i + 1] = static_cast<std::uint8_t>(groups[i] & 0xFF);
    }
    return address;
}

std::optional<IpAddress> parse_ipv6(std::string_view text) {
    const auto gap = text.find("::");
    if (gap == std::string_view::npos) {
        const auto all = parse_groups(text, Ending::may_be_ipv4);
        return all && all->count == groups_max ? std::optional(address_of(all->groups))
                                               : std::nullopt;
    }
    const auto head = parse_groups(text.substr(0, gap), Ending::plain);
    const auto tail = parse_groups(text.substr(gap + 2), Ending::may_be_ipv4);
    if (!head || !tail || head->count + tail->count >= groups_max) {
        return std::nullopt;
    }
    Groups groups = head->groups;
    std::copy_n(tail->groups.begin(), tail->count,
                groups.end() - static_cast<std::ptrdiff_t>(tail->count));
    return address_of(groups);
}

IpAddress mapped(const std::array<std::uint8_t, 4>& octets) {
    IpAddress address;
    address.bytes[10] = 0xFF;
    address.bytes[11] = 0xFF;
    std::ranges::copy(octets, address.bytes.begin() + 12);
    return address;
}

bool has_prefix(const IpAddress& address, const IpAddress& prefix, std::size_t bits) {
    const std::size_t whole = bits / 8;
    if (!std::equal(address.bytes.begin(),
                    address.bytes.begin() + static_cast<std::ptrdiff_t>(whole),
                    prefix.bytes.begin())) {
        return false;
    }
    const std::size_t rest = bits % 8;
    return rest == 0 || (address.bytes[whole] ^ prefix.bytes[whole]) >> (8 - rest) == 0;
}

} // namespace

bool IpAddress::is_ipv4() const {
    return has_prefix(*this, mapped({}), mapped_bits);
}

bool IpAddress::is_private() const {
    static constexpr std::string_view ranges[] = {
        "127.0.0.0/8",    "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16",
        "169.254.0.0/16", "::1",        "fc00::/7",      "fe80::/10",
    };
    return std::ranges::any_of(
        ranges, [&](std::string_view range) { return parse_ip_range(range)->contains(*this); });
}

std::optional<IpAddress> parse_ip_address(std::string_view text) {
    if (text.size() > text_bytes_max) {
        return std::nullopt;
    }
    if (text.find(':') == std::string_view::npos) {
        const auto octets = parse_ipv4(text);
        return octets ? std::optional(mapped(*octets)) : std::nullopt;
    }
    return parse_ipv6(text.substr(0, text.find('%')));
}

bool IpRange::contains(const IpAddress& address) const {
    const bool same_kind = prefix_bits >= mapped_bits || !address.is_ipv4();
    return same_kind && has_prefix(address, base, prefix_bits);
}

std::string_view without_port(std::string_view peer) {
    if (peer.starts_with('[')) {
        const auto end = peer.find(']');
        return end == std::string_view::npos ? peer : peer.substr(1, end - 1);
    }
    // More than one colon: IPv6 without a port.
    return std::ranges::count(peer, ':') == 1 ? peer.substr(0, peer.find(':')) : peer;
}

std::optional<IpRange> parse_ip_range(std::string_view text) {
    const auto parts = split_once(text, '/');
    const std::string_view base_text = parts ? parts->first : text;
    const auto base =
        base_text.find('%') == std::string_view::npos ? parse_ip_address(base_text) : std::nullopt;
    if (!base || !parts) {
        return base ? std::optional(IpRange{.base = *base}) : std::nullopt;
    }
    const bool is_ipv4 = base_text.find(':') == std::string_view::npos;
    const std::size_t bits_before = is_ipv4 ? mapped_bits : 0;
    const auto bits = parse_octet(parts->second);
    if (!bits || *bits > 128 - bits_before) {
        return std::nullopt;
    }
    return IpRange{.base = *base, .prefix_bits = bits_before + *bits};
}

} // namespace muster::provisioning
