#pragma once
// An instance as a resource of type Microsoft.Devices/provisioningServices (reference: dps-service
// 10.1 to 10.3). No secret is in it: connection strings are masked, policies are left out.

#include "base/json.h"
#include "provisioning/instance.h"

#include <string>
#include <string_view>

namespace muster::gateway {

/// From where the resource is looked at: what of it depends on the request.
struct ResourceView {
    std::string subscription;
    std::string device_host; // a name of this server; devices are told apart by ID scope only
};

JsonObject to_resource(const provisioning::Instance& instance, const ResourceView& view);

/// `/subscriptions/{s}/resourceGroups/{g}/providers/Microsoft.Devices/provisioningServices/{n}`
std::string resource_id(const provisioning::Instance& instance, std::string_view subscription);

/// `{"keyName":..,"primaryKey":..,"secondaryKey":..,"rights":..}`: for those who may see keys.
JsonObject to_policy_resource(const provisioning::AccessPolicy& policy);

} // namespace muster::gateway
