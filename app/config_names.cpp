// Host names and addresses: the defaults, and what a configuration adds up to.

#include "app/config.h"
#include "base/text.h"

#include <boost/url/ipv4_address.hpp>
#include <boost/url/ipv6_address.hpp>
#include <boost/url/parse.hpp>
#include <fmt/format.h>

#include <algorithm>

namespace muster::app {

namespace {

using boost::urls::ipv4_address;

constexpr std::uint32_t loopback_network = 127;
constexpr int default_hubs = 2;

std::optional<ipv4_address> as_ipv4(std::string_view text) {
    const auto parsed = boost::urls::parse_ipv4_address({text.data(), text.size()});
    return parsed.has_value() ? std::optional(*parsed) : std::nullopt;
}

void add_once(std::vector<std::string>& list, const std::string& value) {
    if (std::find(list.begin(), list.end(), value) == list.end()) {
        list.push_back(value);
    }
}

/// The hubs' host names: the next addresses on the loopback network, or names below `host`.
Result<std::vector<std::string>> hub_hosts(const std::string& listen, const std::string& host) {
    std::vector<std::string> names;
    if (host.empty()) {
        const auto address = as_ipv4(listen);
        if (!address || !is_loopback_address(listen)) {
            return fail(Code::malformed,
                        fmt::format("listening on {} needs --host NAME or a configuration file: "
                                    "devices must be told a name that leads here",
                                    listen));
        }
        for (std::uint32_t next = 1; next <= default_hubs; ++next) {
            names.push_back(ipv4_address(address->to_uint() + next).to_string());
        }
        return names;
    }
    for (int next = 1; next <= default_hubs; ++next) {
        names.push_back(fmt::format("hub-{}.{}", next, host));
    }
    return names;
}

} // namespace

bool is_ip_address(std::string_view text) {
    return as_ipv4(text).has_value() ||
           boost::urls::parse_ipv6_address({text.data(), text.size()}).has_value();
}

bool is_loopback_address(std::string_view text) {
    if (const auto address = as_ipv4(text)) {
        return address->to_uint() >> 24 == loopback_network;
    }
    const auto six = boost::urls::parse_ipv6_address({text.data(), text.size()});
    return six.has_value() && six->is_loopback();
}

bool is_any_address(std::string_view text) {
    return text == "0.0.0.0" || text == "::";
}

Result<ServerConfig> default_config(const IdScope& scope, const std::vector<std::string>& listen,
                                    const std::vector<std::string>& hosts) {
    ServerConfig config;
    if (!listen.empty()) {
        config.listen = listen;
    }
    // A name that only the certificate must cover does not move the hubs off their addresses.
    const bool named = !hosts.empty() && !is_ip_address(hosts.front()) &&
                       !is_loopback_address(config.listen.front());
    auto names = hub_hosts(config.listen.front(), named ? to_lower(hosts.front()) : "");
    if (!names) {
        return std::unexpected(names.error());
    }

    InstanceConfig instance;
    instance.scope = scope;
    instance.name = "muster";
    if (named) { // one name for everything: hub-1.NAME, and NAME of every instance below it
        config.domain = to_lower(hosts.front());
    }
    instance.hosts = {named ? to_lower(hosts.front()) : config.listen.front()};
    for (const std::string& host : hosts) {
        add_once(config.hosts, to_lower(host));
        add_once(instance.hosts, to_lower(host));
    }
    for (std::size_t i = 0; i < names->size(); ++i) {
        const std::string name = fmt::format("hub-{}", i + 1);
        config.hubs.push_back({.name = name, .host = HubName((*names)[i])});
        instance.links.push_back({.hub = name});
    }
    config.instances.push_back(std::move(instance));
    return config;
}

std::vector<std::string> addresses_of(const ServerConfig& config) {
    std::vector<std::string> addresses;
    for (const std::string& address : config.listen) {
        add_once(addresses, address);
    }
    const bool everywhere = std::any_of(addresses.begin(), addresses.end(), is_any_address);
    for (const HubConfig& hub : config.hubs) {
        if (!everywhere && is_ip_address(hub.host.text())) {
            add_once(addresses, hub.host.text());
        }
    }
    return addresses;
}

std::vector<std::string> names_of(const ServerConfig& config) {
    std::vector<std::string> names;
    for (const InstanceConfig& instance : config.instances) {
        for (const std::string& host : instance.hosts) {
            add_once(names, host);
        }
    }
    if (!config.domain.empty()) {
        add_once(names, "*." + config.domain);
    }
    for (const HubConfig& hub : config.hubs) {
        add_once(names, hub.host.text());
    }
    for (const std::string& host : config.hosts) {
        add_once(names, host);
    }
    for (const std::string& address : addresses_of(config)) {
        if (!is_any_address(address)) {
            add_once(names, address);
        }
    }
    add_once(names, "localhost");
    return names;
}

} // namespace muster::app
