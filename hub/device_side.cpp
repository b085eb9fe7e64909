// What a device's connection asks for (iothub A.4, A.6, A.8).

#include "hub/service.h"

#include <mutex>
#include <utility>

namespace muster::hub {

Result<Session> Service::authenticate(const Credentials& credentials) {
    // Before the identity is read: what is decided on it must not outlive a change of it.
    const Live::Admission admission = live_.admission(credentials.identity);
    auto device = load_device(credentials.identity);
    if (!device && device.error().code == Code::not_found) {
        return not_authenticated(device.error().detail == module_unknown
                                     ? "the module does not exist"
                                     : "the device does not exist");
    }
    if (!device) {
        return std::unexpected(std::move(device.error()));
    }
    const auto enabled = is_enabled(*device);
    if (!enabled) {
        return std::unexpected(enabled.error());
    }
    if (!*enabled) {
        return not_authenticated("the device is disabled");
    }
    auto proof = prove({settings_.name, settings_.policies, settings_.authorities}, *device,
                       credentials, clock_.wall());
    if (!proof) {
        return std::unexpected(std::move(proof.error()));
    }
    return Session{.device = std::move(*device),
                   .auth_method = std::move(proof->auth_method),
                   .sas_expiry = proof->sas_expiry,
                   .admission = admission};
}

/// A disabled device blocks its modules (A.13).
Result<bool> Service::is_enabled(const Device& identity) {
    if (!identity.identity().is_module()) {
        return identity.status == DeviceStatus::enabled;
    }
    const auto device = load_device(identity.id);
    return device ? Result<bool>(device->status == DeviceStatus::enabled)
                  : std::unexpected(device.error());
}

Result<bool> Service::is_welcome(const IdentityId& id, const std::string& generation_id) {
    const auto current = load_device(id);
    if (!current) {
        return std::unexpected(current.error());
    }
    return current->generation_id == generation_id ? is_enabled(*current) : false;
}

// ---- stored sessions ----

Result<std::vector<StoredSubscription>> Service::load_session(const IdentityId& id) {
    return sessions_.load(settings_.name, id);
}

Result<void> Service::save_session(const IdentityId& id,
                                   const std::vector<StoredSubscription>& subscriptions) {
    // A connection that is being cut must not leave a session for whoever gets the id next.
    const std::lock_guard lock(stripes_.of(id));
    if (const auto device = load_device(id); !device) {
        return std::unexpected(device.error());
    }
    return sessions_.save(settings_.name, id, subscriptions);
}

// ---- telemetry ----

Result<void> Service::send_telemetry(std::vector<Event> messages) {
    return events_.append(std::move(messages));
}

} // namespace muster::hub
