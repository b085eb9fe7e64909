#pragma once
// How a store answers queries: it offers candidates in the order of their ids (at least all that
// match; how it finds them is its own affair), and what is here holds the condition against each,
// builds the rows, and ends the page in time.
//
// A continuation names where to go on and is good for one query of one hub:
//
//   base64url( 16 hex digits of SHA-256(hub LF query LF rest) "." rest )
//   rest = rows still to come under TOP, "-" without ":" position
//
// The position is the id of the last identity looked at, or the number of groups shown. A token
// gives its holder nothing that the query itself would not; what the digest keeps out are mistakes.

#include "base/clock.h"
#include "hub/queries/twin_row.h"
#include "hub/twin_queries.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

namespace muster::hub {

struct ScanLimits {
    std::size_t rows_per_step = 500; // asked for at once, at most
    std::size_t rows_max = 200'000;  // looked at for one page
    std::chrono::milliseconds time_max{200};
    /// For a page that has nothing yet, since callers ask again at once.
    std::chrono::milliseconds time_max_while_empty{2'000};
    /// For aggregates, which cannot be continued.
    std::chrono::milliseconds aggregate_time_max{30'000};
};

class Candidates {
  public:
    virtual ~Candidates() = default;

    /// At most count_max (at least one) after `after`; fewer only if there are no more.
    virtual Result<std::vector<TwinRowTexts>> next(const std::string& after,
                                                   std::size_t count_max) = 0;

    /// How many match, if that is known without looking at each: only for a condition that the
    /// candidates fulfil by themselves.
    virtual Result<std::optional<std::int64_t>> exact_count() { return std::nullopt; }
};

struct Scan {
    const HubName& hub;
    Candidates& candidates;
    const Clock& clock;
    const ScanLimits& limits;
};

/// For TwinQueries::run.
Result<QueryPage> run_query(const Scan& scan, const query::Query& query,
                            const QueryPageRequest& request);

/// For TwinQueries::matching.
Result<IdentityPage> matching_identities(const Scan& scan, const query::Condition* condition,
                                         const std::string& after, std::size_t count_max);

} // namespace muster::hub
