#include "hub/jobs/job_runner.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace muster::hub {

namespace {

constexpr std::chrono::hours forgetting_interval{1};

/// Who steps, and whether another step was asked for meanwhile.
enum class Pace : std::uint8_t { resting, stepping, stepping_again };

} // namespace

struct JobRunner::Entry {
    std::unique_ptr<JobRun> run;
    std::mutex mutex;
    Pace pace = Pace::resting;

    /// True if the caller has to see to it.
    bool ask() {
        const std::scoped_lock lock(mutex);
        const bool rested = pace == Pace::resting;
        pace = rested ? Pace::stepping : Pace::stepping_again;
        return rested;
    }

    /// True if another step was asked for while this one ran.
    bool rest() {
        const std::scoped_lock lock(mutex);
        return std::exchange(pace, Pace::resting) == Pace::stepping_again;
    }
};

void JobRunner::start() {
    if (!started_.exchange(true)) {
        look_soon();
        set_timer();
    }
}

void JobRunner::stop() {
    gate_.close();
}

void JobRunner::set_timer() {
    (void)ports_.timers.after(ports_.bounds.tick, [weak = weak_from_this()] {
        if (const auto self = weak.lock()) {
            self->tick();
        }
    });
}

void JobRunner::tick() {
    const Gate::Pass pass(gate_);
    if (!pass) {
        return;
    }
    std::vector<EntryPtr> entries;
    bool is_time_to_look = false;
    {
        const std::scoped_lock lock(mutex_);
        for (const auto& [id, entry] : runs_) {
            entries.push_back(entry);
        }
        is_time_to_look = ports_.clock.wall() >= next_look_;
    }
    for (const EntryPtr& entry : entries) {
        step_soon(entry);
    }
    if (is_time_to_look) {
        look_soon();
    }
    set_timer();
}

void JobRunner::look_soon() {
    if (!started_ || looking_.exchange(true)) {
        return;
    }
    const bool accepted = ports_.workers.submit([weak = weak_from_this()] {
        if (const auto self = weak.lock()) {
            self->look();
        }
    });
    if (!accepted) {
        looking_ = false; // the next tick comes back to it
        const std::scoped_lock lock(mutex_);
        next_look_ = WallTime();
    }
}

void JobRunner::look() {
    const Gate::Pass pass(gate_);
    if (!pass) {
        return;
    }
    looking_ = false; // what changes from here on is looked at again
    const WallTime now = ports_.clock.wall();
    {
        const std::scoped_lock lock(mutex_);
        next_look_ = now + ports_.bounds.look_interval;
    }
    // Ended ones whose rows are still open come on top of the active ones.
    const auto jobs =
        ports_.store.unfinished(ports_.hub, 2 * static_cast<std::size_t>(ports_.bounds.active_max));
    if (!jobs) {
        return;
    }
    for (const Job& job : *jobs) {
        take_up(job, now);
    }
    forget_old();
}

void JobRunner::take_up(const Job& job, WallTime now) {
    if (!job.has_ended() && job.start > now) {
        {
            const std::scoped_lock lock(mutex_);
            next_look_ = std::min(next_look_, job.start);
        }
        if (job.status == JobStatus::queued) {
            mark_scheduled(job);
        }
        return;
    }
    EntryPtr entry;
    {
        const std::scoped_lock lock(mutex_);
        const auto found = runs_.find(job.id);
        if (found == runs_.end() && runs_.size() >= ports_.bounds.running_max) {
            return; // when one is over we look again
        }
        entry = found == runs_.end() ? std::make_shared<Entry>() : found->second;
        if (found == runs_.end()) {
            const auto wake = [weak = weak_from_this(), of = std::weak_ptr(entry)] {
                const auto self = weak.lock();
                const auto woken = of.lock();
                if (self && woken) {
                    self->step_soon(woken);
                }
            };
            entry->run = std::make_unique<JobRun>(ports_, job.id, wake);
            runs_.emplace(job.id, entry);
        }
    }
    step_soon(entry);
}

/// If it was cancelled in between, that stands.
void JobRunner::mark_scheduled(Job job) {
    job.status = JobStatus::scheduled;
    const std::int64_t expected = job.version++;
    (void)ports_.store.save(ports_.hub, job, expected);
}

void JobRunner::forget_old() {
    const WallTime now = ports_.clock.wall();
    if (now < next_forgetting_) {
        return;
    }
    const std::int64_t step = ports_.bounds.erased_per_step;
    const auto erased = ports_.store.erase_ended(ports_.hub, now - ports_.bounds.kept, step);
    if (erased && *erased < step) {
        next_forgetting_ = now + forgetting_interval;
    } else {
        const std::scoped_lock lock(mutex_);
        next_look_ = now; // there is more
    }
}

void JobRunner::step_soon(const EntryPtr& entry) {
    if (!entry->ask()) {
        return;
    }
    const bool accepted = ports_.workers.submit([weak = weak_from_this(), entry] {
        if (const auto self = weak.lock()) {
            self->step(entry);
        }
    });
    if (!accepted) {
        (void)entry->rest(); // overload: the next tick comes back to it
    }
}

void JobRunner::step(const EntryPtr& entry) {
    const Gate::Pass pass(gate_);
    if (!pass) {
        return;
    }
    const JobRun::Next next = entry->run->step();
    if (next == JobRun::Next::over) {
        {
            const std::scoped_lock lock(mutex_);
            runs_.erase(entry->run->id());
        }
        look_soon(); // another may begin
        return;
    }
    if (entry->rest() || next == JobRun::Next::again) {
        step_soon(entry);
    }
}

} // namespace muster::hub
