// The identity registry (iothub B.1, B.3).

#include "hub/device_rules.h"
#include "hub/retry.h"
#include "hub/service.h"

#include <algorithm>
#include <span>
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
    const std::lock_guard lock(stripes_.of(wanted.identity()));
    if (if_match.kind == IfMatch::Kind::absent) {
        return create_device(std::move(wanted));
    }
    return retry_on_conflict([&] { return update_device(wanted, if_match); });
}

Result<DeviceView> Service::create_device(Device wanted) {
    const WallTime now = clock_.wall();
    Device device = created_device(std::move(wanted), draw(random_), now);
    if (auto created = store_new(device, new_twin({}, {}, {}, now)); !created) {
        return std::unexpected(std::move(created.error()));
    }
    return view_of(std::move(device));
}

Result<DeviceView> Service::create_with_twin(Device wanted, const TwinContent& content) {
    if (auto fine = check_device(wanted); !fine) {
        return std::unexpected(std::move(fine.error()));
    }
    const WallTime now = clock_.wall();
    const Twin twin = new_twin(content.tags, content.desired, content.reported, now);
    if (auto fine = check_twin(twin, settings_.twin_limits); !fine) {
        return std::unexpected(std::move(fine.error()));
    }
    Device device = created_device(std::move(wanted), draw(random_), now);
    const std::lock_guard lock(stripes_.of(device.identity()));
    if (auto created = store_new(device, twin); !created) {
        return std::unexpected(std::move(created.error()));
    }
    return view_of(std::move(device));
}

Result<void> Service::store_new(const Device& device, const Twin& twin) {
    if (auto reserved = device_count_.reserve(settings_.devices_max); !reserved) {
        return reserved;
    }
    const DeviceWithTwin identity{device, twin};
    EventBatch note = changes_.created(device.identity(), twin);
    auto created = devices_.create(settings_.name, std::span(&identity, 1), note);
    if (!created) {
        device_count_.release();
        return created;
    }
    events_.stored(note);
    note_change(device.identity());
    return {};
}

Result<DeviceView> Service::update_device(const Device& wanted, const IfMatch& if_match) {
    const auto current = load_device(wanted.identity());
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
    return with_count(view_of(std::move(next)));
}

Result<void> Service::save_device(const Device& current, const Device& next) {
    auto saved = devices_.update_device(settings_.name, next, current.version);
    if (saved && ends_connections(current, next)) {
        if (next.status == DeviceStatus::disabled) {
            live_.cut_with_modules(next.id, "the device was disabled");
        } else {
            live_.cut(next.identity(), "the credentials changed");
        }
    }
    if (saved) {
        note_change(next.identity());
    }
    return saved;
}

// ---- GET, DELETE ----

Result<DeviceView> Service::get_device(const IdentityId& id) {
    auto device = load_device(id);
    if (!device) {
        return std::unexpected(std::move(device.error()));
    }
    return with_count(view_of(std::move(*device)));
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
    return with_counts(std::move(views));
}

Result<void> Service::erase_device(const IdentityId& id, std::int64_t expected_version) {
    EventBatch note;
    if (changes_.tells_of_lifecycle()) {
        const auto last = load(id); // the note shows the twin that goes
        if (!last) {
            return std::unexpected(last.error());
        }
        note = changes_.deleted(id, last->twin);
    }
    auto erased = devices_.erase(settings_.name, id, expected_version, note);
    if (erased) {
        events_.stored(note);
    }
    return erased;
}

Result<void> Service::delete_device(const IdentityId& id, const IfMatch& if_match) {
    const std::lock_guard lock(stripes_.of(id));
    auto erased = retry_on_conflict([&]() -> Result<void> {
        const auto current = load_device(id);
        if (!current) {
            return std::unexpected(current.error());
        }
        if (auto fine = check_if_match(if_match, current->etag); !fine) {
            return fine;
        }
        return erase_device(id, current->version);
    });
    if (erased) {
        if (id.is_module()) {
            live_.cut(id, "the module was deleted");
        } else {
            device_count_.release();
            live_.cut_with_modules(id.device, "the device was deleted");
        }
        live_.forget(id);
        messages_.forget(id);
    }
    return erased;
}

} // namespace muster::hub
