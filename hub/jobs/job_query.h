#pragma once
// `FROM devices.jobs` (reference: iothub B.9) on the rows of jobs.

#include "hub/job_rows.h"
#include "hub/jobs/jobs.h"

namespace muster::hub {

/// Thread safe. Looks at the rows of one job only if the condition names it, and at a bounded
/// number for one page.
class StoredJobRows final : public JobRows {
  public:
    explicit StoredJobRows(Jobs& jobs) : jobs_(jobs) {}

    Result<QueryPage> run(const HubName& hub, const query::Query& query,
                          const QueryPageRequest& request) override;

  private:
    Jobs& jobs_;
};

} // namespace muster::hub
