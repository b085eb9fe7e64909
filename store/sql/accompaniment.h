#pragma once
// What is stored together with a write, or not at all: its entry in the audit trail and its event
// in the journal.

#include "provisioning/ports.h"
#include "store/sql/database.h"

namespace muster::store::sql {

/// To be called once within the unit of work of `write`, after the rows themselves. The bounds are
/// those of the database (SqliteOptions).
Result<void> write_accompaniment(Connection& connection, const IdScope& scope,
                                 const provisioning::Write& write,
                                 const provisioning::JournalBounds& bounds);

} // namespace muster::store::sql
