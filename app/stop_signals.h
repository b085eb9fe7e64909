#pragma once
// SIGTERM and SIGINT, taken from every thread of the process so that one thread can wait for them.

#include <chrono>
#include <csignal>

namespace muster::app {

class StopSignals {
  public:
    /// Before any other thread starts: they inherit the mask.
    StopSignals();

    /// The signal that came.
    [[nodiscard]] int wait() const;

    /// True if one came within the time.
    [[nodiscard]] bool wait_for(std::chrono::milliseconds time) const;

  private:
    sigset_t signals_{};
};

} // namespace muster::app
