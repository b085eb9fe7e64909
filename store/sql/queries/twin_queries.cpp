#include "store/sql/queries/twin_queries.h"

#include "store/sql/queries/candidates.h"

namespace muster::store::sql {

namespace {

/// An aggregate may look at every twin and keeps a worker busy for as long.
constexpr int aggregates_max = 2;

class Turn {
  public:
    explicit Turn(std::atomic<int>& running) : running_(running), number_(++running) {}

    ~Turn() { --running_; }

    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

    [[nodiscard]] bool is_too_many() const { return number_ > aggregates_max; }

  private:
    std::atomic<int>& running_;
    const int number_;
};

std::unexpected<Error> too_many_aggregates() {
    auto refusal = fail(Code::rate_limited, "too many queries with aggregates are under way");
    refusal.error().retry_after = std::chrono::seconds(1);
    return refusal;
}

} // namespace

Result<hub::QueryPage> TwinQueries::run(const HubName& hub, const query::Query& query,
                                        const hub::QueryPageRequest& request) {
    TwinCandidates candidates(database_, hub, query.source, query.where ? &*query.where : nullptr);
    const hub::Scan scan{hub, candidates, clock_, limits_};
    if (!query.aggregates()) {
        return hub::run_query(scan, query, request);
    }
    const Turn turn(aggregates_running_);
    return turn.is_too_many() ? too_many_aggregates() : hub::run_query(scan, query, request);
}

Result<hub::IdentityPage> TwinQueries::matching(const HubName& hub,
                                                const query::Condition* condition,
                                                query::Source source, const std::string& after,
                                                std::size_t count_max) {
    TwinCandidates candidates(database_, hub, source, condition);
    return hub::matching_identities({hub, candidates, clock_, limits_}, condition, after,
                                    count_max);
}

} // namespace muster::store::sql
