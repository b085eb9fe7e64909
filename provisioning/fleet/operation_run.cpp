#include "provisioning/fleet/operation_run.h"

#include "base/log.h"

#include <utility>

namespace muster::provisioning {

namespace {

using std::chrono::milliseconds;
using namespace std::chrono_literals;

constexpr milliseconds save_interval{2000};
constexpr milliseconds trouble_delay{1000};
constexpr milliseconds idle_delay{1000};
constexpr milliseconds last_plans_delay{100};
constexpr milliseconds full_queue_delay{500};

bool has_ended(OperationState state) {
    return state == OperationState::stopped || state == OperationState::done;
}

bool is_working(OperationState state) {
    return state == OperationState::running || state == OperationState::stopping;
}

void report(const FleetOperation& operation, const Error& error) {
    log::warning("operation on a fleet is delayed",
                 {{"operation", operation.id}, {"detail", error.detail}, {"cause", error.cause}});
}

} // namespace

Change operation_change(std::string_view verb, const Principal& by, const FleetOperation* before,
                        const FleetOperation& after, WallTime at) {
    return {.at = at,
            .by = by,
            .action = "operation." + std::string(verb),
            .resource = "operation/" + after.id,
            .before = before == nullptr ? std::nullopt : std::optional(to_document(*before)),
            .after = to_document(after)};
}

OperationRun::OperationRun(const Fleets::Ports& ports, const FleetOperation& operation)
    : ports_(ports), scope_(ports.instance.scope()), origin_(operation),
      devices_(ports.registrations, ports.instance.scope(), operation),
      saved_(ports.clock.steady()), operation_(operation), ledger_(operation) {
    pacer_.restart(saved_);
}

void OperationRun::start() {
    schedule(0ms);
}

void OperationRun::schedule(milliseconds delay) {
    {
        const std::scoped_lock lock(mutex_);
        if (std::exchange(is_scheduled_, true)) {
            return;
        }
    }
    enqueue_after(delay);
}

void OperationRun::enqueue_after(milliseconds delay) {
    ports_.timers.after(delay, [weak = weak_from_this()] {
        const auto self = weak.lock();
        if (self && !self->ports_.workers.submit([weak] {
                if (const auto run = weak.lock()) {
                    run->work();
                }
            })) {
            self->enqueue_after(full_queue_delay);
        }
    });
}

void OperationRun::work() {
    const Gate::Pass pass(gate_);
    if (!pass) {
        return;
    }
    Delay next;
    {
        const std::scoped_lock working(work_);
        next = step();
        const std::scoped_lock lock(mutex_);
        is_scheduled_ = false;
    }
    if (next) {
        schedule(*next);
    }
}

OperationRun::Delay OperationRun::step() {
    if (is_over_) {
        return std::nullopt;
    }
    const auto in_order = [&]() -> Result<void> {
        if (auto done = prepare(); !done) {
            return done;
        }
        if (auto done = look_at_quiet(); !done) {
            return done;
        }
        return advance_state();
    }();
    if (is_over_) { // somebody else works on it
        return std::nullopt;
    }
    if (!in_order) {
        report(operation_, in_order.error());
        return trouble_delay;
    }
    return delay_now();
}

/// What an earlier process began is under way, and counts as looked at.
Result<void> OperationRun::prepare() {
    std::string after;
    while (!is_prepared_) {
        const auto page = ports_.registrations.unfinished(scope_, after, 1000);
        if (!page) {
            return std::unexpected(page.error());
        }
        const std::scoped_lock lock(mutex_);
        for (const RegistrationRecord& record : *page) {
            if (record.plan && record.plan->operation == origin_.id) {
                const Place from = record.assignment ? record.assignment->place() : Place();
                ledger_.adopt(record.id, from, ports_.clock.steady());
            }
        }
        is_prepared_ = page->size() < 1000;
        after = page->empty() ? after : page->back().id.folded();
    }
    return {};
}

OperationRun::Delay OperationRun::delay_now() {
    const std::scoped_lock lock(mutex_);
    switch (operation_.state) {
    case OperationState::running:
        return is_exhausted_ ? last_plans_delay
                             : pacer_.delay(operation_.limits, ports_.clock.steady());
    case OperationState::stopping: return last_plans_delay;
    case OperationState::paused:
    case OperationState::held:
        if (!ledger_.is_settled() || needs_save()) {
            return idle_delay;
        }
        break;
    case OperationState::stopped:
    case OperationState::done: break;
    }
    is_over_ = true;
    return std::nullopt;
}

// ---- state ----

Result<void> OperationRun::advance_state() {
    switch (operation_.state) {
    case OperationState::running:
        if (has_failed_too_often()) {
            return enter(OperationState::held, "hold");
        }
        if (auto done = advance(); !done) {
            return done;
        }
        if (is_exhausted_ && is_settled()) {
            return enter(OperationState::done, "complete");
        }
        break;
    case OperationState::stopping:
        if (auto done = give_up_plans(); !done) {
            return done;
        }
        if (is_settled()) {
            return enter(OperationState::stopped, "end");
        }
        break;
    case OperationState::paused:
    case OperationState::held:
    case OperationState::stopped:
    case OperationState::done: break;
    }
    return save_if_needed();
}

Result<void> OperationRun::save_if_needed() {
    {
        const std::scoped_lock lock(mutex_);
        if (!needs_save()) {
            return {};
        }
    }
    return save(snapshot(), nullptr);
}

/// By itself.
Result<void> OperationRun::enter(OperationState state, std::string_view verb) {
    const WallTime now = ports_.clock.wall();
    const FleetOperation before = snapshot();
    FleetOperation next = before;
    next.state = state;
    if (has_ended(state)) {
        next.ended = now;
    }
    const Change change = operation_change(verb, {"server"}, &before, next, now);
    auto saved = save(next, &change);
    if (saved) {
        log::info("operation on a fleet " + std::string(to_string(state)),
                  {{"operation", next.id},
                   {"moved", std::to_string(next.progress.moved)},
                   {"failed", std::to_string(next.progress.failed)}});
    }
    return saved;
}

Result<FleetOperation> OperationRun::change(const OperationWish& wish, const Principal& by) {
    const Gate::Pass pass(gate_);
    const std::scoped_lock working(work_);
    if (!pass || is_over_) {
        return fail(Code::conflict, "it is not worked on here any more");
    }
    const FleetOperation before = snapshot();
    FleetOperation next = before;
    if (auto applied = wish.apply(next); !applied) {
        return std::unexpected(std::move(applied).error());
    }
    const Change entry = operation_change(wish.verb, by, &before, next, ports_.clock.wall());
    if (auto saved = save(next, &entry); !saved) {
        return std::unexpected(std::move(saved).error());
    }
    {
        const std::scoped_lock lock(mutex_);
        if (before.state != OperationState::running && next.state == OperationState::running) {
            ledger_.forget_failures();
        }
        pacer_.restart(ports_.clock.steady());
    }
    schedule(0ms);
    return snapshot();
}

Result<void> OperationRun::save(FleetOperation next, const Change* change) {
    const std::int64_t expected = operation_.version;
    next.version = expected + 1;
    auto saved = ports_.operations.save(scope_, next, expected, change);
    if (!saved) {
        // Gone or changed: another process works on it, or an operator spoke to one.
        is_over_ = saved.error().code == Code::conflict;
        return saved;
    }
    saved_ = ports_.clock.steady();
    const std::scoped_lock lock(mutex_);
    operation_ = std::move(next);
    return {};
}

/// One that works shows that it is alive; one that waits has something to say only as its last
/// plans end.
bool OperationRun::needs_save() const {
    const bool is_due = ports_.clock.steady() - saved_ >= save_interval;
    const OperationProgress& stored = operation_.progress;
    const OperationProgress& now = ledger_.progress();
    return is_working(operation_.state)
               ? is_due
               : !has_ended(operation_.state) &&
                     (stored.moved != now.moved || stored.failed != now.failed ||
                      stored.stayed != now.stayed);
}

bool OperationRun::has_failed_too_often() {
    const std::scoped_lock lock(mutex_);
    return ledger_.progress().failed_since_resumed >= operation_.limits.failures_max;
}

bool OperationRun::is_settled() {
    const std::scoped_lock lock(mutex_);
    return ledger_.is_settled();
}

bool OperationRun::is_stopping() {
    const std::scoped_lock lock(mutex_);
    return operation_.state == OperationState::stopping || has_ended(operation_.state);
}

FleetOperation OperationRun::snapshot() {
    const std::scoped_lock lock(mutex_);
    FleetOperation operation = operation_;
    ledger_.write_to(operation);
    return operation;
}

Fleets::View OperationRun::view() {
    FleetOperation operation = snapshot();
    const std::scoped_lock lock(mutex_);
    const auto under_way = ledger_.under_way();
    const auto end = estimated_end(operation, pacer_.stretch(under_way), ports_.clock.steady(),
                                   ports_.clock.wall());
    return {.operation = std::move(operation), .estimated_end = end, .under_way = under_way};
}

} // namespace muster::provisioning
