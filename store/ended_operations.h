#pragma once
// How many operations on fleets a scope keeps when they have ended
// (provisioning/fleet/operation.h): the newest so many.

#include <cstdint>

namespace muster::store {

inline constexpr std::int64_t ended_operations_max = 1000;

} // namespace muster::store
