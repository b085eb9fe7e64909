#pragma once
// Queries over the twins of a hub (reference: iothub B.9), as the stores answer them.

#include "base/json.h"
#include "base/result.h"
#include "hub/identity_id.h"
#include "query/query.h"

#include <cstddef>
#include <string>
#include <vector>

namespace muster::hub {

inline constexpr std::size_t query_rows_default = 100;
inline constexpr std::size_t query_rows_max = 1000; // of a page; a larger wish is cut to it

struct QueryPageRequest {
    std::string continuation; // of the page before, empty at the start
    std::size_t rows_max = query_rows_default;
};

struct QueryPage {
    std::vector<JsonObject> rows;
    std::string continuation; // empty: this was the last
};

struct IdentityPage {
    std::vector<IdentityId> ids;
    std::string after; // where to go on
    bool is_last = false;
};

/// Thread safe. What was written before the call is seen.
class TwinQueries {
  public:
    virtual ~TwinQueries() = default;

    /// Rows in the order of their ids: whole twins as GET shows them, projections, or groups. A
    /// page ends early, with a continuation, once a bounded number of twins was looked at; it may
    /// then even be empty. The source must not be jobs.
    ///
    /// Errors: malformed (a continuation that is not ours, or of another query); too_large (an
    /// aggregate that would look at too many twins, too many groups); rate_limited (too many
    /// queries are under way).
    virtual Result<QueryPage> run(const HubName& hub, const query::Query& query,
                                  const QueryPageRequest& request) = 0;

    /// Who matches (null: everybody), in the order of the ids' texts, after `after`; at most
    /// count_max, and fewer, even none, if a bounded number of twins was looked at.
    virtual Result<IdentityPage> matching(const HubName& hub, const query::Condition* condition,
                                          query::Source source, const std::string& after,
                                          std::size_t count_max) = 0;
};

} // namespace muster::hub
