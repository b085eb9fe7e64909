// The identity registry (iothub B.1, B.3).

#include "base/log.h"
#include "base/move_mark.h"
#include "hub/device_rules.h"
#include "hub/edge.h"
#include "hub/retry.h"
#include "hub/service.h"

#include <algorithm>
#include <iterator>
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

void append(EventBatch& note, EventBatch more) {
    note.retention = more.retention;
    std::ranges::move(more.events, std::back_inserter(note.events));
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
    return device.identity().is_module() ? store_new_module(device, twin)
                                         : store_new_device(device, twin);
}

Result<void> Service::store_new_device(const Device& device, const Twin& twin) {
    if (auto fine = check_parents(device, nullptr); !fine) {
        return fine;
    }
    if (auto reserved = device_count_.reserve(settings_.devices_max); !reserved) {
        return reserved;
    }
    std::vector<DeviceWithTwin> identities{{device, twin}};
    if (device.iot_edge) {
        std::ranges::move(system_modules_for(device), std::back_inserter(identities));
    }
    auto created = insert(identities);
    if (!created) {
        device_count_.release();
    }
    return created;
}

Result<void> Service::insert(const std::vector<DeviceWithTwin>& identities) {
    EventBatch note;
    for (const DeviceWithTwin& one : identities) {
        append(note, changes_.created(one.device.identity(), one.twin));
    }
    auto created = devices_.create(settings_.name, identities, note);
    if (!created) {
        return created;
    }
    events_.stored(note);
    for (const DeviceWithTwin& one : identities) {
        note_change(one.device.identity());
    }
    return {};
}

Result<void> Service::check_parents(const Device& next, const Device* current) {
    for (const std::string& scope : new_parents(next, current)) {
        const auto named = parse_edge_scope(scope);
        if (!named || named->device == next.id) {
            return fail(Code::malformed, std::string(unknown_scope));
        }
        const auto parent = devices_.find_device(settings_.name, named->device);
        if (!parent) {
            return std::unexpected(parent.error());
        }
        if (!*parent || !(*parent)->iot_edge || (*parent)->device_scope != scope) {
            return fail(Code::malformed, std::string(unknown_scope));
        }
    }
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
    auto fine =
        next.identity().is_module() ? check_not_moving(next) : check_parents(next, &current);
    if (!fine) {
        return fine;
    }
    if (auto fitted = fit_system_modules(current, next); !fitted) {
        return fitted;
    }
    auto saved = devices_.update_device(settings_.name, next, current.version);
    if (saved && next.status == DeviceStatus::disabled) {
        cut_with_modules(next.id, "the device was disabled");
        drop_messages_if_blocked(next);
    } else if (saved && ends_connections(current, next)) {
        cut(next.identity(), "the credentials changed");
    }
    if (saved) {
        note_change(next.identity());
    }
    return saved;
}

Result<DeviceView> Service::regenerate_keys(const IdentityId& id, KeySlots which) {
    const std::lock_guard lock(stripes_.of(id));
    return retry_on_conflict([&]() -> Result<DeviceView> {
        const auto current = load_device(id);
        if (!current) {
            return std::unexpected(current.error());
        }
        if (current->authentication.type != AuthenticationType::sas) {
            return fail(Code::unsupported, "the identity does not authenticate with keys");
        }
        Device next = with_new_keys(*current, which, draw(random_));
        if (auto saved = save_device(*current, next); !saved) {
            return std::unexpected(std::move(saved.error()));
        }
        return view_of(std::move(next));
    });
}

/// What was to be told to a device that an operator has blocked waits for nobody. One that is only
/// disabled, or has other keys, finds its messages when it comes back (iothub B.3).
void Service::drop_messages_if_blocked(const Device& device) {
    if (!bears_block(device.status_reason)) {
        return;
    }
    if (const auto dropped = messages_.purge(device.identity()); !dropped) {
        log::warning("messages of a blocked device are kept",
                     {{"device", device.id.text()}, {"detail", dropped.error().detail}});
    }
}

void Service::cut(const IdentityId& who, const std::string& reason) {
    live_.cut(who, reason);
    methods_.cut(who);
}

void Service::cut_with_modules(const DeviceId& device, const std::string& reason) {
    live_.cut_with_modules(device, reason);
    methods_.cut_with_modules(device);
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

/// The notes show the twins that go.
Result<EventBatch> Service::note_of_end(const IdentityId& id) {
    EventBatch note;
    if (!changes_.tells_of_lifecycle()) {
        return note;
    }
    std::vector<IdentityId> ending;
    if (!id.is_module()) {
        const auto modules = devices_.modules(settings_.name, id.device);
        if (!modules) {
            return std::unexpected(modules.error());
        }
        std::ranges::transform(*modules, std::back_inserter(ending), &Device::identity);
    }
    ending.push_back(id);
    for (const IdentityId& one : ending) {
        const auto last = load(one);
        if (!last) {
            return std::unexpected(last.error());
        }
        append(note, changes_.deleted(one, last->twin));
    }
    return note;
}

Result<void> Service::erase_device(const IdentityId& id, std::int64_t expected_version) {
    auto note = note_of_end(id);
    if (!note) {
        return std::unexpected(std::move(note.error()));
    }
    auto erased = devices_.erase(settings_.name, id, expected_version, *note);
    if (erased) {
        events_.stored(*note);
    }
    return erased;
}

Result<IdentityCounts> Service::counts() {
    return devices_.counts(settings_.name);
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
        if (auto fine = check_deletable(*current); !fine) {
            return fine;
        }
        return erase_device(id, current->version);
    });
    if (erased) {
        if (id.is_module()) {
            cut(id, "the module was deleted");
        } else {
            device_count_.release();
            cut_with_modules(id.device, "the device was deleted");
        }
        live_.forget(id);
        messages_.forget(id);
    }
    return erased;
}

} // namespace muster::hub
