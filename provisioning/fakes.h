#pragma once
// Stand-ins for everything that the services of this folder are given, for their tests.

#include "base/random.h"
#include "base/task.h"
#include "provisioning/fake_faults.h"
#include "provisioning/fake_hubs.h"
#include "provisioning/fake_store.h"
#include "provisioning/ports.h"

#include <algorithm>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace muster::provisioning {

/// Runs tasks when the test says so.
class ManualWorkers final : public Executor {
  public:
    bool submit(Task task) override {
        if (full) {
            return false;
        }
        tasks_.push_back(std::move(task));
        return true;
    }

    bool run_one() {
        if (tasks_.empty()) {
            return false;
        }
        Task task = std::move(tasks_.front());
        tasks_.pop_front();
        task();
        return true;
    }

    void run_all() {
        while (run_one()) {
        }
    }

    void forget() { tasks_.clear(); }

    [[nodiscard]] std::size_t waiting() const { return tasks_.size(); }

    bool full = false;

  private:
    std::deque<Task> tasks_;
};

/// Time that the test moves.
class ManualTimers final : public Scheduler {
  public:
    Ticket after(std::chrono::milliseconds delay, Task task) override {
        entries_.push_back({now_ + delay, ++last_, std::move(task)});
        return last_;
    }

    void cancel(Ticket ticket) override {
        std::erase_if(entries_, [&](const Entry& entry) { return entry.ticket == ticket; });
    }

    /// Runs the next task that is due, whenever that is, or by then; false if there is none. Some
    /// tasks come again and again: whoever waits for everything says how long.
    bool run_next(std::chrono::milliseconds until = std::chrono::milliseconds::max()) {
        const auto next = std::ranges::min_element(entries_, {}, &Entry::due);
        if (next == entries_.end() || next->due > until) {
            return false;
        }
        now_ = std::max(now_, next->due);
        Task task = std::move(next->task);
        entries_.erase(next);
        task();
        return true;
    }

    void forget() { entries_.clear(); }

    [[nodiscard]] std::chrono::milliseconds now() const { return now_; }

    [[nodiscard]] std::size_t waiting() const { return entries_.size(); }

  private:
    struct Entry {
        std::chrono::milliseconds due;
        Ticket ticket;
        Task task;
    };

    std::chrono::milliseconds now_{0};
    Ticket last_ = 0;
    std::vector<Entry> entries_;
};

/// Repeatable randomness for several threads.
class SharedRandom final : public Random {
  public:
    explicit SharedRandom(std::uint64_t seed) : random_(seed) {}

    std::string bytes(std::size_t count) override {
        const std::scoped_lock lock(mutex_);
        return random_.bytes(count);
    }

  private:
    std::mutex mutex_;
    SeededRandom random_;
};

} // namespace muster::provisioning
