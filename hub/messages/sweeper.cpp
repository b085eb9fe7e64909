#include "hub/messages/sweeper.h"

#include <mutex>
#include <utility>

namespace muster::hub {

struct Sweeper::State : std::enable_shared_from_this<State> {
    State(Scheduler& scheduler, Executor& executor, const Pace& at, Step what)
        : timers(scheduler), workers(executor), pace(at), step(std::move(what)) {}

    void wait(std::chrono::milliseconds delay) {
        timers.after(delay, [weak = weak_from_this()] {
            if (const auto state = weak.lock()) {
                state->wake();
            }
        });
    }

    void wake() {
        const bool queued = workers.submit([state = shared_from_this()] { state->run(); });
        if (!queued) {
            wait(pace.busy);
        }
    }

    void run() {
        const std::lock_guard lock(mutex);
        if (!over) {
            wait(step() ? pace.busy : pace.idle);
        }
    }

    Scheduler& timers;
    Executor& workers;
    const Pace pace;
    const Step step;
    std::mutex mutex;
    bool over = false;
};

Sweeper::Sweeper(Scheduler& timers, Executor& workers, const Pace& pace, Step step)
    : state_(std::make_shared<State>(timers, workers, pace, std::move(step))) {
    state_->wait(pace.idle);
}

Sweeper::~Sweeper() {
    const std::lock_guard lock(state_->mutex);
    state_->over = true;
}

} // namespace muster::hub
