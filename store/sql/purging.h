#pragma once
// The end of a scope, a bounded number of rows at a time.

#include "base/ids.h"
#include "store/sql/database.h"

namespace muster::store::sql {

/// Removes up to `rows_max` enrollments, groups, registrations and events within a unit of work,
/// and once none is left what is kept once per scope. True if there may be more.
Result<bool> purge_rows(Connection& connection, const IdScope& scope, std::int64_t rows_max);

} // namespace muster::store::sql
