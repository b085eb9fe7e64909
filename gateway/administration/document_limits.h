#pragma once
// Enrollments that come as parts of a larger body are held to the limits that the service API's PUT
// has for a body of their own, so that whatever came in by one way can be written by the other.

#include "base/json.h"
#include "base/result.h"

namespace muster::gateway {

/// Errors: too_large, malformed.
Result<void> check_document_limits(const Json& document);

} // namespace muster::gateway
