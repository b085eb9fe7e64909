#pragma once
// What a hub is sent: identities, modules and twins as documents (reference: iothub B.3 to B.7).

#include "base/json.h"
#include "provisioning/hubs.h"

#include <string_view>

namespace muster::app {

/// The body of `PUT /devices/{id}`.
JsonObject identity_document(const provisioning::HubDevice& device);

/// One entry of `POST /devices`: identity and twin at once.
JsonObject creation_entry(const provisioning::HubDevice& device, const provisioning::HubTwin& twin);
JsonObject creation_entry(const DeviceId& device, const provisioning::HubModule& module);
/// The whole twin of a module that is there, the reported properties too.
JsonObject twin_entry(const DeviceId& device, const provisioning::HubModule& module);

/// The body of `PUT /twins/..`, which leaves the reported properties alone.
JsonObject twin_document(const provisioning::HubTwin& twin);

} // namespace muster::app
