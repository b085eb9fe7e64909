#pragma once
// Deadlines of thousands of connections behind one kernel timer. A deadline that moves later, as
// idle limits do with every byte, costs nothing: the sleeper is woken at the earlier time, sees
// that it is not due, and asks again. One thread.

#include "base/clock.h"

#include <cstddef>
#include <optional>
#include <vector>

namespace muster::net {

class WakeQueue;

/// Something that wants to be woken. Leaves its queue by itself when it is destroyed.
class Sleeper {
  public:
    Sleeper() = default;
    Sleeper(const Sleeper&) = delete;
    Sleeper& operator=(const Sleeper&) = delete;

    virtual ~Sleeper();

    /// May come earlier than asked; whoever still has something to wait for asks again.
    virtual void wake(SteadyTime now) = 0;

  private:
    friend class WakeQueue;

    WakeQueue* queue_ = nullptr; // while asleep there
    std::size_t position_ = 0;
    SteadyTime time_;
};

/// A binary heap by time in which every sleeper knows its place.
class WakeQueue {
  public:
    WakeQueue() = default;
    WakeQueue(const WakeQueue&) = delete;
    WakeQueue& operator=(const WakeQueue&) = delete;
    ~WakeQueue();

    /// Wakes it once, not later than `time` (an earlier wish stands).
    void wake_by(SteadyTime time, Sleeper& sleeper);
    void remove(Sleeper& sleeper);

    /// Takes out the first sleeper whose time has come, or returns null.
    Sleeper* pop_due(SteadyTime now);

    [[nodiscard]] std::optional<SteadyTime> earliest() const;

    [[nodiscard]] std::size_t size() const { return heap_.size(); }

  private:
    void place(Sleeper& sleeper, std::size_t position);
    void sift_up(Sleeper& sleeper, std::size_t position);
    void sift_down(Sleeper& sleeper, std::size_t position);

    std::vector<Sleeper*> heap_;
};

} // namespace muster::net
