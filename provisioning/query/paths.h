#pragma once
// The members that a query may ask for (enrollment_filter.h).

#include "provisioning/query/node.h"

#include <optional>
#include <span>
#include <string>

namespace muster::provisioning {

/// Names of the service API in any case; what an operator named himself exactly.
std::optional<QueryPath> query_path(std::span<const std::string> names);

/// A time as documents print it, or a date alone: its midnight, UTC.
std::optional<WallTime> query_time(const std::string& text);

} // namespace muster::provisioning
