#pragma once
// The end of a deleted instance: everything that its scope holds is removed on the workers, a
// bounded step at a time, then the instance itself. What must be done next is only ever asked of
// the store, so it may begin again anywhere, also in another process.

#include "base/clock.h"
#include "base/task.h"
#include "provisioning/ports.h"

#include <chrono>
#include <functional>
#include <memory>

namespace muster::provisioning {

inline constexpr std::size_t purge_rows_max = 1000; // of one step

/// Requests that had found the instance before it was withdrawn may still write; they have this
/// long. Then the scope is looked at once more.
inline constexpr std::chrono::seconds purge_quiet{1};

class Purge : public std::enable_shared_from_this<Purge> {
  public:
    struct Ports {
        InstanceStore& store;
        Executor& workers;
        Scheduler& timers;
        const Clock& clock;
    };

    /// `ended` is called once, on a worker, when the instance is gone.
    Purge(const Ports& ports, std::shared_ptr<const Instance> instance,
          std::function<void()> ended);

    void start();

  private:
    enum class Next { now, after_quiet, after_failure, nothing };

    void enqueue();
    void wait(std::chrono::milliseconds delay);
    void run();
    Next step();
    Next erase();
    Next failed(const Error& error);

    Ports ports_;
    std::shared_ptr<const Instance> instance_;
    std::function<void()> ended_;
    // Touched by one step at a time; each is handed over by an executor or a scheduler.
    bool quiet_ = false;
    int failures_ = 0;
};

} // namespace muster::provisioning
