#include "app/hub_settings.h"

#include <algorithm>

namespace muster::app {

namespace {

std::vector<hub::Right> rights_of(const std::string& policy) {
    using hub::Right;
    if (policy == "iothubowner") {
        return {Right::registry_read, Right::registry_write, Right::service_connect,
                Right::device_connect};
    }
    if (policy == "service") {
        return {Right::service_connect};
    }
    if (policy == "device") {
        return {Right::device_connect};
    }
    if (policy == "registryRead") {
        return {Right::registry_read};
    }
    return {Right::registry_read, Right::registry_write}; // registryReadWrite
}

} // namespace

const KeyPair& keys_of(const PolicyKeys& keys, const std::string& section,
                       const std::string& policy) {
    return keys.at(section).at(policy); // DataFolder::policy_keys completed them
}

hub::HubSettings hub_settings(const HubConfig& config, const PolicyKeys& keys) {
    hub::HubSettings settings;
    settings.name = config.host;
    settings.devices_max = config.devices_max;
    settings.events.retention.events_max = config.telemetry_messages_max;
    settings.events.retention.age_max = std::chrono::days(config.telemetry_days_max);
    settings.events.retention.bytes_max = config.telemetry_megabytes_max * 1024 * 1024;
    settings.events.partitions = config.partitions;
    const auto tells_of = [&](std::string_view what) {
        return std::ranges::find(config.events, what) != config.events.end();
    };
    settings.events.twin_changes = tells_of("twin-changes");
    settings.events.lifecycle = tells_of("lifecycle");
    settings.events.connection_state = tells_of("connections");
    for (const std::string& policy : hub_policy_names()) {
        const KeyPair& pair = keys_of(keys, "hub:" + config.host.text(), policy);
        settings.policies.push_back({policy, pair.primary, pair.secondary, rights_of(policy)});
    }
    return settings;
}

} // namespace muster::app
