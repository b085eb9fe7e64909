// Instance documents read: what a caller may set, and what a store kept.

#include "base/text.h"
#include "crypto/keys.h"
#include "provisioning/documents/instance_document.h"
#include "provisioning/documents/names.h"
#include "provisioning/documents/terms_document.h"

#include <algorithm>
#include <initializer_list>
#include <limits>
#include <utility>

namespace muster::provisioning {

namespace {

/// What `read` makes of each object of an array; nothing if the array is unset.
template <class T, class Read>
std::optional<std::vector<T>> read_objects(MemberReader& members, std::string_view key, Read read) {
    const JsonArray* array = members.array(key);
    if (array == nullptr) {
        return std::nullopt;
    }
    std::vector<T> items;
    for (const Json& element : *array) {
        if (!element.is_object()) {
            members.refuse(key, "must hold objects");
            return std::nullopt;
        }
        const std::string place = members.path_of(key) + '[' + std::to_string(items.size()) + "].";
        MemberReader inner(element.as_object(), place);
        items.push_back(read(inner));
        members.adopt(inner.verdict());
        if (members.failed()) {
            return std::nullopt;
        }
    }
    return items;
}

std::optional<std::vector<std::string>> read_hosts(MemberReader& members) {
    const JsonArray* array = members.array("hosts");
    if (array == nullptr) {
        return std::nullopt;
    }
    std::vector<std::string> hosts;
    for (const Json& element : *array) {
        if (!element.is_string()) {
            members.refuse("hosts", "must hold host names");
            return std::nullopt;
        }
        hosts.emplace_back(element.as_string());
    }
    return hosts;
}

/// The value that the member names, without regard to case.
template <class T>
std::optional<T> read_word(MemberReader& members, std::string_view key,
                           std::initializer_list<std::pair<std::string_view, T>> words) {
    const std::optional<std::string> text = members.text(key);
    if (!text) {
        return std::nullopt;
    }
    const auto found = std::ranges::find_if(
        words, [&](const auto& word) { return equal_ignoring_case(word.first, *text); });
    if (found == words.end()) {
        members.refuse(key, "has an unknown value");
        return std::nullopt;
    }
    return found->second;
}

LinkedHub read_hub(MemberReader& members) {
    LinkedHub hub;
    hub.name = HubName(members.text("name").value_or(""));
    // A number that fits no int is no weight either; Instances says which are.
    hub.weight = static_cast<int>(std::clamp<std::int64_t>(members.number("weight").value_or(1), 0,
                                                           std::numeric_limits<int>::max()));
    hub.apply_allocation_policy = members.flag("applyAllocationPolicy").value_or(true);
    hub.location = members.text("location").value_or("");
    hub.devices_max = members.number("devicesMax").value_or(hub.devices_max);
    hub.connection_string = Secret(members.text("connectionString").value_or(""));
    if (hub.name.empty() && hub.connection_string.empty()) {
        members.refuse("name", "or connectionString is required");
    }
    return hub;
}

std::optional<Secret> read_key(MemberReader& members, std::string_view key) {
    const std::string text = members.text(key).value_or("");
    return text.empty() ? std::nullopt : members.take(key, crypto::decode_key(text));
}

PolicySettings read_policy(MemberReader& members) {
    PolicySettings policy;
    policy.name = members.required_text("name");
    policy.rights = members.take("rights", parse_rights(members.required_text("rights")))
                        .value_or(std::vector<Right>());
    policy.primary = read_key(members, "primaryKey");
    policy.secondary = read_key(members, "secondaryKey");
    return policy;
}

IpRule read_rule(MemberReader& members) {
    using enum IpRule::Action;
    using enum IpRule::Target;
    IpRule rule;
    rule.name = members.required_text("name");
    rule.action =
        read_word<IpRule::Action>(members, "action", {{"accept", accept}, {"reject", reject}})
            .value_or(accept);
    rule.target = read_word<IpRule::Target>(
                      members, "target",
                      {{"all", all}, {"serviceApi", service_api}, {"deviceApi", device_api}})
                      .value_or(all);
    rule.mask = members.required_text("mask");
    return rule;
}

std::optional<Quotas> read_quotas(MemberReader& members) {
    const JsonObject* object = members.object("quotas");
    if (object == nullptr) {
        return std::nullopt;
    }
    MemberReader inner(*object, "quotas.");
    const Quotas quotas{.enrollments = inner.number("enrollments"),
                        .enrollment_groups = inner.number("enrollmentGroups"),
                        .registrations = inner.number("registrations")};
    members.adopt(inner.verdict());
    return quotas;
}

std::optional<AllocationPolicy> read_allocation(MemberReader& members) {
    using enum AllocationPolicy;
    return read_word<AllocationPolicy>(members, "allocationPolicy",
                                       {{to_string(hashed), hashed},
                                        {to_string(geo_latency), geo_latency},
                                        {to_string(fixed), fixed},
                                        {to_string(custom), custom}});
}

InstanceSettings read_settings(MemberReader& members) {
    InstanceSettings settings;
    settings.name = members.text("name").value_or("");
    settings.tenant = members.text("tenant").value_or("");
    settings.location = members.text("location");
    settings.tags = members.copy("tags");
    settings.extra_hosts = read_hosts(members);
    settings.default_policy = read_allocation(members);
    settings.even_load = members.flag("evenLoad");
    settings.hubs = read_objects<LinkedHub>(members, "hubs", read_hub);
    settings.policies = read_objects<PolicySettings>(members, "policies", read_policy);
    settings.ip_rules = read_objects<IpRule>(members, "ipFilterRules", read_rule);
    settings.public_network_access = members.flag("publicNetworkAccess");
    settings.shared_key_access = members.flag("sharedKeyAccess");
    settings.quotas = read_quotas(members);
    return settings;
}

// ---- what only stores see ----

std::optional<CaCertificate> read_certificate(MemberReader& members) {
    auto x509 = members.take("certificate",
                             crypto::Certificate::from_text(members.required_text("certificate")));
    if (!x509) {
        return std::nullopt;
    }
    return CaCertificate{.name = members.required_text("name"),
                         .certificate = *std::move(x509),
                         .verified = members.flag("isVerified").value_or(false),
                         .verification_code = members.text("verificationCode").value_or(""),
                         .stamp = read_stamp(members)};
}

std::vector<CaCertificate> read_certificates(MemberReader& members) {
    auto read =
        read_objects<std::optional<CaCertificate>>(members, "certificates", read_certificate);
    std::vector<CaCertificate> certificates;
    if (read) {
        for (auto& certificate : *read) {
            certificates.push_back(*std::move(certificate));
        }
    }
    return certificates;
}

FormerHub read_former_hub(MemberReader& members) {
    return {.name = HubName(members.required_text("name")),
            .connection_string = Secret(members.text("connectionString").value_or("")),
            .lost = members.flag("lost").value_or(false)};
}

GroupQuarantine read_quarantine(MemberReader& members) {
    return {
        .group = EnrollmentGroupId(members.required_text("enrollmentGroupId")),
        .hub = HubName(members.required_text("hub")),
        .reason = members.text("reason").value_or(""),
        .since =
            members.take("sinceDateTimeUtc", parse_time(members.required_text("sinceDateTimeUtc")))
                .value_or(WallTime())};
}

std::vector<AccessPolicy> policies_of(std::vector<PolicySettings> settings) {
    std::vector<AccessPolicy> policies;
    for (PolicySettings& one : settings) {
        policies.push_back({.name = std::move(one.name),
                            .keys = {.primary = std::move(one.primary).value_or(Secret()),
                                     .secondary = std::move(one.secondary).value_or(Secret())},
                            .rights = std::move(one.rights)});
    }
    return policies;
}

Instance instance_of(InstanceSettings settings) {
    Instance instance;
    instance.name = std::move(settings.name);
    instance.tenant = std::move(settings.tenant);
    instance.location = std::move(settings.location).value_or("");
    instance.tags = std::move(settings.tags).value_or(JsonObject());
    instance.host_names = std::move(settings.extra_hosts).value_or(std::vector<std::string>());
    instance.default_policy = settings.default_policy.value_or(AllocationPolicy::hashed);
    instance.even_load = settings.even_load.value_or(false);
    instance.hubs = std::move(settings.hubs).value_or(std::vector<LinkedHub>());
    instance.policies =
        policies_of(std::move(settings.policies).value_or(std::vector<PolicySettings>()));
    instance.ip_rules = std::move(settings.ip_rules).value_or(std::vector<IpRule>());
    instance.public_network_access = settings.public_network_access.value_or(true);
    instance.shared_key_access = settings.shared_key_access.value_or(true);
    instance.quotas = settings.quotas.value_or(Quotas());
    return instance;
}

} // namespace

Result<InstanceSettings> instance_settings(const JsonObject& document) {
    MemberReader members(document);
    InstanceSettings settings = read_settings(members);
    if (const auto verdict = members.verdict(); !verdict) {
        return std::unexpected(verdict.error());
    }
    return settings;
}

Result<Instance> stored_instance(const JsonObject& document) {
    MemberReader members(document);
    Instance instance = instance_of(read_settings(members));
    instance.scope = IdScope(members.required_text("idScope"));
    instance.state = read_word<InstanceState>(
                         members, "state",
                         {{"active", InstanceState::active}, {"deleting", InstanceState::deleting}})
                         .value_or(InstanceState::active);
    instance.deleted_by = members.text("deletedBy").value_or("");
    // Absent in what versions of before have stored.
    instance.former_hubs = read_objects<FormerHub>(members, "formerHubs", read_former_hub)
                               .value_or(std::vector<FormerHub>());
    instance.quarantines = read_objects<GroupQuarantine>(members, "quarantines", read_quarantine)
                               .value_or(std::vector<GroupQuarantine>());
    instance.certificates = read_certificates(members);
    instance.stamp = read_stamp(members);
    if (const auto verdict = members.verdict(); !verdict) {
        return std::unexpected(verdict.error());
    }
    return instance;
}

} // namespace muster::provisioning
