#pragma once
// Where a query goes on; see scan.h.

#include "base/ids.h"
#include "base/result.h"
#include "query/query.h"

#include <cstdint>
#include <optional>
#include <string>

namespace muster::hub {

struct QueryPosition {
    std::optional<std::uint64_t> rows_left; // under TOP
    std::string after;
};

std::string continuation_of(const HubName& hub, const query::Query& query,
                            const QueryPosition& position);

/// Of an empty text the start. Error: malformed.
Result<QueryPosition> position_of(const HubName& hub, const query::Query& query,
                                  const std::string& continuation);

} // namespace muster::hub
