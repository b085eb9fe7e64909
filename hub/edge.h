#pragma once
// What IoT Edge adds to identities (iothub B.3, B.6): the scope of an Edge device, by which others
// name it as their parent, and the two modules that run it. Pure.

#include "hub/device.h"

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace muster::hub {

/// They come and go with the device; nobody else may create or delete them.
inline constexpr std::array<std::string_view, 2> system_modules{"$edgeAgent", "$edgeHub"};

bool is_system_module(const ModuleId& id);

/// `ms-azure-iot-edge://{d}-{generationId}`
std::string edge_scope_of(const Device& edge);

/// The device and the generation that a scope names. Nothing, if it is none.
struct EdgeScope {
    DeviceId device;
    std::string generation_id;
};

std::optional<EdgeScope> parse_edge_scope(std::string_view text);

/// An Edge device is its own scope, and its parents are those it was given. A leaf's one parent is
/// its scope; callers that know parents only name it there. `before` is null at the creation.
void assign_scopes(Device& device, const Device* before);

/// The parents that were not there before: they have to be Edge devices.
std::vector<std::string> new_parents(const Device& device, const Device* before);

/// Error::detail of malformed, for a scope that nobody has.
inline constexpr std::string_view unknown_scope = "the scope is not that of an Edge device here";

} // namespace muster::hub
