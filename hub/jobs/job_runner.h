#pragma once
// Works off the jobs of a hub: starts those that are due, a bounded number at a time, and lets each
// make its steps on the workers. One timer for all of them.

#include "base/gate.h"
#include "hub/jobs/job_run.h"

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <utility>

namespace muster::hub {

/// Thread safe. Callbacks hold it weakly; what it refers to is used inside its gate only.
class JobRunner : public std::enable_shared_from_this<JobRunner> {
  public:
    explicit JobRunner(JobPorts ports) : ports_(std::move(ports)) {}

    void start();
    void stop();
    /// Jobs have changed.
    void look_soon();

  private:
    struct Entry;
    using EntryPtr = std::shared_ptr<Entry>;

    void tick();
    void set_timer();
    void look();
    void take_up(const Job& job, WallTime now);
    void mark_scheduled(Job job);
    void forget_old();
    void step_soon(const EntryPtr& entry);
    void step(const EntryPtr& entry);

    const JobPorts ports_;
    Gate gate_;
    std::atomic<bool> started_{false};
    std::atomic<bool> looking_{false};

    std::mutex mutex_;
    std::map<JobId, EntryPtr> runs_;
    WallTime next_look_; // the earliest start known of, or the next interval
    WallTime next_forgetting_;
};

} // namespace muster::hub
