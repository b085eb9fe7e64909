#include "app/seeding.h"

#include "base/check.h"
#include "base/file.h"
#include "base/log.h"

#include <fmt/format.h>

#include <algorithm>

namespace muster::app {

namespace {

using provisioning::Instance;
using provisioning::Instances;
using provisioning::InstanceSettings;
using provisioning::Principal;

constexpr std::size_t ca_file_bytes_max = 1024 * 1024;

const HubConfig& hub_named(const ServerConfig& config, const std::string& name) {
    const auto found = std::ranges::find(config.hubs, name, &HubConfig::name);
    CHECK(found != config.hubs.end()); // find_contradiction
    return *found;
}

std::vector<provisioning::LinkedHub> linked_hubs(const ServerConfig& config,
                                                 const InstanceConfig& instance) {
    std::vector<provisioning::LinkedHub> hubs;
    for (const HubLink& link : instance.links) {
        const HubConfig& hub = hub_named(config, link.hub);
        hubs.push_back({.name = hub.host,
                        .weight = link.weight,
                        .apply_allocation_policy = link.apply_allocation_policy,
                        .location = hub.location.empty() ? "local" : hub.location,
                        .connection_string = {},
                        .devices_max = link.devices_max.value_or(hub.devices_max)});
    }
    return hubs;
}

/// Versions before the control plane kept the owner's keys in secrets.toml: tools that were given
/// them go on working.
std::optional<std::vector<provisioning::PolicySettings>> earlier_policies(const IdScope& scope,
                                                                          const PolicyKeys& keys) {
    using provisioning::Right;
    const auto section = keys.find("scope:" + scope.text());
    if (section == keys.end() || !section->second.contains(provisioning_owner)) {
        return std::nullopt;
    }
    const KeyPair& pair = section->second.at(provisioning_owner);
    return std::vector<provisioning::PolicySettings>{
        {.name = provisioning_owner,
         .rights = {Right::service_config, Right::device_connect, Right::enrollment_write},
         .primary = pair.primary,
         .secondary = pair.secondary}};
}

Result<Instances::CertificateSettings> load_ca(const CaFile& file) {
    auto text = read_file(file.file, ca_file_bytes_max);
    if (!text) {
        return fail(Code::malformed,
                    fmt::format("certificate '{}': {}", file.name, text.error().detail));
    }
    auto certificate = crypto::Certificate::from_text(*text);
    if (!certificate) {
        return fail(Code::malformed,
                    fmt::format("certificate '{}': {}", file.name, certificate.error().detail));
    }
    return Instances::CertificateSettings{
        .name = file.name, .certificate = *certificate, .verified = file.verified};
}

using Certificates = std::vector<Instances::CertificateSettings>;

Result<Certificates> load_certificates(const InstanceConfig& config) {
    Certificates certificates;
    for (const CaFile& file : config.certificates) {
        auto certificate = load_ca(file);
        if (!certificate) {
            return std::unexpected(certificate.error());
        }
        certificates.push_back(std::move(*certificate));
    }
    return certificates;
}

provisioning::InstancePtr with_scope(const Instances& instances, const IdScope& scope) {
    for (auto& instance : instances.all()) {
        if (instance->scope == scope) {
            return instance;
        }
    }
    return nullptr;
}

void note_difference(const ServerConfig& config, const InstanceConfig& wanted,
                     const Instance& instance) {
    const auto links = linked_hubs(config, wanted);
    const auto same_link = [](const auto& left, const auto& right) {
        return left.name == right.name && left.weight == right.weight &&
               left.apply_allocation_policy == right.apply_allocation_policy;
    };
    if (instance.default_policy != wanted.default_policy ||
        !std::ranges::equal(links, instance.hubs, same_link)) {
        log::warning("the instance differs from the configuration file; what is stored counts",
                     {{"instance", instance.name}, {"scope", instance.scope.text()}});
    }
}

InstanceSettings settings_of(const ServerConfig& config, const InstanceConfig& wanted,
                             const PolicyKeys& keys) {
    InstanceSettings settings;
    settings.name = wanted.name;
    settings.tenant = wanted.tenant;
    settings.scope = wanted.scope;
    settings.extra_hosts = wanted.hosts;
    settings.default_policy = wanted.default_policy;
    settings.hubs = linked_hubs(config, wanted);
    settings.policies = earlier_policies(wanted.scope, keys);
    return settings;
}

std::unexpected<Error> about(const InstanceConfig& wanted, const Error& error) {
    return fail(error.code, fmt::format("instance '{}': {}", wanted.name, error.detail),
                error.cause);
}

/// The files are read first: a start that fails over one of them leaves nothing half made.
Result<void> make_instance(const InstanceConfig& wanted, const InstanceSettings& settings,
                           Instances& instances) {
    const Principal by{.name = "configuration"};
    const auto certificates = load_certificates(wanted);
    if (!certificates) {
        return about(wanted, certificates.error());
    }
    if (const auto saved = instances.put(settings, {}, by); !saved) {
        return about(wanted, saved.error());
    }
    for (const auto& certificate : *certificates) {
        const auto added = instances.put_certificate(wanted.name, certificate, {}, by);
        if (!added) {
            return about(wanted, added.error());
        }
    }
    return {};
}

} // namespace

Result<void> seed_instances(const ServerConfig& config, const PolicyKeys& keys,
                            Instances& instances) {
    for (const InstanceConfig& wanted : config.instances) {
        const auto instance = with_scope(instances, wanted.scope);
        if (instance) {
            note_difference(config, wanted, *instance);
            continue;
        }
        auto made = make_instance(wanted, settings_of(config, wanted, keys), instances);
        if (!made) {
            return made;
        }
    }
    return {};
}

} // namespace muster::app
