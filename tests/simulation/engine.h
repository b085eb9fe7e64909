#pragma once
// Runs ordinary blocking code, many tasks of several processes, on a virtual clock. Each task has a
// real thread, but only the one that holds the baton runs; it hands the baton on wherever it steps
// (every call of a port), and the dice say to whom. So one seed is one interleaving.
//
// A task that wants a std::mutex which another one holds hands the baton on as well: the program is
// linked with a pthread_mutex_lock that asks the engine (baton_mutex.cpp). So it is with
// conditions.

#include "base/clock.h"
#include "base/task.h"
#include "tests/simulation/dice.h"
#include "tests/simulation/threads.h"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace muster::simulation {

/// Goes through a task when its process dies. No std::exception, so that no code that expects
/// failures swallows it.
struct Crashed {};

class Engine;
struct Fiber;

/// What dies together: one life of a server.
class Process {
  public:
    Process(Engine& engine, std::string name) : engine_(engine), name_(std::move(name)) {}

    [[nodiscard]] const std::string& name() const { return name_; }

    [[nodiscard]] bool is_dead() const { return dead_; }

    /// Every task of it is unwound from the step it has reached; `gone` is called after the last.
    void crash(Task gone);

    /// None of its tasks goes on before this time; then all do.
    void stall_until(SteadyTime end) { stalled_until_ = end; }

  private:
    friend class Engine;
    Engine& engine_;
    std::string name_;
    bool dead_ = false;
    SteadyTime stalled_until_{};
    std::vector<Fiber*> fibers_;
    Task gone_;
};

/// Something one task waits for. Copies mean the same one.
class Signal {
  public:
    Signal() : state_(std::make_shared<State>()) {}

    [[nodiscard]] bool fired() const { return state_->fired; }

  private:
    friend class Engine;

    struct State {
        bool fired = false;
        Fiber* waiting = nullptr;
    };

    std::shared_ptr<State> state_;
};

class Engine {
  public:
    Engine(Dice& dice, Threads& threads);
    ~Engine();

    Engine(const Engine&) = delete;
    Engine& operator=(const Engine&) = delete;

    [[nodiscard]] SteadyTime now() const { return now_; }

    /// From the thread that owns the engine: everything until then happens. False if stop() was
    /// called.
    bool run_until(SteadyTime end);

    /// run_until() returns as soon as it can, for good.
    void stop() { stopped_ = true; }

    /// So many steps are more than a world needs: somebody turns in circles. It has been stopped.
    static constexpr std::uint64_t steps_max = 1'000'000;

    [[nodiscard]] bool is_exhausted() const { return steps_ > steps_max; }

    // ---- from anywhere ----

    /// A task of the process, on a thread of its own, soon.
    void spawn(const std::shared_ptr<Process>& process, Task task);

    using Ticket = std::uint64_t;
    /// Later, on whatever thread has the baton: must not step, sleep or wait.
    Ticket at(Duration delay, Task event);
    void cancel(Ticket ticket);
    void fire(const Signal& signal);

    // ---- from tasks; each may throw Crashed ----

    void step();
    void sleep(Duration time);
    /// Whether the signal came in time.
    bool wait(const Signal& signal, Duration time_max);
    /// The task that has the baton is one whose process has died, and it is being unwound.
    [[nodiscard]] static bool is_unwinding();
    /// When the running task began.
    [[nodiscard]] SteadyTime task_began() const;

    // ---- of baton_mutex.cpp, for mutexes and conditions ----

    /// The engine whose task is running on this thread, if any.
    static Engine* of_this_thread();
    void wait_for_mutex(const void* mutex);
    void mutex_is_free(const void* mutex);
    /// Until notified, or for no reason; the caller has left the mutex and takes it again.
    void wait_for_condition(const void* condition);
    void notify(const void* condition);
    /// Ends the waiting of a task whose process has died.
    void throw_if_dead();

  private:
    friend class Process;

    /// In the order of their numbers where the time is the same.
    using Moment = std::pair<SteadyTime, std::uint64_t>;

    /// What happens at a moment: a task is woken, or an event.
    struct Entry {
        Fiber* fiber = nullptr;
        Task event;
    };

    void run_task(Fiber& fiber);
    void end(Fiber& fiber);
    /// Hands the baton to whoever is next; returns when this fiber has it again.
    void hand_on(Fiber& self);
    /// Passes the time until somebody can go on.
    Fiber* choose(Fiber* last);
    Fiber* choose_ready(Fiber* last);
    Fiber* choose_dying();
    void take_next_entry();
    void make_ready(Fiber& fiber);
    void wake_at(Fiber& fiber, SteadyTime when);

    Dice& dice_;
    Threads& threads_;
    SteadyTime now_{std::chrono::hours(1)};
    bool stopped_ = false;
    std::uint64_t steps_ = 0;
    std::uint64_t last_number_ = 0;
    std::map<Moment, Entry> entries_;
    std::map<std::uint64_t, SteadyTime> tickets_;
    std::vector<Fiber*> ready_;
    std::vector<std::pair<const void*, Fiber*>> mutex_waiters_;
    std::vector<std::pair<const void*, Fiber*>> condition_waiters_;
    std::size_t living_ = 0; // fibers
    std::unique_ptr<Fiber> owner_;
};

} // namespace muster::simulation
