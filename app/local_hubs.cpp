#include "app/local_hubs.h"

#include <utility>

namespace muster::app {

namespace {

hub::Authentication authentication_of(const provisioning::HubCredential& credential) {
    hub::Authentication authentication;
    if (const auto* keys = std::get_if<provisioning::HubKeys>(&credential)) {
        authentication.type = hub::AuthenticationType::sas;
        authentication.primary_key = keys->keys.primary;
        authentication.secondary_key = keys->keys.secondary;
    } else if (const auto* thumbprints = std::get_if<provisioning::HubThumbprints>(&credential)) {
        authentication.type = hub::AuthenticationType::self_signed;
        authentication.primary_thumbprint = thumbprints->primary;
        authentication.secondary_thumbprint = thumbprints->secondary;
    }
    return authentication;
}

} // namespace

void LocalHubs::add(hub::Service& service) {
    services_[service.settings().name] = &service;
}

Result<void> LocalHubs::ensure_device(const HubName& hub,
                                      const provisioning::DeviceProvision& provision) {
    const auto found = services_.find(hub);
    if (found == services_.end()) {
        return fail(Code::not_found, "hub is not known here", hub.text());
    }
    return found->second->ensure_device(
        provision.device_id, authentication_of(provision.credential), provision.iot_edge,
        provision.initial_twin.tags, provision.initial_twin.desired);
}

} // namespace muster::app
