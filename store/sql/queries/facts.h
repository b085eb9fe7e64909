#pragma once
// Column device.facts: what queries may see of an identity, in the clear and without its keys
// (hub/queries/twin_row.h). Written with every change of the identity.

#include "base/ids.h"
#include "crypto/sealing.h"
#include "hub/ports.h"
#include "store/sql/database.h"

namespace muster::store::sql {

/// The identity's row is there already.
Result<void> note_facts(Connection& connection, const HubName& hub, const hub::IdentityId& id,
                        const hub::Device& device);

/// Facts and tags of an identity that was just inserted with its twin.
Result<void> note_for_queries(Connection& connection, const HubName& hub,
                              const hub::DeviceWithTwin& created);

/// Facts and tags of rows of before migration 4, from their sealed documents. Done once, before the
/// stores are used, in bounded units of work that each remember how far they came. Does nothing
/// where nothing is left to do. Error: internal, if a document cannot be opened (the keys are those
/// of another database).
Result<void> fill_query_tables(Database& database, const crypto::KeyRing* keys);

} // namespace muster::store::sql
