#pragma once
// Fills the columns of registrations that migration 3 added, for rows of before: what they say
// stands in sealed documents, so SQL alone cannot do it. Done once, before the stores are used, in
// bounded units of work that each remember how far they came.

#include "crypto/sealing.h"
#include "store/sql/database.h"

namespace muster::store::sql {

/// Does nothing where nothing is left to do. Error: internal, if a document cannot be opened (the
/// keys are those of another database).
Result<void> fill_registrations(Database& database, const crypto::KeyRing* keys);

} // namespace muster::store::sql
