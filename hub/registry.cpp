// The identity registry (iothub B.1, B.3).

#include "hub/device_rules.h"
#include "hub/retry.h"
#include "hub/service.h"

#include <algorithm>
#include <utility>

namespace muster::hub {

namespace {

constexpr std::size_t list_count_max = 1000; // B.3

Result<void> check_if_match(const IfMatch& if_match, const ETag& current) {
    if (if_match.permits(current)) {
        return {};
    }
    return fail(Code::precondition, "the etag is not the current one");
}

} // namespace

// ---- PUT ----

Result<DeviceView> Service::put_device(Device wanted, const IfMatch& if_match) {
    if (auto fine = check_device(wanted); !fine) {
        return std::unexpected(std::move(fine.error()));
    }
    const std::lock_guard lock(stripes_.of(wanted.id));
    if (if_match.kind == IfMatch::Kind::absent) {
        return create_device(std::move(wanted));
    }
    return retry_on_conflict([&] { return update_device(wanted, if_match); });
}

Result<DeviceView> Service::create_device(Device wanted) {
    const WallTime now = clock_.wall();
    Device device = created_device(std::move(wanted), draw(random_), now);
    if (auto created = create_with_twin(device, new_twin({}, {}, {}, now)); !created) {
        return std::unexpected(std::move(created.error()));
    }
    return view_of(std::move(device));
}

Result<void> Service::create_with_twin(const Device& device, const Twin& twin) {
    if (auto reserved = device_count_.reserve(settings_.devices_max); !reserved) {
        return reserved;
    }
    auto created = devices_.create(settings_.name, {device, twin});
    if (!created) {
        device_count_.release();
    }
    return created;
}

Result<DeviceView> Service::update_device(const Device& wanted, const IfMatch& if_match) {
    const auto current = load_device(wanted.id);
    if (!current) {
        return std::unexpected(current.error());
    }
    if (auto fine = check_if_match(if_match, current->etag); !fine) {
        return std::unexpected(std::move(fine.error()));
    }
    Device next = updated_device(*current, wanted, draw(random_), clock_.wall());
    if (auto saved = save_device(*current, next); !saved) {
        return std::unexpected(std::move(saved.error()));
    }
    return view_of(std::move(next));
}

Result<void> Service::save_device(const Device& current, const Device& next) {
    auto saved = devices_.update_device(settings_.name, next, current.version);
    if (saved && ends_connections(current, next)) {
        live_.cut(next.id, next.status == DeviceStatus::disabled ? "the device was disabled"
                                                                 : "the credentials changed");
    }
    return saved;
}

// ---- GET, DELETE ----

Result<DeviceView> Service::get_device(const DeviceId& id) {
    auto device = load_device(id);
    if (!device) {
        return std::unexpected(std::move(device.error()));
    }
    return view_of(std::move(*device));
}

Result<std::vector<DeviceView>> Service::list_devices(std::size_t count_max) {
    auto devices = devices_.list(settings_.name, "", std::min(count_max, list_count_max));
    if (!devices) {
        return std::unexpected(std::move(devices.error()));
    }
    std::vector<DeviceView> views;
    views.reserve(devices->size());
    for (Device& device : *devices) {
        views.push_back(view_of(std::move(device)));
    }
    return views;
}

Result<void> Service::delete_device(const DeviceId& id, const IfMatch& if_match) {
    const std::lock_guard lock(stripes_.of(id));
    auto erased = retry_on_conflict([&]() -> Result<void> {
        const auto current = load_device(id);
        if (!current) {
            return std::unexpected(current.error());
        }
        if (auto fine = check_if_match(if_match, current->etag); !fine) {
            return fine;
        }
        return devices_.erase(settings_.name, id, current->version);
    });
    if (erased) {
        device_count_.release();
        live_.cut(id, "the device was deleted");
        live_.forget(id);
    }
    return erased;
}

// ---- provisioning (iothub C.2) ----

Result<void> Service::ensure_device(const DeviceId& id, const Authentication& authentication,
                                    bool iot_edge, const JsonObject& tags,
                                    const JsonObject& desired) {
    Device wanted;
    wanted.id = id;
    wanted.authentication = authentication;
    wanted.iot_edge = iot_edge;
    if (auto fine = check_device(wanted); !fine) {
        return fine;
    }
    const Twin twin = new_twin(tags, desired, {}, clock_.wall());
    if (auto fine = check_twin(twin, settings_.twin_limits); !fine) {
        return fine;
    }
    const std::lock_guard lock(stripes_.of(id));
    return retry_on_conflict([&]() -> Result<void> {
        auto done = ensure_once(wanted, twin);
        // It appeared between looking and creating: look again.
        if (!done && done.error().code == Code::already_exists) {
            done.error().code = Code::conflict;
        }
        return done;
    });
}

Result<void> Service::ensure_once(const Device& wanted, const Twin& twin) {
    const auto found = devices_.find_device(settings_.name, wanted.id);
    if (!found) {
        return std::unexpected(found.error());
    }
    const WallTime now = clock_.wall();
    if (!*found) {
        return create_with_twin(created_device(wanted, draw(random_), now), twin);
    }
    // What the operator set beside credential and status stays, and so does the twin.
    const Device& current = **found;
    Device changed = current;
    changed.authentication = wanted.authentication;
    if (current.status == DeviceStatus::disabled) {
        changed.status = DeviceStatus::enabled;
        changed.status_reason.clear();
    }
    const Device next = updated_device(current, std::move(changed), draw(random_), now);
    const bool is_so_already = next.status == current.status &&
                               same_credentials(next.authentication, current.authentication);
    return is_so_already ? Result<void>{} : save_device(current, next);
}

} // namespace muster::hub
