#pragma once
// What jobs work with. All of it is thread safe and outlives them.

#include "base/clock.h"
#include "base/task.h"
#include "hub/jobs/job_documents.h"
#include "hub/jobs/job_store.h"
#include "hub/twin_queries.h"
#include "query/query.h"

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace muster::hub {

/// What a job does in its hub.
struct JobActions {
    /// Up to so many identities after `after`, which each answer gives for the next.
    std::function<Result<IdentityPage>(const query::Target&, const std::string& after,
                                       std::size_t count_max)>
        find;
    std::function<Result<void>(const IdentityId&, const TwinUpdate&)> update_twin;
    std::function<void(const IdentityId&, const MethodCall&, Methods::Done)> invoke;
    std::function<bool(const IdentityId&)> is_connected;
    /// How many of so many identities a job may go on with now, with so many bytes for each; what
    /// is left waits for a tick.
    std::function<std::size_t(std::size_t wanted, std::size_t bytes_each)> admit;
};

struct JobBounds {
    std::int64_t active_max = 100;    // jobs that have not ended; more are refused
    std::size_t running_max = 10;     // jobs worked on at once; the others wait
    std::size_t found_per_step = 500; // identities looked for in one go
    std::size_t rows_per_step = 200;
    std::size_t helpers = 7;         // workers that may join in on the twins of one job
    std::size_t in_flight_max = 200; // methods of one job on their way
    std::chrono::milliseconds tick{1000};
    std::chrono::seconds look_interval{30};  // for jobs that start later
    std::chrono::seconds round_interval{10}; // before those who were away are tried again
    std::chrono::hours kept{30 * 24};
    std::int64_t erased_per_step = 1000;
};

struct JobPorts {
    HubName hub;
    JobStore& store;
    JobActions actions;
    Executor& workers;
    Scheduler& timers;
    const Clock& clock;
    JobLimits limits;
    JobBounds bounds;
};

} // namespace muster::hub
