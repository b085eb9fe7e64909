#pragma once
// Threads that are kept for the next task: starting one takes longer than most tasks.

#include <functional>
#include <memory>
#include <semaphore>
#include <thread>
#include <vector>

namespace muster::simulation {

/// A thread that sleeps until it is released, then does `work` and returns itself to its pool.
struct Thread {
    std::binary_semaphore go{0};
    std::function<void()> work; // nothing: the thread ends
    std::thread thread;
};

/// Used by whoever holds the baton.
class Threads {
  public:
    Threads() = default;
    ~Threads();

    Threads(const Threads&) = delete;
    Threads& operator=(const Threads&) = delete;

    /// Idle; starts `work` at its first release.
    Thread& take(std::function<void()> work);

    /// From its own work, as the last thing that this does before it hands the baton on.
    void give_back(Thread& thread) { idle_.push_back(&thread); }

  private:
    std::vector<std::unique_ptr<Thread>> all_;
    std::vector<Thread*> idle_;
};

} // namespace muster::simulation
