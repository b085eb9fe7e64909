#pragma once
// The rows of `FROM devices.jobs` (reference: iothub B.9): one for each job and device it ran on.

#include "hub/twin_queries.h"

namespace muster::hub {

/// Thread safe.
class JobRows {
  public:
    virtual ~JobRows() = default;

    /// As TwinQueries::run, for queries whose source is jobs: they select everything.
    virtual Result<QueryPage> run(const HubName& hub, const query::Query& query,
                                  const QueryPageRequest& request) = 0;
};

/// Of a hub without jobs.
class NoJobRows final : public JobRows {
  public:
    Result<QueryPage> run(const HubName&, const query::Query&, const QueryPageRequest&) override {
        return QueryPage{};
    }
};

} // namespace muster::hub
