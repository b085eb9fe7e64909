#pragma once
// Handing work from one thread to another.

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>

namespace muster {

using Task = std::move_only_function<void()>;

/// Runs tasks somewhere else, soon. Thread safe.
class Executor {
  public:
    virtual ~Executor() = default;

    /// False, and the task is dropped, if the queue is full or the executor is stopping. A full
    /// queue is overload, and the caller must say so to whoever asked.
    [[nodiscard]] virtual bool submit(Task task) = 0;
};

/// Runs a task on the thread of one connection, in the order posted; dropped in silence if the
/// connection is gone. Copyable, thread safe, outlives the connection.
using Post = std::function<void(Task)>;

/// Runs a task once, later. Thread safe.
class Scheduler {
  public:
    using Ticket = std::size_t;
    virtual ~Scheduler() = default;
    virtual Ticket after(std::chrono::milliseconds delay, Task task) = 0;
    /// Best effort: the task may already be running.
    virtual void cancel(Ticket ticket) = 0;
};

/// A bounded pool of threads for use cases that wait for storage.
class WorkerPool final : public Executor {
  public:
    struct Options {
        std::size_t threads = 16;
        std::size_t queue_max = 4096;
    };

    explicit WorkerPool(const Options& options);
    ~WorkerPool() override;

    [[nodiscard]] bool submit(Task task) override;

    /// Refuses new tasks, finishes the queued ones, joins the threads. Idempotent.
    void stop();

  private:
    struct State;
    std::unique_ptr<State> state_;
};

/// One thread that waits for the next due task. Tasks must be short; real work goes to an Executor.
class TimerThread final : public Scheduler {
  public:
    TimerThread();
    ~TimerThread() override;

    Ticket after(std::chrono::milliseconds delay, Task task) override;
    void cancel(Ticket ticket) override;
    void stop();

  private:
    struct State;
    std::unique_ptr<State> state_;
};

} // namespace muster
