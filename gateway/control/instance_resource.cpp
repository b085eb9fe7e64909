#include "gateway/control/instance_resource.h"

#include "base/encoding.h"
#include "base/text.h"
#include "gateway/control/linked_hub.h"

#include <utility>

namespace muster::gateway {

namespace {

using provisioning::AllocationPolicy;
using provisioning::Instance;
using provisioning::InstanceState;
using provisioning::IpRule;
using provisioning::LinkedHub;

/// dps-service 10.1: PascalCase here, unlike the service API.
std::string_view name_of(AllocationPolicy policy) {
    switch (policy) {
    case AllocationPolicy::hashed: return "Hashed";
    case AllocationPolicy::geo_latency: return "GeoLatency";
    case AllocationPolicy::fixed: return "Static";
    case AllocationPolicy::custom: return "Custom";
    }
    std::unreachable();
}

std::string_view name_of(IpRule::Target target) {
    switch (target) {
    case IpRule::Target::all: return "all";
    case IpRule::Target::service_api: return "serviceApi";
    case IpRule::Target::device_api: return "deviceApi";
    }
    std::unreachable();
}

JsonObject rule_resource(const IpRule& rule) {
    return {{"filterName", rule.name},
            {"action", rule.action == IpRule::Action::accept ? "Accept" : "Reject"},
            {"ipMask", rule.mask},
            {"target", name_of(rule.target)}};
}

template <class T>
JsonArray array_of(const std::vector<T>& items, JsonObject (*resource)(const T&)) {
    JsonArray array;
    for (const T& item : items) {
        array.emplace_back(resource(item));
    }
    return array;
}

/// The first that the operator gave it, because that one resolves; else the one by its name,
/// `{name}.{domain}`, which comes before them.
std::string service_host(const Instance& instance) {
    const auto& hosts = instance.host_names;
    return hosts.empty() ? std::string() : hosts.size() == 1 ? hosts[0] : hosts[1];
}

JsonObject properties_of(const Instance& instance, const ResourceView& view) {
    const bool active = instance.state == InstanceState::active;
    return {{"state", active ? "Active" : "Deleting"},
            {"provisioningState", active ? "Succeeded" : "Deleting"},
            {"iotHubs", array_of(instance.hubs, to_hub_resource)},
            {"allocationPolicy", name_of(instance.default_policy)},
            {"serviceOperationsHostName", service_host(instance)},
            {"deviceProvisioningHostName", view.device_host},
            {"idScope", instance.scope.text()},
            {"ipFilterRules", array_of(instance.ip_rules, rule_resource)},
            {"publicNetworkAccess", instance.public_network_access ? "Enabled" : "Disabled"},
            {"privateEndpointConnections", JsonArray()},
            {"enableDataResidency", false},
            {"disableLocalAuth", !instance.shared_key_access}};
}

} // namespace

JsonObject to_resource(const Instance& instance, const ResourceView& view) {
    return {{"etag", instance.stamp.etag.text()},
            {"name", instance.name},
            {"location", instance.location},
            {"properties", properties_of(instance, view)},
            {"resourcegroup", instance.tenant},
            {"type", "Microsoft.Devices/provisioningServices"},
            {"id", resource_id(instance, view.subscription)},
            {"subscriptionid", view.subscription},
            {"tags", instance.tags},
            {"sku", {{"name", "S1"}, {"tier", "Standard"}, {"capacity", 1}}}};
}

std::string resource_id(const Instance& instance, std::string_view subscription) {
    return "/subscriptions/" + std::string(subscription) + "/resourceGroups/" + instance.tenant +
           "/providers/Microsoft.Devices/provisioningServices/" + instance.name;
}

JsonObject to_policy_resource(const provisioning::AccessPolicy& policy) {
    return {{"keyName", policy.name},
            {"primaryKey", base64_encode(policy.keys.primary.reveal())},
            {"secondaryKey", base64_encode(policy.keys.secondary.reveal())},
            {"rights", rights_text(policy.rights)}};
}

} // namespace muster::gateway
