#include "store/memory/job_ports.h"
#include "store/outcomes.h"

#include <limits>
#include <tuple>

namespace muster::store::memory {

using hub::DeviceJob;
using hub::DeviceJobStatus;
using hub::Job;
using hub::JobId;

namespace {

constexpr std::size_t all = std::numeric_limits<std::size_t>::max();

Key row_key(const HubName& hub, const DeviceJob& row) {
    return {hub.text(), row.text()};
}

void count(hub::JobProgress& progress, DeviceJobStatus status) {
    switch (status) {
    case DeviceJobStatus::pending: ++progress.pending; return;
    case DeviceJobStatus::running: ++progress.running; return;
    case DeviceJobStatus::succeeded: ++progress.succeeded; return;
    case DeviceJobStatus::failed: ++progress.failed; return;
    case DeviceJobStatus::cancelled: ++progress.cancelled; return;
    }
}

bool is_newer(const Job& left, const Job& right) {
    return std::tie(left.created, left.id) > std::tie(right.created, right.id);
}

bool starts_earlier(const Job& left, const Job& right) {
    return std::tie(left.start, left.id) < std::tie(right.start, right.id);
}

bool passes(const Job& job, const hub::JobFilter& filter) {
    return (!filter.type || *filter.type == job.type) &&
           (!filter.status || *filter.status == job.status);
}

template <class T>
void cut(std::vector<T>& values, std::size_t count_max) {
    if (values.size() > count_max) {
        values.erase(values.begin() + static_cast<std::ptrdiff_t>(count_max), values.end());
    }
}

} // namespace

Job Jobs::counted(const Key& key) const {
    Job job = tables_.jobs.at(key);
    job.progress = {};
    for (const DeviceJob& row : page_of(tables_.job_rows, {key.first, ""}, all,
                                        [&](const DeviceJob& one) { return one.job == job.id; })) {
        count(job.progress, row.status);
    }
    return job;
}

Result<void> Jobs::create(const HubName& hub, const Job& job, std::int64_t active_max) {
    const std::scoped_lock lock(tables_.mutex);
    if (tables_.jobs.contains({hub.text(), job.id.text()})) {
        return job_exists();
    }
    const auto active =
        count_of(tables_.jobs, hub.text(), [](const Job& one) { return !one.has_ended(); });
    if (active >= active_max) {
        return too_many_jobs();
    }
    tables_.jobs.insert_or_assign({hub.text(), job.id.text()}, job);
    return {};
}

Result<std::optional<Job>> Jobs::find(const HubName& hub, const JobId& id) {
    const std::scoped_lock lock(tables_.mutex);
    const Key key{hub.text(), id.text()};
    return tables_.jobs.contains(key) ? std::optional(counted(key)) : std::nullopt;
}

Result<void> Jobs::save(const HubName& hub, const Job& job, std::int64_t expected_version) {
    return add_devices(hub, job, expected_version, {});
}

Result<void> Jobs::add_devices(const HubName& hub, const Job& job, std::int64_t expected_version,
                               std::span<const DeviceJob> rows) {
    const std::scoped_lock lock(tables_.mutex);
    const auto found = tables_.jobs.find({hub.text(), job.id.text()});
    if (found == tables_.jobs.end() || found->second.version != expected_version) {
        return version_conflict();
    }
    found->second = job;
    for (const DeviceJob& row : rows) {
        tables_.job_rows.try_emplace(row_key(hub, row), row);
    }
    return {};
}

Result<void> Jobs::save_devices(const HubName& hub, const JobId& /*job*/,
                                std::span<const DeviceJob> rows) {
    const std::scoped_lock lock(tables_.mutex);
    for (const DeviceJob& row : rows) {
        const auto found = tables_.job_rows.find(row_key(hub, row));
        if (found != tables_.job_rows.end() && found->second.is_open()) {
            found->second = row;
        }
    }
    return {};
}

Result<std::vector<Job>> Jobs::list(const HubName& hub, const hub::JobFilter& filter,
                                    const std::optional<hub::JobPosition>& after,
                                    std::size_t count_max) {
    const std::scoped_lock lock(tables_.mutex);
    std::vector<Job> jobs;
    for (const Job& one : page_of(tables_.jobs, {hub.text(), ""}, all)) {
        const bool is_after =
            !after || std::tie(one.created, one.id.text()) < std::tie(after->created, after->id);
        if (is_after && passes(one, filter)) {
            jobs.push_back(counted({hub.text(), one.id.text()}));
        }
    }
    std::ranges::sort(jobs, is_newer);
    cut(jobs, count_max);
    return jobs;
}

Result<std::vector<Job>> Jobs::unfinished(const HubName& hub, std::size_t count_max) {
    const std::scoped_lock lock(tables_.mutex);
    std::vector<Job> jobs;
    for (const Job& one : page_of(tables_.jobs, {hub.text(), ""}, all)) {
        Job job = counted({hub.text(), one.id.text()});
        if (!job.has_ended() || job.progress.is_open()) {
            jobs.push_back(std::move(job));
        }
    }
    std::ranges::sort(jobs, starts_earlier);
    cut(jobs, count_max);
    return jobs;
}

Result<std::vector<DeviceJob>> Jobs::devices(const HubName& hub, const JobId& job,
                                             DeviceJobStatus status, const std::string& after,
                                             std::size_t count_max) {
    const std::scoped_lock lock(tables_.mutex);
    auto rows = page_of(tables_.job_rows, {hub.text(), ""}, all, [&](const DeviceJob& row) {
        return row.job == job && row.status == status && row.identity.text() > after;
    });
    cut(rows, count_max);
    return rows;
}

Result<std::vector<DeviceJob>> Jobs::device_rows(const HubName& hub,
                                                 const hub::DeviceJobFilter& filter,
                                                 const std::string& after, std::size_t count_max) {
    const std::scoped_lock lock(tables_.mutex);
    return page_of(tables_.job_rows, {hub.text(), after}, count_max, [&](const DeviceJob& row) {
        return (!filter.job || *filter.job == row.job) &&
               (!filter.identity || *filter.identity == row.identity);
    });
}

Result<std::int64_t> Jobs::erase_ended(const HubName& hub, WallTime before,
                                       std::int64_t count_max) {
    const std::scoped_lock lock(tables_.mutex);
    std::int64_t erased = 0;
    for (const Job& one : page_of(tables_.jobs, {hub.text(), ""}, all)) {
        const Key key{hub.text(), one.id.text()};
        if (!one.ended || *one.ended >= before || counted(key).progress.is_open()) {
            continue;
        }
        const auto is_its = [&](const auto& entry) {
            return entry.first.first == hub.text() && entry.second.job == one.id;
        };
        for (auto at = tables_.job_rows.begin(); at != tables_.job_rows.end();) {
            const bool goes = erased < count_max && is_its(*at);
            erased += goes ? 1 : 0;
            at = goes ? tables_.job_rows.erase(at) : std::next(at);
        }
        if (erased < count_max && std::ranges::none_of(tables_.job_rows, is_its)) {
            tables_.jobs.erase(key);
            ++erased;
        }
    }
    return erased;
}

} // namespace muster::store::memory
