#include "app/local_hubs.h"

#include "app/ready_file.h"
#include "hub/edge.h"

#include <algorithm>
#include <string>
#include <utility>

namespace muster::app {

namespace {

using provisioning::HubCredential;
using provisioning::HubDevice;
using provisioning::HubModule;
using provisioning::HubTwin;

std::unexpected<Error> unknown(const HubName& hub) {
    return fail(Code::not_found, std::string(provisioning::hub_unknown), hub.text());
}

// ---- credentials ----

struct ToAuthentication {
    hub::Authentication operator()(const provisioning::HubKeys& keys) const {
        hub::Authentication authentication;
        authentication.type = hub::AuthenticationType::sas;
        authentication.primary_key = keys.keys.primary;
        authentication.secondary_key = keys.keys.secondary;
        return authentication;
    }

    hub::Authentication operator()(const provisioning::HubThumbprints& thumbprints) const {
        hub::Authentication authentication;
        authentication.type = hub::AuthenticationType::self_signed;
        authentication.primary_thumbprint = thumbprints.primary;
        authentication.secondary_thumbprint = thumbprints.secondary;
        return authentication;
    }

    hub::Authentication operator()(const provisioning::HubCertificateAuthority&) const {
        hub::Authentication authentication;
        authentication.type = hub::AuthenticationType::certificate_authority;
        return authentication;
    }

    hub::Authentication operator()(const provisioning::HubNoCredential&) const {
        hub::Authentication authentication;
        authentication.type = hub::AuthenticationType::none;
        return authentication;
    }
};

HubCredential credential_of(const hub::Authentication& authentication) {
    switch (authentication.type) {
    case hub::AuthenticationType::sas:
        return provisioning::HubKeys{.keys = {.primary = authentication.primary_key,
                                              .secondary = authentication.secondary_key}};
    case hub::AuthenticationType::self_signed:
        return provisioning::HubThumbprints{.primary = authentication.primary_thumbprint,
                                            .secondary = authentication.secondary_thumbprint};
    case hub::AuthenticationType::certificate_authority:
        return provisioning::HubCertificateAuthority();
    case hub::AuthenticationType::none: break;
    }
    return provisioning::HubNoCredential();
}

// ---- identities ----

hub::Device to_device(const HubDevice& device) {
    hub::Device made;
    made.id = device.id;
    made.status = device.enabled ? hub::DeviceStatus::enabled : hub::DeviceStatus::disabled;
    made.status_reason = device.status_reason;
    made.authentication = std::visit(ToAuthentication(), device.credential);
    made.iot_edge = device.iot_edge;
    made.device_scope = device.device_scope;
    made.parent_scopes = device.parent_scopes;
    return made;
}

HubDevice to_hub_device(const hub::DeviceView& view) {
    const hub::Device& device = view.device;
    return {.id = device.id,
            .etag = device.etag,
            .enabled = device.status == hub::DeviceStatus::enabled,
            .status_reason = device.status_reason,
            .credential = credential_of(device.authentication),
            .iot_edge = device.iot_edge,
            .device_scope = device.device_scope,
            .parent_scopes = device.parent_scopes,
            .connected = view.presence.connected,
            .last_activity = view.presence.last_activity};
}

hub::Device to_module(const DeviceId& id, const HubModule& module) {
    hub::Device made;
    made.id = id;
    made.module = ModuleId(module.id);
    made.managed_by = module.managed_by;
    made.authentication = std::visit(ToAuthentication(), module.credential);
    return made;
}

// ---- twins ----

HubTwin to_hub_twin(hub::Twin twin) {
    return {.etag = hub::etag_of(twin),
            .tags = std::move(twin.tags),
            .desired = std::move(twin.desired.values),
            .reported = std::move(twin.reported.values)};
}

hub::TwinContent content_of(const HubTwin& twin) {
    return {.tags = twin.tags, .desired = twin.desired, .reported = twin.reported};
}

/// Whether it is the device that is not there; the hub is.
bool is_absent(const Error& error) {
    return error.code == Code::not_found;
}

hub::IfMatch exactly(const ETag& etag) {
    return {.kind = hub::IfMatch::Kind::exactly, .etag = etag};
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

Result<std::optional<HubDevice>> LocalHubs::find_device(const HubName& hub, const DeviceId& id) {
    const auto served = services_.find(hub);
    if (served == services_.end()) {
        return unknown(hub);
    }
    const auto found = served->second->get_device(id);
    if (found) {
        return to_hub_device(*found);
    }
    return is_absent(found.error()) ? Result<std::optional<HubDevice>>(std::nullopt)
                                    : std::unexpected(found.error());
}

Result<void> LocalHubs::create_device(const HubName& hub, const HubDevice& device,
                                      const HubTwin& twin) {
    const auto served = services_.find(hub);
    if (served == services_.end()) {
        return unknown(hub);
    }
    const auto created = served->second->create_with_twin(to_device(device), content_of(twin));
    return created ? Result<void>() : std::unexpected(created.error());
}

Result<void> LocalHubs::update_device(const HubName& hub, const HubDevice& device) {
    const auto served = services_.find(hub);
    if (served == services_.end()) {
        return unknown(hub);
    }
    const auto updated = served->second->put_device(to_device(device), exactly(device.etag));
    return updated ? Result<void>() : std::unexpected(updated.error());
}

Result<void> LocalHubs::delete_device(const HubName& hub, const DeviceId& id, const ETag& etag) {
    const auto served = services_.find(hub);
    return served == services_.end() ? unknown(hub)
                                     : served->second->delete_device(id, exactly(etag));
}

Result<std::optional<HubTwin>> LocalHubs::find_twin(const HubName& hub, const DeviceId& id) {
    const auto served = services_.find(hub);
    if (served == services_.end()) {
        return unknown(hub);
    }
    auto found = served->second->get_twin(id);
    if (found) {
        return to_hub_twin(std::move(found->twin));
    }
    return is_absent(found.error()) ? Result<std::optional<HubTwin>>(std::nullopt)
                                    : std::unexpected(found.error());
}

Result<std::vector<HubModule>> LocalHubs::modules(const HubName& hub, const DeviceId& id) {
    const auto served = services_.find(hub);
    if (served == services_.end()) {
        return unknown(hub);
    }
    const auto listed = served->second->list_modules(id);
    if (!listed) {
        return std::unexpected(listed.error());
    }
    std::vector<HubModule> modules;
    for (const hub::DeviceView& view : *listed) {
        auto twin = served->second->get_twin(view.device.identity());
        if (!twin && is_absent(twin.error())) {
            continue; // it was deleted meanwhile
        }
        if (!twin) {
            return std::unexpected(std::move(twin.error()));
        }
        modules.push_back({.id = view.device.module.text(),
                           .managed_by = view.device.managed_by,
                           .credential = credential_of(view.device.authentication),
                           .twin = to_hub_twin(std::move(twin->twin))});
    }
    return modules;
}

Result<void> LocalHubs::put_module(const HubName& hub, const DeviceId& id,
                                   const HubModule& module) {
    const auto served = services_.find(hub);
    if (served == services_.end()) {
        return unknown(hub);
    }
    const hub::Device wanted = to_module(id, module);
    if (!hub::is_system_module(wanted.module)) { // those come with the device
        const auto created = served->second->create_with_twin(wanted, content_of(module.twin));
        if (created || created.error().code != Code::already_exists) {
            return created ? Result<void>() : std::unexpected(created.error());
        }
    }
    const auto put = served->second->put_twin(wanted.identity(), content_of(module.twin));
    return put ? Result<void>() : std::unexpected(put.error());
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
