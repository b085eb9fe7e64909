#pragma once
// Properties that the hub itself adds to a device's message (reference: iothub A.6).

#include "codec/topics.h"

#include <algorithm>
#include <string_view>

namespace muster::gateway {

/// In place of whatever the device wrote under that name.
inline void set_property(topics::Properties& properties, std::string_view name,
                         std::string_view value) {
    std::erase_if(properties, [&](const auto& property) { return property.first == name; });
    properties.emplace_back(name, value);
}

/// Nothing is ever retained; the wish is passed on.
inline void mark_retained(topics::Properties& properties) {
    set_property(properties, "mqtt-retain", "true");
}

} // namespace muster::gateway
