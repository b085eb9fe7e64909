#include "app/guarded_outgoing.h"

#include "base/text.h"

#include <boost/url/parse.hpp>

#include <algorithm>
#include <array>

namespace muster::app {

namespace {

using provisioning::IpAddress;
using provisioning::IpRange;
using provisioning::parse_ip_address;
using provisioning::parse_ip_range;

/// Where the clouds of the day serve metadata and credentials to machines. Some of these are no
/// private addresses by themselves.
constexpr std::array<std::string_view, 7> metadata_addresses{
    "169.254.169.254", "169.254.170.2", "fd00:ec2::254",  "fd20:ce::254",
    "168.63.129.16",   "192.0.0.192",   "100.100.100.200"};

bool is_metadata(const IpAddress& address) {
    return std::ranges::any_of(metadata_addresses, [&](std::string_view text) {
        return parse_ip_address(text) == address;
    });
}

} // namespace

std::string host_of(const std::string& url) {
    const auto parsed = boost::urls::parse_absolute_uri(url);
    if (!parsed) {
        return {};
    }
    const std::string host = parsed->host_address();
    return to_lower(host);
}

AllowedInside::AllowedInside(const std::vector<std::string>& allow) {
    for (const std::string& entry : allow) {
        if (const auto range = parse_ip_range(entry)) {
            ranges_.push_back(*range);
        } else {
            hosts_.push_back(to_lower(entry));
        }
    }
}

bool AllowedInside::permits(std::string_view text) const {
    const auto address = parse_ip_address(text);
    if (!address) {
        return false;
    }
    if (is_metadata(*address)) {
        return lists_exactly(*address);
    }
    return !net::is_inside_address(text) || lists(text);
}

bool AllowedInside::permits_named_host(std::string_view text) const {
    const auto address = parse_ip_address(text);
    return address && (!is_metadata(*address) || lists_exactly(*address));
}

bool AllowedInside::names(std::string_view host) const {
    return std::ranges::find(hosts_, to_lower(host)) != hosts_.end();
}

bool AllowedInside::lists(std::string_view host) const {
    const auto address = parse_ip_address(host);
    return address && std::ranges::any_of(
                          ranges_, [&](const IpRange& range) { return range.contains(*address); });
}

bool AllowedInside::lists_exactly(const IpAddress& address) const {
    constexpr std::size_t all_bits = 128;
    return std::ranges::any_of(ranges_, [&](const IpRange& range) {
        return range.prefix_bits == all_bits && range.base == address;
    });
}

GuardedOutgoing::GuardedOutgoing(const Options& options)
    : allowed_(options.allow),
      anywhere_({.ca_pem = options.ca_pem,
                 .may_connect = [this](std::string_view address,
                                       std::uint16_t) { return allowed_.permits(address); }}),
      named_({.ca_pem = options.ca_pem,
              .may_connect = [this](std::string_view address, std::uint16_t) {
                  return allowed_.permits_named_host(address);
              }}) {}

Result<net::HttpReply> GuardedOutgoing::send(net::Outgoing::Request request) {
    const std::string host = host_of(request.url);
    const bool named = allowed_.names(host);
    request.plain_http_allowed = named || allowed_.lists(host);
    return named ? named_.send(request) : anywhere_.send(request);
}

} // namespace muster::app
