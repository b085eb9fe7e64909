#include "app/local_hubs.h"

#include "app/ready_file.h"

#include <algorithm>
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

const hub::AccessPolicy* find_policy(const hub::Service& service, const std::string& name) {
    const auto& policies = service.settings().policies;
    const auto found = std::ranges::find(policies, name, &hub::AccessPolicy::name);
    return found == policies.end() ? nullptr : &*found;
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

Result<HubName> LocalHubs::check_link(const Secret& connection_string) {
    const auto connection = parse_connection_string(connection_string.reveal());
    if (!connection) {
        return std::unexpected(connection.error());
    }
    const HubName name(connection->host);
    const auto found = services_.find(name);
    if (found == services_.end()) {
        return fail(Code::not_found, "the hub " + name.text() + " is not served here");
    }
    const auto* policy = find_policy(*found->second, connection->policy);
    const bool is_key = policy != nullptr && (policy->primary_key == connection->key ||
                                              policy->secondary_key == connection->key);
    if (!is_key) {
        return fail(Code::unauthenticated, "the key is not one of the hub's policy");
    }
    // dps-service 10.2: what the hub's policy must hold.
    if (!policy->allows(hub::Right::registry_write) ||
        !policy->allows(hub::Right::service_connect)) {
        return fail(Code::malformed, "the hub's policy must hold RegistryWrite and ServiceConnect");
    }
    return found->first;
}

} // namespace muster::app
