#include "hub/telemetry_watch.h"

#include <map>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

namespace muster::hub {

struct TelemetryWatch::State {
    struct Waiter {
        std::int64_t after = 0;
        std::function<void()> ready;
        std::optional<Scheduler::Ticket> timer; // nothing until it is known
    };

    explicit State(Scheduler& scheduler) : timers(scheduler) {}

    /// Whoever takes a waiter out of the map is the one who calls back.
    std::optional<Waiter> take(std::uint64_t number) {
        const std::lock_guard lock(mutex);
        auto node = waiters.extract(number);
        return node.empty() ? std::nullopt : std::optional(std::move(node.mapped()));
    }

    std::vector<Waiter> take_all_below(std::int64_t newest) {
        const std::lock_guard lock(mutex);
        std::vector<Waiter> due;
        for (auto at = waiters.begin(); at != waiters.end();) {
            if (at->second.after < newest) {
                due.push_back(std::move(at->second));
                at = waiters.erase(at);
            } else {
                ++at;
            }
        }
        return due;
    }

    void call(const Waiter& waiter) const {
        if (waiter.timer) {
            timers.cancel(*waiter.timer);
        }
        waiter.ready();
    }

    void wake(std::uint64_t number) {
        if (const auto waiter = take(number)) {
            call(*waiter);
        }
    }

    Scheduler& timers;
    std::mutex mutex;
    std::map<std::uint64_t, Waiter> waiters;
    std::uint64_t last_number = 0;
};

TelemetryWatch::TelemetryWatch(Scheduler& timers) : state_(std::make_shared<State>(timers)) {}

TelemetryWatch::~TelemetryWatch() = default;

std::uint64_t TelemetryWatch::add(std::int64_t after, std::chrono::milliseconds wait,
                                  std::function<void()> ready) {
    std::uint64_t number = 0;
    {
        const std::lock_guard lock(state_->mutex);
        number = ++state_->last_number;
        state_->waiters.emplace(number, State::Waiter{after, std::move(ready), std::nullopt});
    }
    const auto timer = state_->timers.after(wait, [weak = std::weak_ptr<State>(state_), number] {
        if (const auto state = weak.lock()) {
            state->wake(number);
        }
    });
    {
        const std::lock_guard lock(state_->mutex);
        if (const auto at = state_->waiters.find(number); at != state_->waiters.end()) {
            at->second.timer = timer;
            return number;
        }
    }
    state_->timers.cancel(timer); // woken in between
    return number;
}

void TelemetryWatch::wake(std::uint64_t waiter) {
    state_->wake(waiter);
}

void TelemetryWatch::appended(std::int64_t newest) {
    for (const State::Waiter& waiter : state_->take_all_below(newest)) {
        state_->call(waiter);
    }
}

} // namespace muster::hub
