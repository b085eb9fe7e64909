#pragma once
// JSON merge patch (RFC 7396), for twin sections in step with their metadata (iothub B.7). Pure.

#include "base/clock.h"
#include "base/json.h"
#include "hub/twin.h"

#include <cstdint>
#include <optional>
#include <string>

namespace muster::hub {

/// What a metadata node says about its last change.
struct Stamp {
    std::string time;
    std::optional<std::int64_t> version; // desired only
};

/// A node that has no nodes below it.
JsonObject metadata_node(const Stamp& stamp);

/// Null deletes, objects merge, everything else replaces.
void merge(JsonObject& values, const JsonObject& patch);

/// The same for a section. Every node that the patch names, and every node above one, is stamped;
/// the node above a removal too.
void merge(TwinSection& section, const JsonObject& patch, const Stamp& stamp);

} // namespace muster::hub
