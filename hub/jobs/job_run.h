#pragma once
// One job being worked off, in steps. Every step loads the job, does a bounded piece of work, and
// stores what came of it before the next: whoever takes the job up after a crash finds in its rows
// what is left.
//
//  * A twin that was changed just before a crash may be changed once more, to the same values.
//  * A method is stored as running before it is sent. One that was running when the process died is
//    failed, not repeated: whether the device carried it out is not known.

#include "hub/jobs/job_ports.h"

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace muster::hub {

/// step() is called by one thread at a time.
class JobRun {
  public:
    /// `wake` asks for another step, from any thread.
    JobRun(const JobPorts& ports, JobId id, std::function<void()> wake);

    enum class Next : std::uint8_t {
        again, // there is more to do now
        later, // at the next tick, or when woken
        over,  // the job has ended and so have its rows
    };

    Next step();

    [[nodiscard]] const JobId& id() const { return id_; }

  private:
    /// Methods on their way; shared with their callbacks, which may come after the run is gone.
    struct Flight;

    Next work(Job job);
    Next begin(Job job);
    Next resolve(Job job);
    Next update_twins(const Job& job);
    Next invoke_methods(const Job& job);
    Next finish(Job job, JobStatus status, std::string reason);
    Next close_rows(const Job& job);
    Next fail_interrupted(const Job& job);

    Next save(Job job);
    /// Pending rows of the round that is under way; none if it is over or has to wait.
    Result<std::vector<DeviceJob>> next_rows(const Job& job);
    [[nodiscard]] std::vector<DeviceJob> choose(const std::vector<DeviceJob>& rows,
                                                std::size_t count_max) const;
    /// Drops those for which the rate or the quota of the hub has no room now.
    void keep_admitted(std::vector<DeviceJob>& rows, std::size_t bytes_each);
    /// Marks them, and sends.
    Next launch(std::vector<DeviceJob> rows, const MethodCall& call);
    Result<void> save_outcomes();

    const JobPorts& ports_;
    const JobId id_;
    const std::shared_ptr<Flight> flight_;
    bool is_first_ = true;

    // A round goes once through the pending rows.
    std::string cursor_;
    WallTime round_began_;
    std::optional<WallTime> held_since_; // by the rate or the quota of the hub
    WallTime next_round_;
};

} // namespace muster::hub
