// Modules in the registry (iothub B.6). What they share with devices is in registry.cpp; all of it
// happens under the stripe of the device.

#include "hub/device_rules.h"
#include "hub/edge.h"
#include "hub/service.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace muster::hub {

namespace {

std::unexpected<Error> belongs_to_hub() {
    return fail(Code::forbidden, "system modules come and go with their Edge device");
}

bool contains(const std::vector<Device>& modules, const ModuleId& id) {
    return std::ranges::find(modules, id, &Device::module) != modules.end();
}

} // namespace

Result<std::vector<DeviceView>> Service::list_modules(const DeviceId& id) {
    if (auto known = load_device(id); !known) {
        return std::unexpected(std::move(known.error()));
    }
    auto modules = devices_.modules(settings_.name, id);
    if (!modules) {
        return std::unexpected(std::move(modules.error()));
    }
    std::vector<DeviceView> views;
    for (Device& module : *modules) {
        views.push_back(view_of(std::move(module)));
    }
    return views;
}

Result<void> Service::store_new_module(const Device& module, const Twin& twin) {
    if (auto fine = check_not_moving(module); !fine) {
        return fine;
    }
    const auto siblings = devices_.modules(settings_.name, module.id);
    if (!siblings) {
        return std::unexpected(siblings.error());
    }
    if (contains(*siblings, module.module)) {
        return fail(Code::already_exists, "the module exists already");
    }
    if (is_system_module(module.module)) {
        return belongs_to_hub();
    }
    if (siblings->size() >= settings_.modules_max) {
        return fail(Code::too_large,
                    fmt::format("the device has {} modules already", siblings->size()));
    }
    return insert({{module, twin}});
}

Result<void> Service::check_deletable(const Device& identity) {
    if (!identity.identity().is_module()) {
        return {};
    }
    return is_system_module(identity.module) ? belongs_to_hub() : check_not_moving(identity);
}

std::vector<DeviceWithTwin> Service::system_modules_for(const Device& edge) {
    const WallTime now = clock_.wall();
    std::vector<DeviceWithTwin> made;
    for (const std::string_view name : system_modules) {
        made.push_back(
            {created_system_module(edge, name, draw(random_), now), new_twin({}, {}, {}, now)});
    }
    return made;
}

/// Before the device itself is saved: whatever happens in between, saving again sets it right.
Result<void> Service::fit_system_modules(const Device& current, const Device& next) {
    if (!current.iot_edge && !next.iot_edge) {
        return {};
    }
    const auto there = devices_.modules(settings_.name, next.id);
    if (!there) {
        return std::unexpected(there.error());
    }
    for (const DeviceWithTwin& wanted : system_modules_for(next)) {
        const auto found = std::ranges::find(*there, wanted.device.module, &Device::module);
        Result<void> done;
        if (next.iot_edge && found == there->end()) {
            done = insert({wanted});
        } else if (!next.iot_edge && found != there->end()) {
            done = erase_device(found->identity(), found->version);
            cut(found->identity(), "the device is no Edge device any more");
        }
        if (!done) {
            return done;
        }
    }
    return {};
}

} // namespace muster::hub
