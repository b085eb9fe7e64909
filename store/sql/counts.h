#pragma once
// The counts of a scope, kept beside the rows in the same transaction.

#include "store/counted.h"
#include "store/sql/database.h"

namespace muster::store::sql {

/// Adds (a negative number takes away) and tells the new counts; from then on to the end of the
/// transaction nobody else changes them.
Result<provisioning::ScopeCounts> add_to_counts(Connection& connection, const IdScope& scope,
                                                const provisioning::ScopeCounts& change);

/// After the row of a creation: counts it. Error: quota_exceeded; the unit of work is undone then.
Result<void> count_creation(Connection& connection, const IdScope& scope, const Counted& what,
                            const provisioning::Write& write);

} // namespace muster::store::sql
