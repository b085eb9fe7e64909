#include "provisioning/instances/settings.h"

#include "base/text.h"
#include "crypto/keys.h"
#include "provisioning/instances/hub_changes.h"

#include <algorithm>

namespace muster::provisioning {

namespace {

const std::string default_tenant = "default";

template <class T>
void set_if_given(T& member, const std::optional<T>& wanted) {
    if (wanted) {
        member = *wanted;
    }
}

SymmetricKeys new_keys(Random& random) {
    return {.primary = crypto::new_key(random, policy_key_bytes),
            .secondary = crypto::new_key(random, policy_key_bytes)};
}

/// Given keys, else those it has, else new ones.
AccessPolicy policy_of(const PolicySettings& wanted, const Instance& instance, Random& random) {
    const AccessPolicy* known = instance.find_policy(wanted.name);
    AccessPolicy policy{.name = known != nullptr ? known->name : wanted.name,
                        .keys = known != nullptr ? known->keys : new_keys(random),
                        .rights = wanted.rights};
    set_if_given(policy.keys.primary, wanted.primary);
    set_if_given(policy.keys.secondary, wanted.secondary);
    return policy;
}

std::vector<AccessPolicy> policies_of(const std::vector<PolicySettings>& wanted,
                                      const Instance& instance, Random& random) {
    std::vector<AccessPolicy> policies;
    for (const PolicySettings& one : wanted) {
        policies.push_back(policy_of(one, instance, random));
    }
    return policies;
}

bool repeats(const std::vector<LinkedHub>& hubs, const HubName& name) {
    return std::ranges::find(hubs, name, &LinkedHub::name) != hubs.end();
}

/// Of a hub that is linked, or was; null for any other.
const Secret* known_connection(const Instance& instance, const HubName& name) {
    if (const LinkedHub* linked = instance.find_hub(name)) {
        return &linked->connection_string;
    }
    const FormerHub* former = instance.find_former_hub(name);
    return former == nullptr ? nullptr : &former->connection_string;
}

Result<std::vector<LinkedHub>> hubs_of(const std::vector<LinkedHub>& wanted,
                                       const Instance& instance, const Principal& by) {
    std::vector<LinkedHub> hubs;
    for (LinkedHub hub : wanted) {
        if (repeats(hubs, hub.name)) {
            return fail(Code::malformed, "Cannot have duplicate iot hubs in description");
        }
        if (hub.connection_string.empty()) {
            const Secret* known = known_connection(instance, hub.name);
            if (known == nullptr && !is_configuration(by)) {
                return fail(Code::malformed, "hub '" + hub.name.text() +
                                                 "' is not linked yet, so its connectionString "
                                                 "is required");
            }
            hub.connection_string = known != nullptr ? *known : Secret();
        }
        hubs.push_back(std::move(hub));
    }
    return hubs;
}

/// `x.{domain}` is for the instance x, whenever it comes; only the configuration may say otherwise.
bool may_take(const std::string& host, const Instance& instance, const SettingsContext& context) {
    const auto has = [&](const auto& hosts) {
        return std::ranges::find(hosts, host) != hosts.end();
    };
    return !host.ends_with('.' + to_lower(context.domain)) || has(instance.host_names) ||
           is_configuration(context.by);
}

/// The one by its name first, then the others once each.
Result<std::vector<std::string>> hosts_of(const std::vector<std::string>& extra,
                                          const Instance& instance,
                                          const SettingsContext& context) {
    std::vector<std::string> hosts{host_of(instance.name, context.domain)};
    for (const std::string& one : extra) {
        std::string host = to_lower(one);
        if (std::ranges::find(hosts, host) != hosts.end()) {
            continue;
        }
        if (!may_take(host, instance, context)) {
            return fail(Code::malformed,
                        "the host " + host + " is kept for an instance of its name");
        }
        hosts.push_back(std::move(host));
    }
    return hosts;
}

} // namespace

bool is_configuration(const Principal& principal) {
    return principal.name == "configuration";
}

std::string host_of(std::string_view name, std::string_view domain) {
    return to_lower(std::string(name) + '.' + std::string(domain));
}

Instance with_own_host(Instance instance, const std::vector<Instance>& stored,
                       std::string_view domain) {
    const std::string own = host_of(instance.name, domain);
    const auto answers = [&](const Instance& other) {
        return std::ranges::find(other.host_names, own) != other.host_names.end();
    };
    const bool is_first = !instance.host_names.empty() && instance.host_names.front() == own;
    const bool is_taken = std::ranges::any_of(stored, [&](const Instance& other) {
        return other.scope != instance.scope && answers(other);
    });
    if (!is_first && !is_taken) {
        std::erase(instance.host_names, own);
        instance.host_names.insert(instance.host_names.begin(), own);
    }
    return instance;
}

Instance blank_instance(const InstanceSettings& settings, IdScope scope, Random& random) {
    Instance instance;
    instance.scope = std::move(scope);
    instance.name = settings.name;
    instance.tenant = settings.tenant.empty() ? default_tenant : settings.tenant;
    if (!settings.policies) {
        instance.policies.push_back(
            {.name = std::string(owner_policy),
             .keys = new_keys(random),
             .rights = {Right::service_config, Right::device_connect, Right::enrollment_write}});
    }
    return instance;
}

Result<Instance> with_settings(Instance instance, const InstanceSettings& settings,
                               const SettingsContext& context) {
    if (settings.hubs) {
        auto hubs = hubs_of(*settings.hubs, instance, context.by);
        if (!hubs) {
            return std::unexpected(std::move(hubs).error());
        }
        auto linked = with_hubs(std::move(instance), *std::move(hubs));
        if (!linked) {
            return linked;
        }
        instance = *std::move(linked);
    }
    if (settings.policies) {
        instance.policies = policies_of(*settings.policies, instance, context.random);
    }
    if (settings.extra_hosts || instance.host_names.empty()) {
        auto hosts =
            hosts_of(settings.extra_hosts.value_or(std::vector<std::string>()), instance, context);
        if (!hosts) {
            return std::unexpected(std::move(hosts).error());
        }
        instance.host_names = *std::move(hosts);
    }
    set_if_given(instance.location, settings.location);
    set_if_given(instance.tags, settings.tags);
    set_if_given(instance.default_policy, settings.default_policy);
    set_if_given(instance.even_load, settings.even_load);
    set_if_given(instance.ip_rules, settings.ip_rules);
    set_if_given(instance.public_network_access, settings.public_network_access);
    set_if_given(instance.shared_key_access, settings.shared_key_access);
    set_if_given(instance.quotas, settings.quotas);
    return instance;
}

} // namespace muster::provisioning
