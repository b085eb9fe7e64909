#pragma once
// Where jobs and their rows are kept. The rules of ports.h hold.

#include "base/ids.h"
#include "base/result.h"
#include "hub/jobs/job.h"

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace muster::hub {

/// Newest first: the place after which a page begins.
struct JobPosition {
    WallTime created;
    std::string id;
};

struct JobFilter {
    std::optional<JobType> type;
    std::optional<JobStatus> status;
};

/// Which rows; both left open: all of them.
struct DeviceJobFilter {
    std::optional<JobId> job;
    std::optional<IdentityId> identity;
};

class JobStore {
  public:
    virtual ~JobStore() = default;

    /// already_exists if the id is taken, rate_limited if `active_max` jobs have not ended.
    virtual Result<void> create(const HubName& hub, const Job& job, std::int64_t active_max) = 0;
    virtual Result<std::optional<Job>> find(const HubName& hub, const JobId& id) = 0;
    virtual Result<void> save(const HubName& hub, const Job& job,
                              std::int64_t expected_version) = 0;
    virtual Result<std::vector<Job>> list(const HubName& hub, const JobFilter& filter,
                                          const std::optional<JobPosition>& after,
                                          std::size_t count_max) = 0;
    /// Those that have not ended or have open rows, in the order in which they start.
    virtual Result<std::vector<Job>> unfinished(const HubName& hub, std::size_t count_max) = 0;

    /// Saves the job and adds pending rows, in one transaction; identities that have a row already
    /// keep it.
    virtual Result<void> add_devices(const HubName& hub, const Job& job,
                                     std::int64_t expected_version,
                                     std::span<const DeviceJob> rows) = 0;

    /// Replaces rows and moves the job's progress along, in one transaction. A row that has ended
    /// stays as it is; one that is not there is ignored.
    virtual Result<void> save_devices(const HubName& hub, const JobId& job,
                                      std::span<const DeviceJob> rows) = 0;

    /// Rows of a job in that state, by identity, after `after` (empty for the start).
    virtual Result<std::vector<DeviceJob>> devices(const HubName& hub, const JobId& job,
                                                   DeviceJobStatus status, const std::string& after,
                                                   std::size_t count_max) = 0;

    /// Rows of any job that pass the filter, ordered by their text() after `after`.
    virtual Result<std::vector<DeviceJob>> device_rows(const HubName& hub,
                                                       const DeviceJobFilter& filter,
                                                       const std::string& after,
                                                       std::size_t count_max) = 0;

    /// Removes jobs that ended before, rows first; at most so many rows and jobs together. Tells
    /// how many: fewer than asked means there is nothing left to remove.
    virtual Result<std::int64_t> erase_ended(const HubName& hub, WallTime before,
                                             std::int64_t count_max) = 0;
};

} // namespace muster::hub
