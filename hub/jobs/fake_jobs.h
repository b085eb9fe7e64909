#pragma once
// A JobStore for the tests of this folder: one hub, in memory. Failures are queued.

#include "hub/jobs/job_store.h"

#include <algorithm>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <utility>

namespace muster::hub::fakes {

class Jobs final : public JobStore {
  public:
    Result<void> create(const HubName&, const Job& job, std::int64_t active_max) override {
        const std::lock_guard lock(mutex);
        if (jobs.contains(job.id)) {
            return fail(Code::already_exists, "taken");
        }
        const auto active =
            std::ranges::count_if(jobs, [](const auto& one) { return !one.second.has_ended(); });
        if (active >= active_max) {
            return fail(Code::rate_limited, "too many");
        }
        jobs.emplace(job.id, job);
        return {};
    }

    Result<std::optional<Job>> find(const HubName&, const JobId& id) override {
        const std::lock_guard lock(mutex);
        return jobs.contains(id) ? std::optional(counted(id)) : std::nullopt;
    }

    Result<void> save(const HubName& hub, const Job& job, std::int64_t expected) override {
        return add_devices(hub, job, expected, {});
    }

    Result<std::vector<Job>> list(const HubName&, const JobFilter& filter,
                                  const std::optional<JobPosition>& after,
                                  std::size_t count_max) override {
        const std::lock_guard lock(mutex);
        std::vector<Job> page;
        for (const auto& [id, one] : jobs) {
            const bool passes = (!filter.type || *filter.type == one.type) &&
                                (!filter.status || *filter.status == one.status) &&
                                (!after || std::pair(one.created, id.text()) <
                                               std::pair(after->created, after->id));
            if (passes) {
                page.push_back(counted(id));
            }
        }
        std::ranges::sort(page, [](const Job& left, const Job& right) {
            return std::pair(left.created, left.id) > std::pair(right.created, right.id);
        });
        page.resize(std::min(page.size(), count_max));
        return page;
    }

    Result<std::vector<Job>> unfinished(const HubName&, std::size_t count_max) override {
        const std::lock_guard lock(mutex);
        std::vector<Job> page;
        for (const auto& [id, one] : jobs) {
            if (page.size() < count_max && (!one.has_ended() || counted(id).progress.is_open())) {
                page.push_back(counted(id));
            }
        }
        return page;
    }

    Result<void> add_devices(const HubName&, const Job& job, std::int64_t expected,
                             std::span<const DeviceJob> added) override {
        const std::lock_guard lock(mutex);
        if (auto failed = next_failure(); !failed) {
            return failed;
        }
        const auto found = jobs.find(job.id);
        if (found == jobs.end() || found->second.version != expected) {
            return fail(Code::conflict, "version");
        }
        found->second = job;
        for (const DeviceJob& row : added) {
            rows.try_emplace(row.text(), row);
        }
        return {};
    }

    Result<void> save_devices(const HubName&, const JobId&,
                              std::span<const DeviceJob> changed) override {
        const std::lock_guard lock(mutex);
        if (auto failed = next_failure(); !failed) {
            return failed;
        }
        for (const DeviceJob& row : changed) {
            const auto found = rows.find(row.text());
            if (found != rows.end() && found->second.is_open()) {
                found->second = row;
            }
        }
        return {};
    }

    Result<std::vector<DeviceJob>> devices(const HubName&, const JobId& job, DeviceJobStatus status,
                                           const std::string& after,
                                           std::size_t count_max) override {
        const std::lock_guard lock(mutex);
        std::vector<DeviceJob> page;
        for (const auto& [id, row] : rows) {
            if (page.size() < count_max && row.job == job && row.status == status &&
                row.identity.text() > after) {
                page.push_back(row);
            }
        }
        return page;
    }

    Result<std::vector<DeviceJob>> device_rows(const HubName&, const DeviceJobFilter& filter,
                                               const std::string& after,
                                               std::size_t count_max) override {
        const std::lock_guard lock(mutex);
        std::vector<DeviceJob> page;
        for (const auto& [id, row] : rows) {
            const bool passes = id > after && (!filter.job || *filter.job == row.job) &&
                                (!filter.identity || *filter.identity == row.identity);
            if (passes && page.size() < count_max) {
                page.push_back(row);
            }
        }
        return page;
    }

    Result<std::int64_t> erase_ended(const HubName&, WallTime before,
                                     std::int64_t /*count_max*/) override {
        const std::lock_guard lock(mutex);
        const auto is_old = [&](const auto& one) {
            return one.second.ended && *one.second.ended < before;
        };
        std::erase_if(rows, [&](const auto& row) {
            const auto of = jobs.find(row.second.job);
            return of != jobs.end() && is_old(*of);
        });
        return static_cast<std::int64_t>(std::erase_if(jobs, is_old));
    }

    /// The next writes of jobs and rows fail with these.
    std::deque<Error> failures;
    std::mutex mutex;
    std::map<JobId, Job> jobs;
    std::map<std::string, DeviceJob> rows;

  private:
    Result<void> next_failure() {
        if (failures.empty()) {
            return {};
        }
        Error failure = failures.front();
        failures.pop_front();
        return std::unexpected(std::move(failure));
    }

    Job counted(const JobId& id) const {
        Job job = jobs.at(id);
        job.progress = {};
        for (const auto& [key, row] : rows) {
            if (row.job == id) {
                count(job.progress, row.status);
            }
        }
        return job;
    }

    static void count(JobProgress& progress, DeviceJobStatus status) {
        switch (status) {
        case DeviceJobStatus::pending: ++progress.pending; return;
        case DeviceJobStatus::running: ++progress.running; return;
        case DeviceJobStatus::succeeded: ++progress.succeeded; return;
        case DeviceJobStatus::failed: ++progress.failed; return;
        case DeviceJobStatus::cancelled: ++progress.cancelled; return;
        }
    }
};

} // namespace muster::hub::fakes
