#pragma once
// Jobs of a hub (reference: iothub B.10): scheduled, shown, cancelled; and worked off in the
// background, from start() to stop().

#include "hub/jobs/job_ports.h"

#include <memory>
#include <optional>
#include <vector>

namespace muster::hub {

class JobRunner;

/// Thread safe.
class Jobs {
  public:
    explicit Jobs(JobPorts ports);
    ~Jobs(); // stops

    /// Goes on with what an earlier process left.
    void start();
    /// Returns when nothing of it runs any more; what is not done is left for the next start.
    void stop();

    /// Errors: malformed (a condition that does not parse is refused with the place of its
    /// mistake), already_exists, rate_limited (too many have not ended).
    Result<Job> schedule(const JobId& id, const JsonObject& document);
    /// Error: not_found.
    Result<Job> get(const JobId& id);
    /// Shows as cancelled at once; what is under way at a device comes to its end. Errors:
    /// not_found, unsupported (the job has ended).
    Result<Job> cancel(const JobId& id);
    /// Newest first.
    Result<std::vector<Job>> list(const JobFilter& filter, const std::optional<JobPosition>& after,
                                  std::size_t count_max);
    /// Rows of any job, for `devices.jobs`.
    Result<std::vector<DeviceJob>> device_rows(const DeviceJobFilter& filter,
                                               const std::string& after, std::size_t count_max);

  private:
    const JobPorts ports_;
    std::shared_ptr<JobRunner> runner_;
};

} // namespace muster::hub
