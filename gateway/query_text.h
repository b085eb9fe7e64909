#pragma once
// The text of a query (reference: dps-service 5.1). Azure looks at none; here a WHERE clause that
// can be read filters, and anything else returns everything. Which of it happened is said in a
// response header, because the caller cannot tell from the items.
//
//     x-muster-query: filtered | everything | ignored; at 27: expected a literal

#include "base/result.h"
#include "provisioning/enrollment_filter.h"

#include <string>
#include <string_view>

namespace muster::gateway {

struct QueryText {
    provisioning::EnrollmentFilter filter;
    std::string verdict; // printable ASCII, of bounded length
};

/// What a body says of the items wanted: nothing, or a JSON object with `query`. Error: malformed,
/// if it is neither.
Result<QueryText> read_query_text(std::string_view body);

/// The same for a collection that is never filtered.
Result<QueryText> read_unfiltered_query_text(std::string_view body);

} // namespace muster::gateway
