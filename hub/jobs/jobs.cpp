#include "hub/jobs/jobs.h"

#include "hub/jobs/job_runner.h"
#include "hub/retry.h"

#include <utility>

namespace muster::hub {

Jobs::Jobs(JobPorts ports)
    : ports_(std::move(ports)), runner_(std::make_shared<JobRunner>(ports_)) {}

Jobs::~Jobs() {
    stop();
}

void Jobs::start() {
    runner_->start();
}

void Jobs::stop() {
    runner_->stop();
}

Result<Job> Jobs::schedule(const JobId& id, const JsonObject& document) {
    auto job = job_from(id, document, ports_.clock.wall(), ports_.limits);
    if (!job) {
        return job;
    }
    if (auto target = query::parse_target(job->condition); !target) {
        return fail(Code::malformed, "queryCondition: " + target.error().detail);
    }
    if (auto created = ports_.store.create(ports_.hub, *job, ports_.bounds.active_max); !created) {
        return std::unexpected(std::move(created.error()));
    }
    runner_->look_soon();
    return job;
}

Result<Job> Jobs::get(const JobId& id) {
    auto found = ports_.store.find(ports_.hub, id);
    if (!found) {
        return std::unexpected(std::move(found.error()));
    }
    if (!*found) {
        return fail(Code::not_found, "job not found");
    }
    return std::move(**found);
}

Result<Job> Jobs::cancel(const JobId& id) {
    auto cancelled = retry_on_conflict([&]() -> Result<Job> {
        auto job = get(id);
        if (!job) {
            return job;
        }
        if (job->has_ended()) {
            return fail(Code::unsupported, "the job has ended");
        }
        job->status = JobStatus::cancelled;
        job->ended = ports_.clock.wall();
        const std::int64_t expected = job->version++;
        auto saved = ports_.store.save(ports_.hub, *job, expected);
        return saved ? job : std::unexpected(std::move(saved.error()));
    });
    if (cancelled) {
        runner_->look_soon();
    }
    return cancelled;
}

Result<std::vector<Job>> Jobs::list(const JobFilter& filter,
                                    const std::optional<JobPosition>& after,
                                    std::size_t count_max) {
    return ports_.store.list(ports_.hub, filter, after, count_max);
}

Result<std::vector<DeviceJob>> Jobs::device_rows(const DeviceJobFilter& filter,
                                                 const std::string& after, std::size_t count_max) {
    return ports_.store.device_rows(ports_.hub, filter, after, count_max);
}

} // namespace muster::hub
