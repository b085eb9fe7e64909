#pragma once
// What every engine makes of the journal's events before it keeps them. Refused devices choose
// their own texts: any bytes, of which documents and TEXT columns take only UTF-8.

#include "provisioning/journal.h"

#include <string>
#include <string_view>

namespace muster::store {

/// The form in which registration ids and groups are compared: folded, and ASCII whatever it was.
std::string event_key(std::string_view id);

/// The detail itself, or its text percent-encoded as `{"unreadable":..}` if it is not UTF-8.
JsonObject storable_detail(const JsonObject& detail);

} // namespace muster::store
