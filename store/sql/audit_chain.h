#pragma once
// The audit chain of a scope, within a unit of work.

#include "provisioning/audit.h"
#include "store/sql/database.h"

namespace muster::store::sql {

/// Adds an entry after the last one. Error: conflict, if another connection has added one since;
/// see the .cpp.
Result<void> append_to_chain(Connection& connection, const IdScope& scope,
                             const provisioning::Change& change);

} // namespace muster::store::sql
