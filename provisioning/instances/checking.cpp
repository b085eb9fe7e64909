// The grammar and the bounds of settings.

#include "base/text.h"
#include "provisioning/grammar.h"
#include "provisioning/instances/settings.h"
#include "provisioning/ip_range.h"

#include <set>

namespace muster::provisioning {

namespace {

constexpr int weight_max = 1000;
constexpr std::size_t hubs_max = 1000;
constexpr std::int64_t hub_devices_max = 1'000'000'000;
constexpr std::size_t hosts_max = 100;
constexpr std::size_t policies_max = 64;
constexpr std::size_t ip_rules_max = 100; // dps-service 11
constexpr std::size_t tags_max = 50;
constexpr std::size_t tags_bytes_max = 32 * 1024;
constexpr std::size_t label_chars_max = 128;
constexpr std::size_t key_bytes_min = 16; // crypto::decode_key
constexpr std::size_t key_bytes_max = 64;

std::unexpected<Error> malformed(std::string detail) {
    return fail(Code::malformed, std::move(detail));
}

Result<void> check_names(const InstanceSettings& settings) {
    if (!is_instance_name(settings.name)) {
        return malformed("the name of an instance is 3 to 50 letters, digits and '-', not only "
                         "digits, and neither begins nor ends with '-'");
    }
    if (!settings.tenant.empty() && !is_tenant_name(settings.tenant)) {
        return malformed("the name of a tenant (resource group) is 1 to 90 letters, digits and "
                         "\"_-.()\", and does not end with '.'");
    }
    if (settings.scope && !parse_id_scope(settings.scope->text())) {
        return malformed("not an id scope");
    }
    return {};
}

Result<void> check_labels(const InstanceSettings& settings) {
    if (settings.location && !is_label(*settings.location, label_chars_max)) {
        return malformed("location must be 1 to 128 printable characters");
    }
    if (settings.tags && settings.tags->size() > tags_max) {
        return malformed("an instance has at most 50 tags");
    }
    if (settings.tags && to_text(*settings.tags).size() > tags_bytes_max) {
        return malformed("the tags are larger than 32 KiB");
    }
    return {};
}

Result<void> check_hosts(const std::vector<std::string>& hosts) {
    if (hosts.size() > hosts_max) {
        return malformed("an instance has at most 100 hosts");
    }
    for (const std::string& host : hosts) {
        if (!is_host_name(host)) {
            return malformed("hosts must hold host names or addresses without port");
        }
    }
    return {};
}

/// Also under their names, which the links were given by then.
Result<void> check_hubs(const std::vector<LinkedHub>& hubs) {
    if (hubs.size() > hubs_max) {
        return malformed("at most 1000 hubs can be linked");
    }
    for (const LinkedHub& hub : hubs) {
        if (hub.weight < 1 || hub.weight > weight_max) {
            return malformed("the weight of a hub must be from 1 to 1000");
        }
        if (hub.devices_max < 0 || hub.devices_max > hub_devices_max) {
            return malformed("devicesMax of a hub must be from 0 to 1000000000");
        }
        if (!hub.location.empty() && !is_label(hub.location, label_chars_max)) {
            return malformed("the location of a hub must be at most 128 printable characters");
        }
    }
    return {};
}

bool is_key(const std::optional<Secret>& key) {
    return !key || (key->reveal().size() >= key_bytes_min && key->reveal().size() <= key_bytes_max);
}

Result<void> check_policy(const PolicySettings& policy) {
    if (!is_policy_name(policy.name)) {
        return malformed("the name of a policy is 1 to 256 letters, digits and \"_-@.\"");
    }
    if (policy.rights.empty()) {
        return malformed("policy '" + policy.name + "' grants no right");
    }
    if (!is_key(policy.primary) || !is_key(policy.secondary)) {
        return malformed("the keys of policy '" + policy.name + "' must be 16 to 64 bytes");
    }
    return {};
}

Result<void> check_policies(const std::vector<PolicySettings>& policies) {
    if (policies.size() > policies_max) {
        return malformed("an instance has at most 64 policies");
    }
    std::set<std::string> names;
    for (const PolicySettings& policy : policies) {
        if (auto checked = check_policy(policy); !checked) {
            return checked;
        }
        if (!names.insert(to_lower(policy.name)).second) {
            return malformed("two policies are named '" + policy.name + "'");
        }
    }
    return {};
}

Result<void> check_rules(const std::vector<IpRule>& rules) {
    if (rules.size() > ip_rules_max) {
        return malformed("an instance has at most 100 ip filter rules");
    }
    std::set<std::string> names;
    for (const IpRule& rule : rules) {
        if (!is_label(rule.name, label_chars_max)) {
            return malformed("the name of an ip filter rule is 1 to 128 printable characters");
        }
        if (!names.insert(to_lower(rule.name)).second) {
            return malformed("two ip filter rules are named '" + rule.name + "'");
        }
        if (!parse_ip_range(rule.mask)) {
            return malformed("the mask of ip filter rule '" + rule.name +
                             "' is no IPv4 or IPv6 range, such as 10.0.0.0/8");
        }
    }
    return {};
}

Result<void> check_quotas(const Quotas& quotas) {
    for (const auto& quota : {quotas.enrollments, quotas.enrollment_groups, quotas.registrations}) {
        if (quota && *quota < 0) {
            return malformed("a quota cannot be negative");
        }
    }
    return {};
}

template <class T>
Result<void> check_if_set(const std::optional<T>& member, Result<void> (*check)(const T&)) {
    return member ? check(*member) : Result<void>();
}

} // namespace

Result<void> check_settings(const InstanceSettings& settings) {
    if (settings.default_policy == AllocationPolicy::custom) {
        return malformed("an instance has no webhook, so its policy cannot be custom");
    }
    for (const auto& checked :
         {check_names(settings), check_labels(settings),
          check_if_set(settings.extra_hosts, check_hosts), check_if_set(settings.hubs, check_hubs),
          check_if_set(settings.policies, check_policies),
          check_if_set(settings.ip_rules, check_rules),
          check_if_set(settings.quotas, check_quotas)}) {
        if (!checked) {
            return checked;
        }
    }
    return {};
}

} // namespace muster::provisioning
