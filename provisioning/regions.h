#pragma once
// Regions of the public cloud by name, for hubs whose operators think in those: where their data
// centres are, to about a tenth of a degree.

#include "provisioning/whereabouts.h"

#include <span>
#include <string_view>

namespace muster::provisioning {

struct Region {
    std::string_view name; // lower case, without spaces
    GeoPoint point;
};

/// Ordered by name.
std::span<const Region> regions();

/// Without regard to case and spaces; null: none of this name.
const Region* find_region(std::string_view name);

} // namespace muster::provisioning
