#include "base/task.h"

#include "base/log.h"

#include <condition_variable>
#include <deque>
#include <exception>
#include <map>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

namespace muster {

namespace {

/// The top of a thread: an exception ends its task, not the program.
void run(Task& task) noexcept {
    try {
        task();
    } catch (const std::exception& error) {
        log::error("a task threw", {{"what", error.what()}});
    } catch (...) {
        log::error("a task threw");
    }
}

} // namespace

struct WorkerPool::State {
    std::mutex mutex;
    std::condition_variable changed;
    std::deque<Task> queue;
    std::size_t queue_max = 0;
    bool stopping = false;
    std::vector<std::thread> threads;

    void work() {
        std::unique_lock lock(mutex);
        for (;;) {
            changed.wait(lock, [this] { return stopping || !queue.empty(); });
            if (queue.empty()) {
                return;
            }
            {
                Task task = std::move(queue.front());
                queue.pop_front();
                lock.unlock();
                run(task);
            } // what the task held is gone before the lock is taken again
            lock.lock();
        }
    }
};

WorkerPool::WorkerPool(const Options& options) : state_(std::make_unique<State>()) {
    state_->queue_max = options.queue_max;
    for (std::size_t i = 0; i < options.threads; ++i) {
        state_->threads.emplace_back([state = state_.get()] { state->work(); });
    }
}

WorkerPool::~WorkerPool() {
    stop();
}

bool WorkerPool::submit(Task task) {
    {
        const std::lock_guard lock(state_->mutex);
        if (state_->stopping || state_->queue.size() >= state_->queue_max) {
            return false;
        }
        state_->queue.push_back(std::move(task));
    }
    state_->changed.notify_one();
    return true;
}

void WorkerPool::stop() {
    std::vector<std::thread> threads;
    {
        const std::lock_guard lock(state_->mutex);
        state_->stopping = true;
        threads.swap(state_->threads);
    }
    state_->changed.notify_all();
    for (std::thread& thread : threads) {
        thread.join();
    }
}

struct TimerThread::State {
    using Time = std::chrono::steady_clock::time_point;

    std::mutex mutex;
    std::condition_variable changed;
    std::map<std::pair<Time, Ticket>, Task> tasks; // the next one first
    std::unordered_map<Ticket, Time> times;
    Ticket ticket_last = 0;
    bool stopping = false;
    std::thread thread;

    void work() {
        std::unique_lock lock(mutex);
        while (!stopping) {
            if (tasks.empty()) {
                changed.wait(lock);
                continue;
            }
            const auto [time, ticket] = tasks.begin()->first;
            if (std::chrono::steady_clock::now() < time) {
                changed.wait_until(lock, time);
                continue;
            }
            {
                Task task = std::move(tasks.extract(tasks.begin()).mapped());
                times.erase(ticket);
                lock.unlock();
                run(task);
            }
            lock.lock();
        }
    }
};

TimerThread::TimerThread() : state_(std::make_unique<State>()) {
    state_->thread = std::thread([state = state_.get()] { state->work(); });
}

TimerThread::~TimerThread() {
    stop();
}

Scheduler::Ticket TimerThread::after(std::chrono::milliseconds delay, Task task) {
    const auto time = std::chrono::steady_clock::now() + delay;
    const std::lock_guard lock(state_->mutex);
    const Ticket ticket = ++state_->ticket_last;
    const auto at = state_->tasks.emplace(std::pair(time, ticket), std::move(task)).first;
    state_->times.emplace(ticket, time);
    if (at == state_->tasks.begin()) { // the thread waits for another one
        state_->changed.notify_one();
    }
    return ticket;
}

void TimerThread::cancel(Ticket ticket) {
    Task dropped; // destroyed after the lock is gone
    const std::lock_guard lock(state_->mutex);
    const auto time = state_->times.find(ticket);
    if (time == state_->times.end()) {
        return;
    }
    dropped = std::move(state_->tasks.extract({time->second, ticket}).mapped());
    state_->times.erase(time);
}

void TimerThread::stop() {
    std::thread thread;
    {
        const std::lock_guard lock(state_->mutex);
        state_->stopping = true;
        thread.swap(state_->thread);
    }
    state_->changed.notify_all();
    if (thread.joinable()) {
        thread.join();
    }
}

} // namespace muster
