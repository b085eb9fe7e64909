#pragma once
// Something that is to be done now and then, on a worker, a little at a time. Ends with its owner:
// the destructor waits for a step that is under way.

#include "base/task.h"

#include <chrono>
#include <functional>
#include <memory>

namespace muster::hub {

class Sweeper {
  public:
    struct Pace {
        std::chrono::milliseconds idle; // until the next look
        std::chrono::milliseconds busy; // while there is more to do
    };

    /// True: there is more to do.
    using Step = std::function<bool()>;

    /// Takes the first step after the idle time.
    Sweeper(Scheduler& timers, Executor& workers, const Pace& pace, Step step);
    ~Sweeper();
    Sweeper(const Sweeper&) = delete;
    Sweeper& operator=(const Sweeper&) = delete;

  private:
    struct State;
    std::shared_ptr<State> state_;
};

} // namespace muster::hub
