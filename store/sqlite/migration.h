#pragma once
// Brings a database file to the current schema. SQLite keeps the version in its header
// (user_version) and whose file it is beside it (application_id).

#include "store/sql/schema.h"
#include "store/sqlite/connection.h"

namespace muster::store::sqlite {

/// Each migration in one transaction: a crash leaves the version before or the one after. Errors:
/// unsupported (a newer schema, or somebody else's database), and the engine's.
Result<void> migrate(Connection& connection, std::span<const sql::Migration> migrations);

} // namespace muster::store::sqlite
