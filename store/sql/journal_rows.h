#pragma once
// The journal of a scope, within a unit of work.

#include "provisioning/journal.h"
#include "store/sql/database.h"

#include <span>

namespace muster::store::sql {

/// Adds the events in their order, then drops the oldest of what exceeds the bounds: first of the
/// devices concerned, then of the scope.
Result<void> append_events(Connection& connection, const IdScope& scope,
                           std::span<const provisioning::DeviceEvent> events,
                           const provisioning::JournalBounds& bounds);

/// Removes up to so many, the oldest first; tells how many it removed.
Result<std::int64_t> purge_events(Connection& connection, const IdScope& scope,
                                  std::int64_t count_max);

/// The `document` column: what no statement looks for.
std::string to_event_document(const provisioning::DeviceEvent& event);
/// Fills in the same members.
Result<void> read_event_document(std::string_view text, provisioning::DeviceEvent& event);

} // namespace muster::store::sql
