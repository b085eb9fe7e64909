#pragma once
// Which configurations mean an identity. Pure.

#include "hub/configurations/rule.h"
#include "hub/service.h"

#include <optional>
#include <set>
#include <string>
#include <vector>

namespace muster::hub {

/// What is looked at beside the twin itself.
struct Surroundings {
    std::optional<JsonObject> edge_device; // of a module: the twin's document of its Edge device
    std::set<std::string> modules;         // of an Edge device: the names of its modules
};

/// Weakest first. The configurations must outlive the wishes.
std::vector<Wish> wishes_for(const std::vector<ActiveConfiguration>& configurations,
                             const IdentityId& id, const TwinView& view,
                             const Surroundings& surroundings);

/// Any modulesContent among them.
bool reach_into_devices(const std::vector<ActiveConfiguration>& configurations);

} // namespace muster::hub
