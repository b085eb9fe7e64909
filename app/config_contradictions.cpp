// What contradicts itself in a configuration, however it came about.

#include "app/config.h"
#include "base/text.h"

#include <fmt/format.h>

#include <set>

namespace muster::app {

namespace {

/// What the parts of a configuration looked at so far have taken.
struct Taken {
    std::set<std::string> hub_names;
    std::set<std::string> hosts;
    std::set<std::string> scopes;
    std::set<std::string> instance_names;
};

std::optional<Contradiction> contradiction_of(const HubConfig& hub, Taken& taken) {
    if (!taken.hub_names.insert(hub.name).second) {
        return Contradiction{hub.line, fmt::format("two hubs are named '{}'", hub.name)};
    }
    if (!taken.hosts.insert(hub.host.text()).second) {
        return Contradiction{hub.line, fmt::format("host '{}' is used twice", hub.host.text())};
    }
    return std::nullopt;
}

std::optional<Contradiction> contradiction_of(const InstanceConfig& instance, Taken& taken) {
    const std::string& scope = instance.scope.text();
    if (!taken.scopes.insert(scope).second) {
        return Contradiction{instance.line,
                             fmt::format("two instances have the ID scope '{}'", scope)};
    }
    if (!taken.instance_names.insert(to_lower(instance.name)).second) {
        return Contradiction{instance.line,
                             fmt::format("two instances are named '{}'", instance.name)};
    }
    for (const std::string& host : instance.hosts) {
        if (!taken.hosts.insert(host).second) {
            return Contradiction{instance.line, fmt::format("host '{}' is used twice", host)};
        }
    }
    for (const HubLink& link : instance.links) {
        if (!taken.hub_names.contains(link.hub)) {
            return Contradiction{
                link.line,
                fmt::format("instance '{}' links to '{}', which is no [[hub]]", scope, link.hub)};
        }
    }
    return std::nullopt;
}

} // namespace

std::optional<Contradiction> find_contradiction(const ServerConfig& config) {
    for (const std::string& address : config.listen) {
        if (!is_ip_address(address)) {
            return Contradiction{0, fmt::format("'{}' is not an IP address", address)};
        }
    }
    if (config.https_port == config.mqtt_port) {
        return Contradiction{0, "https_port and mqtt_port are the same"};
    }
    if (config.instances.empty()) {
        return Contradiction{0, "no [[instance]] is configured"};
    }
    if (config.hubs.empty()) {
        return Contradiction{0, "no [[hub]] is configured"};
    }
    Taken taken;
    for (const HubConfig& hub : config.hubs) {
        if (auto found = contradiction_of(hub, taken)) {
            return found;
        }
    }
    for (const InstanceConfig& instance : config.instances) {
        if (auto found = contradiction_of(instance, taken)) {
            return found;
        }
    }
    return std::nullopt;
}

} // namespace muster::app
