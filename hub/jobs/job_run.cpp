#include "hub/jobs/job_run.h"

#include "hub/jobs/job_outcomes.h"
#include "hub/share_out.h"

#include <algorithm>
#include <utility>

namespace muster::hub {

namespace {

/// After a long round over many who are away comes a pause of so many times its length; the time
/// in which the hub's limits held it back is no part of that.
constexpr int pause_factor = 9;

std::size_t bytes_of(const TwinUpdate& update) {
    return (update.tags ? muster::to_text(*update.tags).size() : 0) +
           (update.desired ? muster::to_text(*update.desired).size() : 0);
}

} // namespace

struct JobRun::Flight {
    explicit Flight(std::function<void()> on_landing) : wake(std::move(on_landing)) {}

    const std::function<void()> wake;
    std::mutex mutex;
    std::vector<DeviceJob> landed;
    std::size_t in_flight = 0;

    std::size_t count() {
        const std::scoped_lock lock(mutex);
        return in_flight;
    }

    void land(DeviceJob row) {
        {
            const std::scoped_lock lock(mutex);
            --in_flight;
            landed.push_back(std::move(row));
        }
        wake();
    }
};

JobRun::JobRun(const JobPorts& ports, JobId id, std::function<void()> wake)
    : ports_(ports), id_(std::move(id)), flight_(std::make_shared<Flight>(std::move(wake))) {}

JobRun::Next JobRun::step() {
    if (!save_outcomes()) {
        return Next::later;
    }
    auto job = ports_.store.find(ports_.hub, id_);
    if (!job) {
        return Next::later;
    }
    return *job ? work(std::move(**job)) : Next::over;
}

JobRun::Next JobRun::work(Job job) {
    if (is_first_) {
        return fail_interrupted(job);
    }
    if (job.has_ended()) {
        return close_rows(job);
    }
    if (job.status != JobStatus::running) {
        return begin(std::move(job));
    }
    const bool is_late = ports_.clock.wall() >= job.deadline();
    if (!job.resolved) {
        return is_late ? finish(std::move(job), JobStatus::failed,
                                "not all targets were found within maxExecutionTimeInSeconds")
                       : resolve(std::move(job));
    }
    if (!job.progress.is_open()) {
        return finish(std::move(job), JobStatus::completed, {});
    }
    if (is_late) {
        return close_rows(job);
    }
    return job.type == JobType::update_twin ? update_twins(job) : invoke_methods(job);
}

/// What an earlier process left running; twins are never stored as that.
JobRun::Next JobRun::fail_interrupted(const Job& job) {
    auto rows = ports_.store.devices(ports_.hub, job.id, DeviceJobStatus::running, {},
                                     ports_.bounds.rows_per_step);
    if (!rows) {
        return Next::later;
    }
    is_first_ = !rows->empty();
    for (DeviceJob& row : *rows) {
        row = interrupted(std::move(row), ports_.clock.wall());
    }
    return ports_.store.save_devices(ports_.hub, job.id, *rows) ? Next::again : Next::later;
}

JobRun::Next JobRun::begin(Job job) {
    job.status = JobStatus::running;
    job.began = ports_.clock.wall();
    return save(std::move(job));
}

JobRun::Next JobRun::resolve(Job job) {
    const auto target = query::parse_target(job.condition);
    if (!target) {
        return finish(std::move(job), JobStatus::failed, target.error().detail);
    }
    const auto found = ports_.actions.find(*target, job.resolved_to, ports_.bounds.found_per_step);
    if (!found) {
        return Next::later;
    }
    std::vector<DeviceJob> rows;
    rows.reserve(found->ids.size());
    for (const IdentityId& identity : found->ids) {
        rows.push_back(pending_row(job, identity, ports_.clock.wall()));
    }
    job.resolved = found->is_last;
    job.resolved_to = found->after;
    const std::int64_t expected = job.version++;
    const auto added = ports_.store.add_devices(ports_.hub, job, expected, rows);
    return added || added.error().code == Code::conflict ? Next::again : Next::later;
}

Result<std::vector<DeviceJob>> JobRun::next_rows(const Job& job) {
    const WallTime now = ports_.clock.wall();
    if (held_since_) {
        round_began_ += now - *held_since_;
        held_since_.reset();
    }
    if (cursor_.empty()) {
        if (now < next_round_) {
            return std::vector<DeviceJob>();
        }
        round_began_ = now;
    }
    auto rows = ports_.store.devices(ports_.hub, job.id, DeviceJobStatus::pending, cursor_,
                                     ports_.bounds.rows_per_step);
    if (rows && rows->empty()) {
        cursor_.clear();
        next_round_ = now + std::max<WallTime::duration>(ports_.bounds.round_interval,
                                                         (now - round_began_) * pause_factor);
    }
    return rows;
}

JobRun::Next JobRun::update_twins(const Job& job) {
    const auto update = twin_update_of(job);
    if (!update) {
        return finish(job, JobStatus::failed, update.error().detail);
    }
    auto rows = next_rows(job);
    if (!rows || rows->empty()) {
        return Next::later;
    }
    keep_admitted(*rows, bytes_of(*update));
    if (rows->empty()) {
        return Next::later;
    }
    cursor_ = rows->back().identity.text();
    share_out(ports_.workers, ports_.bounds.helpers, rows->size(), [&](std::size_t at) {
        DeviceJob& row = (*rows)[at];
        const WallTime began = ports_.clock.wall();
        const auto updated = ports_.actions.update_twin(row.identity, *update);
        row = after_update(std::move(row), updated, began, ports_.clock.wall());
    });
    std::erase_if(*rows, [](const DeviceJob& row) { return row.is_open(); });
    return ports_.store.save_devices(ports_.hub, job.id, *rows) ? Next::again : Next::later;
}

JobRun::Next JobRun::invoke_methods(const Job& job) {
    auto call = method_call_of(job);
    if (!call) {
        return finish(job, JobStatus::failed, call.error().detail);
    }
    call->connect_timeout = std::chrono::seconds(0); // who is away is tried again, in rounds
    const std::size_t free = ports_.bounds.in_flight_max - flight_->count();
    if (free == 0) {
        return Next::later;
    }
    const auto rows = next_rows(job);
    if (!rows || rows->empty()) {
        return Next::later;
    }
    std::vector<DeviceJob> chosen = choose(*rows, free);
    if (!chosen.empty()) {
        keep_admitted(chosen, payload_text(*call).size());
        if (chosen.empty()) {
            return Next::later;
        }
        cursor_ = chosen.back().identity.text();
    } else {
        cursor_ = rows->back().identity.text();
    }
    return launch(std::move(chosen), *call);
}

/// Those that are connected, at most so many.
std::vector<DeviceJob> JobRun::choose(const std::vector<DeviceJob>& rows,
                                      std::size_t count_max) const {
    std::vector<DeviceJob> chosen;
    for (const DeviceJob& row : rows) {
        if (chosen.size() == count_max) {
            break;
        }
        if (ports_.actions.is_connected(row.identity)) {
            chosen.push_back(row);
        }
    }
    return chosen;
}

void JobRun::keep_admitted(std::vector<DeviceJob>& rows, std::size_t bytes_each) {
    const std::size_t admitted = ports_.actions.admit(rows.size(), bytes_each);
    if (admitted < rows.size()) {
        held_since_ = ports_.clock.wall();
        rows.erase(rows.begin() + static_cast<std::ptrdiff_t>(admitted), rows.end());
    }
}

JobRun::Next JobRun::launch(std::vector<DeviceJob> rows, const MethodCall& call) {
    const WallTime now = ports_.clock.wall();
    for (DeviceJob& row : rows) {
        row.status = DeviceJobStatus::running;
        row.began = row.updated = now;
    }
    if (!rows.empty() && !ports_.store.save_devices(ports_.hub, id_, rows)) {
        return Next::later;
    }
    {
        const std::scoped_lock lock(flight_->mutex);
        flight_->in_flight += rows.size();
    }
    for (DeviceJob& row : rows) {
        const IdentityId identity = row.identity;
        ports_.actions.invoke(identity, call,
                              [flight = flight_, &clock = ports_.clock,
                               row = std::move(row)](Result<MethodReply> reply) mutable {
                                  flight->land(after_method(std::move(row), reply, clock.wall()));
                              });
    }
    return Next::again;
}

/// A row that was not saved lands again with the next step.
Result<void> JobRun::save_outcomes() {
    std::vector<DeviceJob> landed;
    {
        const std::scoped_lock lock(flight_->mutex);
        landed.swap(flight_->landed);
    }
    if (landed.empty()) {
        return {};
    }
    auto saved = ports_.store.save_devices(ports_.hub, id_, landed);
    if (!saved) {
        const std::scoped_lock lock(flight_->mutex);
        std::ranges::move(landed, std::back_inserter(flight_->landed));
    }
    return saved;
}

JobRun::Next JobRun::finish(Job job, JobStatus status, std::string reason) {
    job.status = status;
    job.ended = ports_.clock.wall();
    job.failure_reason = std::move(reason);
    return save(std::move(job));
}

JobRun::Next JobRun::save(Job job) {
    const std::int64_t expected = job.version++;
    const auto saved = ports_.store.save(ports_.hub, job, expected);
    // A conflict: it was cancelled in between.
    return saved || saved.error().code == Code::conflict ? Next::again : Next::later;
}

/// Of a job that was cancelled or has run out of time. What is on its way lands by itself.
JobRun::Next JobRun::close_rows(const Job& job) {
    auto rows = ports_.store.devices(ports_.hub, job.id, DeviceJobStatus::pending, {},
                                     ports_.bounds.rows_per_step);
    if (!rows) {
        return Next::later;
    }
    if (rows->empty()) {
        return job.has_ended() && !job.progress.is_open() ? Next::over : Next::later;
    }
    const WallTime now = ports_.clock.wall();
    for (DeviceJob& row : *rows) {
        row = job.status == JobStatus::cancelled ? cancelled(std::move(row), now)
                                                 : out_of_time(std::move(row), now);
    }
    return ports_.store.save_devices(ports_.hub, job.id, *rows) ? Next::again : Next::later;
}

} // namespace muster::hub
