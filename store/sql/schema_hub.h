#pragma once
// See schema.h.

#include "store/sql/database.h"

#include <span>

namespace muster::store::sql {

std::span<const Statement> hub_migration();

} // namespace muster::store::sql
