#pragma once
// Refusals reach the journal in batches and never slow down the one who is refused: a flood of bad
// attempts costs the flooder's requests, not a disk write each.

#include "base/task.h"
#include "provisioning/journal.h"

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace muster::provisioning {

/// Thread safe. Holds at most `waiting_max` events; more are counted as lost, and the count is
/// logged with the next batch. So are those that the store did not take.
class JournalWriter : public std::enable_shared_from_this<JournalWriter> {
  public:
    static constexpr std::size_t waiting_max = 4096;
    /// Written when so many wait, or after so long.
    static constexpr std::size_t batch_events = 256;
    static constexpr std::chrono::milliseconds batch_interval{100};

    JournalWriter(JournalStore& store, Executor& workers, Scheduler& timers)
        : store_(store), workers_(workers), timers_(timers) {}

    void add(const IdScope& scope, DeviceEvent event);

    /// Writes what waits; on return, everything added before is stored or lost. Called at the end
    /// of the process too.
    void flush();

  private:
    using Batches = std::map<std::string, std::vector<DeviceEvent>>;

    void schedule();
    void hand_over();
    /// How many could not be stored.
    std::uint64_t write(const Batches& batches);

    JournalStore& store_;
    Executor& workers_;
    Scheduler& timers_;
    std::mutex writing_; // held while the store works; taken before mutex_
    std::mutex mutex_;
    Batches waiting_; // by scope
    std::size_t count_ = 0;
    std::uint64_t lost_ = 0;
    bool scheduled_ = false;
};

} // namespace muster::provisioning
