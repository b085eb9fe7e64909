#include "gateway/control/instance_request.h"

#include "base/encoding.h"
#include "base/text.h"
#include "gateway/control/linked_hub.h"
#include "provisioning/documents/members.h"

#include <string>
#include <utility>
#include <vector>

namespace muster::gateway {

namespace {

using provisioning::AllocationPolicy;
using provisioning::Instance;
using provisioning::InstanceSettings;
using provisioning::IpRule;
using provisioning::LinkedHub;
using provisioning::MemberReader;
using provisioning::PolicySettings;

// Azure Resource Manager's own limits of tags.
constexpr std::size_t tags_max = 50;
constexpr std::size_t tag_name_bytes_max = 512;
constexpr std::size_t tag_value_bytes_max = 256;

template <class T>
struct Named {
    std::string_view name;
    T value;
};

/// The value of a name in a small table, without case; an unknown name is a mistake.
template <class T, std::size_t count>
std::optional<T> choose(MemberReader& reader, std::string_view key,
                        const Named<T> (&choices)[count]) {
    const auto text = reader.text(key);
    if (!text) {
        return std::nullopt;
    }
    std::string names;
    for (const auto& choice : choices) {
        if (equal_ignoring_case(choice.name, *text)) {
            return choice.value;
        }
        names += (names.empty() ? "" : ", ") + std::string(choice.name);
    }
    reader.refuse(key, "is one of " + names);
    return std::nullopt;
}

/// Every element of an array of objects, read by `read(object, path)`; nothing if it is absent.
template <class T, class Read>
std::optional<std::vector<T>> read_each(MemberReader& reader, std::string_view key, Read read) {
    const auto* array = reader.array(key);
    if (array == nullptr) {
        return std::nullopt;
    }
    std::vector<T> items;
    for (const auto& element : *array) {
        const auto path = reader.path_of(key) + '[' + std::to_string(items.size()) + ']';
        if (!element.is_object()) {
            reader.refuse(key, "must be an array of objects");
            return std::nullopt;
        }
        Result<T> item = read(element.as_object(), path + '.');
        if (!item) {
            reader.adopt(std::unexpected(item.error()));
            return std::nullopt;
        }
        items.push_back(*std::move(item));
    }
    return items;
}

// ---- policies and IP rules ----

/// Absent, null and empty all leave the key open.
std::optional<Secret> read_key(MemberReader& reader, std::string_view key) {
    const auto text = reader.text(key);
    if (!text || text->empty()) {
        return std::nullopt;
    }
    auto bytes = base64_decode(*text);
    if (!bytes) {
        reader.refuse(key, "is not valid base64");
        return std::nullopt;
    }
    return Secret(*std::move(bytes));
}

Result<PolicySettings> read_policy(const JsonObject& document, const std::string& path) {
    MemberReader reader(document, path);
    PolicySettings policy;
    policy.name = reader.required_text("keyName");
    auto rights = provisioning::parse_rights(reader.required_text("rights"));
    if (rights) {
        policy.rights = *std::move(rights);
    } else { // "rights are one or more of .."
        reader.adopt(fail(Code::malformed, path + rights.error().detail));
    }
    policy.primary = read_key(reader, "primaryKey");
    policy.secondary = read_key(reader, "secondaryKey");
    if (const auto verdict = reader.verdict(); !verdict) {
        return std::unexpected(verdict.error());
    }
    return policy;
}

Result<IpRule> read_rule(const JsonObject& document, const std::string& path) {
    constexpr Named<IpRule::Action> actions[] = {{"Accept", IpRule::Action::accept},
                                                 {"Reject", IpRule::Action::reject}};
    constexpr Named<IpRule::Target> targets[] = {{"all", IpRule::Target::all},
                                                 {"serviceApi", IpRule::Target::service_api},
                                                 {"deviceApi", IpRule::Target::device_api}};
    MemberReader reader(document, path);
    IpRule rule;
    rule.name = reader.required_text("filterName");
    rule.mask = reader.required_text("ipMask");
    const auto action = choose(reader, "action", actions);
    if (!action) {
        reader.refuse("action", "is required");
    }
    rule.action = action.value_or(IpRule::Action::accept);
    rule.target = choose(reader, "target", targets).value_or(IpRule::Target::all);
    if (const auto verdict = reader.verdict(); !verdict) {
        return std::unexpected(verdict.error());
    }
    return rule;
}

// ---- the instance ----

std::optional<JsonObject> take_tags(MemberReader& reader) {
    auto tags = reader.copy("tags");
    if (!tags) {
        return std::nullopt;
    }
    if (tags->size() > tags_max) {
        reader.refuse("tags", "are at most 50");
    }
    for (const auto& [name, value] : *tags) {
        const auto* text = value.if_string();
        if (text == nullptr || name.size() > tag_name_bytes_max ||
            text->size() > tag_value_bytes_max) {
            reader.refuse("tags", "have names of up to 512 and texts of up to 256 bytes");
        }
    }
    return tags;
}

/// What we would have to ignore, and a caller would believe in.
void refuse_what_is_not_offered(MemberReader& reader, MemberReader& properties) {
    if (const auto* sku = reader.object("sku")) {
        MemberReader sku_reader(*sku, "sku.");
        if (!equal_ignoring_case(sku_reader.text("name").value_or("S1"), "S1")) {
            reader.refuse("sku", "is S1");
        }
        reader.adopt(sku_reader.verdict());
    }
    if (const auto* identity = reader.object("identity")) {
        MemberReader identity_reader(*identity, "identity.");
        if (!equal_ignoring_case(identity_reader.text("type").value_or("None"), "None")) {
            reader.refuse("identity", "is None here; there are no managed identities");
        }
        reader.adopt(identity_reader.verdict());
    }
    const auto* endpoints = properties.array("privateEndpointConnections");
    if (endpoints != nullptr && !endpoints->empty()) {
        properties.refuse("privateEndpointConnections", "are not offered here");
    }
}

void read_properties(MemberReader& reader, const Instance* stored, InstanceSettings& settings) {
    constexpr Named<AllocationPolicy> policies[] = {{"Hashed", AllocationPolicy::hashed},
                                                    {"GeoLatency", AllocationPolicy::geo_latency},
                                                    {"Static", AllocationPolicy::fixed}};
    constexpr Named<bool> switches[] = {{"Enabled", true}, {"Disabled", false}};
    settings.default_policy = choose(reader, "allocationPolicy", policies);
    settings.public_network_access = choose(reader, "publicNetworkAccess", switches);
    if (const auto disabled = reader.flag("disableLocalAuth")) {
        settings.shared_key_access = !*disabled;
    }
    settings.hubs = read_each<LinkedHub>(
        reader, "iotHubs", [stored](const JsonObject& document, const std::string& path) {
            return read_linked_hub(document, path, stored);
        });
    settings.policies = read_each<PolicySettings>(reader, "authorizationPolicies", read_policy);
    settings.ip_rules = read_each<IpRule>(reader, "ipFilterRules", read_rule);
}

} // namespace

Result<InstanceSettings> read_instance(const JsonObject& document, const Instance* stored) {
    MemberReader reader(document);
    InstanceSettings settings;
    settings.location = reader.text("location");
    settings.tags = take_tags(reader);
    static const JsonObject nothing;
    const auto* given = reader.object("properties");
    MemberReader properties(given == nullptr ? nothing : *given, "properties.");
    read_properties(properties, stored, settings);
    refuse_what_is_not_offered(reader, properties);
    reader.adopt(properties.verdict());
    if (const auto verdict = reader.verdict(); !verdict) {
        return std::unexpected(verdict.error());
    }
    return settings;
}

Result<JsonObject> read_tags(const JsonObject& document) {
    MemberReader reader(document);
    const auto tags = take_tags(reader);
    if (!tags) {
        reader.refuse("tags", "is required");
    }
    if (const auto verdict = reader.verdict(); !verdict) {
        return std::unexpected(verdict.error());
    }
    return *tags;
}

Result<provisioning::Instances::CertificateSettings> read_certificate(const JsonObject& document) {
    MemberReader outer(document);
    const auto* inner = outer.object("properties");
    MemberReader reader(inner == nullptr ? document : *inner,
                        inner == nullptr ? "" : "properties.");
    const auto certificate = reader.take(
        "certificate", crypto::Certificate::from_text(reader.required_text("certificate")));
    const auto verified = reader.flag("isVerified").value_or(false);
    reader.adopt(outer.verdict());
    if (const auto verdict = reader.verdict(); !verdict) {
        return std::unexpected(verdict.error());
    }
    return provisioning::Instances::CertificateSettings{
        .name = {}, .certificate = *certificate, .verified = verified};
}

} // namespace muster::gateway
