#include "app/hub_settings.h"

#include "base/file.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace muster::app {

namespace {

constexpr std::size_t bundle_bytes_max = 1024 * 1024;
constexpr std::size_t authorities_max = 100; // each may cost a look at a device's chain
constexpr std::string_view pem_end = "-----END CERTIFICATE-----";

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

Result<std::vector<crypto::Certificate>> authorities_of(const HubConfig& config) {
    if (config.ca_file.empty()) {
        return {};
    }
    auto bundle = read_file(config.ca_file, bundle_bytes_max);
    auto authorities =
        bundle
            ? read_authorities(*bundle)
            : Result<std::vector<crypto::Certificate>>(std::unexpected(std::move(bundle.error())));
    if (!authorities) {
        authorities.error().detail =
            fmt::format("hub {}: ca_file {}: {}", config.name, config.ca_file.string(),
                        authorities.error().detail);
    }
    return authorities;
}

} // namespace

Result<std::vector<crypto::Certificate>> read_authorities(std::string_view bundle) {
    std::vector<crypto::Certificate> authorities;
    for (auto end = bundle.find(pem_end); end != std::string_view::npos;
         end = bundle.find(pem_end)) {
        const std::size_t length = end + pem_end.size();
        auto certificate = crypto::Certificate::from_text(bundle.substr(0, length));
        bundle.remove_prefix(length);
        if (!certificate || !certificate->is_ca()) {
            return fail(Code::malformed,
                        fmt::format("certificate {} is not a CA's in PEM", authorities.size() + 1));
        }
        authorities.push_back(std::move(*certificate));
    }
    if (authorities.empty() || authorities.size() > authorities_max) {
        return fail(Code::malformed,
                    fmt::format("it must hold 1 to {} certificates in PEM", authorities_max));
    }
    return authorities;
}

const KeyPair& keys_of(const PolicyKeys& keys, const std::string& section,
                       const std::string& policy) {
    return keys.at(section).at(policy); // DataFolder::policy_keys completed them
}

Result<hub::HubSettings> hub_settings(const HubConfig& config, const PolicyKeys& keys) {
    hub::HubSettings settings;
    settings.name = config.host;
    settings.devices_max = config.devices_max;
    settings.modules_max = config.modules_max;
    auto authorities = authorities_of(config);
    if (!authorities) {
        return std::unexpected(std::move(authorities.error()));
    }
    settings.authorities = std::move(*authorities);
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
    settings.message_limits.deliveries_max = config.message_deliveries_max;
    settings.message_limits.time_to_live = std::chrono::minutes(config.message_minutes);
    if (config.tier) {
        settings.limits = hub::limits_of(*config.tier, config.units);
    }
    settings.unthrottled_policies = config.unthrottled_policies;
    for (const std::string& policy : hub_policy_names()) {
        const KeyPair& pair = keys_of(keys, "hub:" + config.host.text(), policy);
        settings.policies.push_back({policy, pair.primary, pair.secondary, rights_of(policy)});
    }
    return settings;
}

} // namespace muster::app
