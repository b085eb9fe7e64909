#pragma once
// Feedback is written in the transaction that ends the messages.

#include "base/ids.h"
#include "hub/messages/message.h"
#include "store/sql/database.h"

namespace muster::store::sql {

/// Drops what is beyond the bound.
Result<void> append_feedback(Connection& connection, const HubName& hub,
                             const hub::QueueChange& change);

} // namespace muster::store::sql
