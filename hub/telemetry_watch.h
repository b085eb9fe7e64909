#pragma once
// Whoever waits for the next device-to-cloud message. As many wait as requests are open, which the
// front end bounds. Thread safe.

#include "base/task.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>

namespace muster::hub {

class TelemetryWatch {
  public:
    explicit TelemetryWatch(Scheduler& timers);
    ~TelemetryWatch();

    /// Calls back once, on any thread, when a message above `after` was appended or time is up.
    std::uint64_t add(std::int64_t after, std::chrono::milliseconds wait,
                      std::function<void()> ready);

    /// Calls back at once, unless that was done already.
    void wake(std::uint64_t waiter);

    void appended(std::int64_t newest);

  private:
    struct State;
    std::shared_ptr<State> state_;
};

} // namespace muster::hub
