#include "tests/simulation/engine.h"

#include "base/check.h"

#include <algorithm>
#include <exception>

namespace muster::simulation {

/// A task on its thread, or the owner of the engine.
struct Fiber {
    Engine* engine = nullptr;
    std::shared_ptr<Process> process; // null: the owner
    Task task;
    Thread* thread = nullptr;
    std::binary_semaphore owner_go{0}; // in place of a thread
    std::optional<std::pair<SteadyTime, std::uint64_t>> alarm;
    bool is_ready = false;
    bool has_baton = false;
    SteadyTime began{};

    std::binary_semaphore& go() { return thread != nullptr ? thread->go : owner_go; }
};

namespace {

/// On tasks' threads only: an owner may block in a mutex like anybody else.
thread_local Fiber* this_fiber = nullptr;

/// While events run on a task's thread, what they call is not the task's doing.
thread_local bool in_event = false;

/// How often a task goes on although others could.
constexpr std::size_t percent_going_on = 60;

} // namespace

// ---- processes and signals ----

void Process::crash(Task gone) {
    dead_ = true;
    stalled_until_ = {};
    gone_ = std::move(gone);
    for (Fiber* fiber : fibers_) {
        const bool waits_for_mutex =
            std::ranges::find(engine_.mutex_waiters_, fiber, [](const auto& waiter) {
                return waiter.second;
            }) != engine_.mutex_waiters_.end();
        if (!fiber->has_baton && !waits_for_mutex) {
            engine_.make_ready(*fiber);
        }
    }
    if (fibers_.empty()) {
        engine_.at(Duration(0), std::exchange(gone_, {}));
    }
}

void Engine::fire(const Signal& signal) {
    signal.state_->fired = true;
    if (Fiber* waiting = std::exchange(signal.state_->waiting, nullptr)) {
        make_ready(*waiting);
    }
}

// ---- the owner ----

Engine::Engine(Dice& dice, Threads& threads)
    : dice_(dice), threads_(threads), owner_(std::make_unique<Fiber>()) {
    owner_->engine = this;
}

Engine::~Engine() {
    CHECK(living_ == 0);
}

bool Engine::run_until(SteadyTime end) {
    wake_at(*owner_, end);
    hand_on(*owner_);
    return !stopped_;
}

// ---- tasks ----

void Engine::spawn(const std::shared_ptr<Process>& process, Task task) {
    if (process->is_dead()) {
        return;
    }
    auto* fiber = new Fiber; // NOLINT: ends in end()
    fiber->engine = this;
    fiber->process = process;
    fiber->task = std::move(task);
    fiber->thread = &threads_.take([this, fiber] { run_task(*fiber); });
    process->fibers_.push_back(fiber);
    ++living_;
    make_ready(*fiber);
}

void Engine::run_task(Fiber& fiber) {
    this_fiber = &fiber;
    fiber.began = now_;
    if (!fiber.process->is_dead()) {
        try {
            fiber.task();
        } catch (const Crashed&) { // NOLINT: it has done its work
        }
    }
    fiber.task = nullptr;
    this_fiber = nullptr;
    end(fiber);
}

void Engine::end(Fiber& fiber) {
    const std::unique_ptr<Fiber> ended(&fiber);
    Process& process = *fiber.process;
    std::erase(process.fibers_, &fiber);
    --living_;
    if (process.is_dead() && process.fibers_.empty() && process.gone_) {
        at(Duration(0), std::exchange(process.gone_, {}));
    }
    threads_.give_back(*fiber.thread);
    Fiber* next = choose(nullptr);
    next->has_baton = true;
    next->go().release();
}

Engine* Engine::of_this_thread() {
    return this_fiber != nullptr && !in_event ? this_fiber->engine : nullptr;
}

bool Engine::is_unwinding() {
    return std::uncaught_exceptions() > 0 && of_this_thread() != nullptr &&
           this_fiber->process->is_dead();
}

SteadyTime Engine::task_began() const {
    return of_this_thread() != nullptr ? this_fiber->began : now_;
}

void Engine::throw_if_dead() {
    if (this_fiber->process->is_dead() && std::uncaught_exceptions() == 0) {
        throw Crashed();
    }
}

void Engine::step() {
    CHECK(of_this_thread() == this);
    make_ready(*this_fiber);
    hand_on(*this_fiber);
    throw_if_dead();
}

void Engine::sleep(Duration time) {
    CHECK(of_this_thread() == this);
    throw_if_dead();
    if (!this_fiber->process->is_dead()) {
        wake_at(*this_fiber, now_ + time);
        hand_on(*this_fiber);
        throw_if_dead();
    }
}

bool Engine::wait(const Signal& signal, Duration time_max) {
    CHECK(of_this_thread() == this);
    throw_if_dead();
    if (!signal.fired() && !this_fiber->process->is_dead()) {
        signal.state_->waiting = this_fiber;
        wake_at(*this_fiber, now_ + time_max);
        hand_on(*this_fiber);
        signal.state_->waiting = nullptr;
        throw_if_dead();
    }
    return signal.fired();
}

void Engine::wait_for_mutex(const void* mutex) {
    mutex_waiters_.emplace_back(mutex, this_fiber);
    hand_on(*this_fiber);
}

void Engine::mutex_is_free(const void* mutex) {
    const auto waiter =
        std::ranges::find(mutex_waiters_, mutex, [](const auto& waiting) { return waiting.first; });
    if (waiter != mutex_waiters_.end()) {
        Fiber* fiber = waiter->second;
        mutex_waiters_.erase(waiter);
        make_ready(*fiber);
    }
}

void Engine::wait_for_condition(const void* condition) {
    if (!this_fiber->process->is_dead()) {
        condition_waiters_.emplace_back(condition, this_fiber);
        hand_on(*this_fiber);
        std::erase(condition_waiters_, std::pair(condition, this_fiber));
    }
}

void Engine::notify(const void* condition) {
    for (const auto& [waited_for, fiber] : condition_waiters_) {
        if (waited_for == condition) {
            make_ready(*fiber);
        }
    }
}

// ---- who goes on ----

void Engine::make_ready(Fiber& fiber) {
    if (fiber.alarm) {
        entries_.erase(*std::exchange(fiber.alarm, {}));
    }
    if (!fiber.is_ready) {
        fiber.is_ready = true;
        ready_.push_back(&fiber);
    }
}

void Engine::wake_at(Fiber& fiber, SteadyTime when) {
    fiber.alarm = Moment(std::max(when, now_), ++last_number_);
    entries_.emplace(*fiber.alarm, Entry{.fiber = &fiber, .event = {}});
}

Engine::Ticket Engine::at(Duration delay, Task event) {
    const Ticket ticket = ++last_number_;
    entries_.emplace(std::pair(now_ + delay, ticket),
                     Entry{.fiber = nullptr, .event = std::move(event)});
    tickets_.emplace(ticket, now_ + delay);
    return ticket;
}

void Engine::cancel(Ticket ticket) {
    const auto found = tickets_.find(ticket);
    if (found != tickets_.end()) {
        entries_.erase({found->second, ticket});
        tickets_.erase(found);
    }
}

void Engine::hand_on(Fiber& self) {
    self.has_baton = false;
    Fiber* next = choose(&self);
    next->has_baton = true;
    if (next != &self) {
        next->go().release();
        self.go().acquire();
    }
}

Fiber* Engine::choose(Fiber* last) {
    const bool was_in_event = std::exchange(in_event, true);
    Fiber* next = nullptr;
    stopped_ = ++steps_ > steps_max || stopped_;
    while (next == nullptr) {
        if (stopped_) {
            next = choose_dying();
        } else if (ready_.empty()) {
            take_next_entry();
        } else {
            next = choose_ready(last);
        }
    }
    next->is_ready = false;
    in_event = was_in_event;
    return next;
}

/// Whoever is being unwound, then the owner.
Fiber* Engine::choose_dying() {
    const auto dying = std::ranges::find_if(
        ready_, [](const Fiber* fiber) { return fiber->process && fiber->process->is_dead(); });
    Fiber* next = dying != ready_.end() ? *dying : owner_.get();
    make_ready(*next);
    std::erase(ready_, next);
    return next;
}

Fiber* Engine::choose_ready(Fiber* last) {
    auto at = std::ranges::find(ready_, last);
    if (at == ready_.end() || !dice_.percent(percent_going_on)) {
        at = ready_.begin() + static_cast<std::ptrdiff_t>(dice_.below(ready_.size()));
    }
    Fiber* fiber = *at;
    ready_.erase(at);
    if (fiber->process && fiber->process->stalled_until_ > now_) {
        fiber->is_ready = false;
        wake_at(*fiber, fiber->process->stalled_until_);
        return nullptr;
    }
    return fiber;
}

void Engine::take_next_entry() {
    CHECK(!entries_.empty());
    auto node = entries_.extract(entries_.begin());
    now_ = node.key().first;
    Entry& entry = node.mapped();
    if (entry.fiber == nullptr) {
        tickets_.erase(node.key().second);
        entry.event();
    } else {
        entry.fiber->alarm.reset();
        make_ready(*entry.fiber);
    }
}

} // namespace muster::simulation
