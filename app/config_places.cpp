#include "app/config_places.h"

#include "base/text.h"
#include "provisioning/ip_range.h"

#include <fmt/format.h>

#include <algorithm>

namespace muster::app {

namespace {

constexpr double round_trip_ms_max = 60'000;
constexpr std::size_t host_bytes_max = 253;

/// A name that a request may have in its URL. An address is a range of one.
bool is_host_name(std::string_view text) {
    const auto is_part_of_a_name = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
    };
    const bool has_letter = std::ranges::any_of(text, [](char c) { return c >= 'a' && c <= 'z'; });
    return has_letter && text.size() <= host_bytes_max && text.front() != '.' &&
           std::ranges::all_of(text, is_part_of_a_name);
}

/// Nothing, if the name is of no hub and cannot be one's host name either.
std::optional<HubName> hub_named(const std::vector<HubConfig>& hubs, const std::string& name) {
    const auto found = std::ranges::find(hubs, name, &HubConfig::name);
    if (found != hubs.end()) {
        return found->host;
    }
    const bool is_host = name.find('.') != std::string::npos &&
                         (is_host_name(to_lower(name)) || is_ip_address(name));
    return is_host ? std::optional(HubName(name)) : std::nullopt;
}

void read_latencies(TableReader& reader, const std::vector<HubConfig>& hubs,
                    NetworkPlace& network) {
    for (const auto& [name, round_trip_ms] : reader.reals("latencies", 0, round_trip_ms_max)) {
        const auto hub = hub_named(hubs, name);
        if (!hub) {
            reader.mistake("latencies", fmt::format("'{}' is neither the name of a [[hub]] nor the "
                                                    "host name of another",
                                                    name));
        } else if (!network.latencies_ms.emplace(*hub, round_trip_ms).second) {
            reader.mistake("latencies", fmt::format("names the hub '{}' twice", hub->text()));
        }
    }
}

} // namespace

std::optional<provisioning::GeoPoint> read_location(TableReader& reader, std::string_view key,
                                                    const std::string& text) {
    const auto point = provisioning::parse_location(text);
    if (!point) {
        reader.mistake(key, fmt::format("'{}' is {}", text, point.error().detail));
        return std::nullopt;
    }
    return *point;
}

NetworkPlace read_network(const toml::table& table, const std::vector<HubConfig>& hubs,
                          Mistakes& mistakes) {
    TableReader reader(table, "network", mistakes);
    NetworkPlace network;
    network.line = table.source().begin.line;
    network.cidr = reader.required_text("cidr");
    if (!network.cidr.empty() && !provisioning::parse_ip_range(network.cidr)) {
        reader.mistake("cidr", fmt::format("'{}' is not an IP network like 10.1.0.0/16 or "
                                           "2001:db8::/32",
                                           network.cidr));
    }
    if (const auto location = reader.text("location")) {
        network.location = read_location(reader, "location", *location);
    }
    const bool says_something = reader.has("location") || reader.has("latencies");
    read_latencies(reader, hubs, network);
    if (!says_something) {
        reader.mistake("location", "is missing, and so are latencies: one of them must be there");
    }
    reader.done();
    return network;
}

OutgoingConfig read_outgoing(const toml::table* table, Mistakes& mistakes) {
    OutgoingConfig outgoing;
    if (table == nullptr) {
        return outgoing;
    }
    TableReader reader(*table, "outgoing", mistakes);
    for (const std::string& text : reader.texts("allow")) {
        outgoing.allow.push_back(to_lower(text));
        if (!provisioning::parse_ip_range(text) && !is_host_name(outgoing.allow.back())) {
            reader.mistake("allow",
                           fmt::format("'{}' is neither an IP network nor a host name", text));
        }
    }
    outgoing.ca_file = reader.text("ca_file").value_or("");
    reader.done();
    return outgoing;
}

} // namespace muster::app
