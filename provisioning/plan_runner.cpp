#include "provisioning/plan_runner.h"

#include "base/log.h"
#include "provisioning/plan_outcome.h"

#include <algorithm>
#include <utility>

namespace muster::provisioning {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds first_delay{125};
constexpr milliseconds longest_delay{10'000};
constexpr milliseconds longest_background_delay{120'000};
constexpr milliseconds full_queue_delay{500};

milliseconds doubled(milliseconds delay, int times, milliseconds longest) {
    return std::min(delay * (1 << std::clamp(times, 0, 16)), longest);
}

/// The first, the second, the fourth...: a hub that is dead for long does not cost a write per try.
bool is_worth_storing(int tries) {
    return (tries & (tries - 1)) == 0;
}

} // namespace

milliseconds delay_after(int tries) {
    return tries <= plan_tries_max
               ? doubled(first_delay, tries - 1, longest_delay)
               : doubled(longest_delay, tries - plan_tries_max, longest_background_delay);
}

milliseconds delay_after(int tries, milliseconds asked, bool in_background) {
    const milliseconds longest = in_background ? longest_background_delay : longest_delay;
    return std::max(delay_after(tries), std::min(asked, longest));
}

PlanRunner::PlanRunner(const Ports& ports)
    : ports_(ports), execution_({.instance = ports.instance,
                                 .applicants = ports.applicants,
                                 .registrations = ports.registrations,
                                 .hubs = ports.hubs,
                                 .allocator = ports.allocator,
                                 .clock = ports.clock,
                                 .random = ports.random}),
      made_(ports.clock.wall()) {}

// ---- runs ----

template <class Change>
auto PlanRunner::with_run(const RegistrationId& id, Change change) {
    const std::scoped_lock lock(mutex_);
    return change(runs_[id.folded()]);
}

void PlanRunner::start(const RegistrationId& id, const TrackingId& tracking) {
    bool wakes = false;
    {
        const std::scoped_lock lock(mutex_);
        const auto [run, is_new] = runs_.try_emplace(id.folded());
        if (!tracking.empty()) {
            run->second.tracking = tracking;
        }
        if (!is_new) {
            run->second.again = true;
            // A device waits now for what nobody waited for.
            wakes = !tracking.empty() && run->second.in_background;
        }
        if (!is_new && !wakes) {
            return;
        }
    }
    if (!wakes || wake(id, std::nullopt)) {
        enqueue(id);
    }
}

void PlanRunner::retry(const RegistrationId& id) {
    if (wake(id, std::nullopt)) {
        enqueue(id);
        return;
    }
    start(id);
}

void PlanRunner::when_ended(PlanEnded listener) {
    when_ended_ = std::move(listener);
}

void PlanRunner::when_tried(std::function<void(const RegistrationId& id)> listener) {
    when_tried_ = std::move(listener);
}

void PlanRunner::tell_of_try(const RegistrationId& id) {
    if (when_tried_) {
        when_tried_(id);
    }
}

void PlanRunner::enqueue(const RegistrationId& id, On threads) {
    Executor& executor = threads == On::workers ? ports_.workers : ports_.callers;
    const bool accepted = executor.submit([weak = weak_from_this(), id, threads] {
        if (const auto self = weak.lock()) {
            self->advance(id, threads);
        }
    });
    if (!accepted) { // overload: the plan is stored and can wait
        wait(id, full_queue_delay);
    }
}

void PlanRunner::wait(const RegistrationId& id, milliseconds delay) {
    std::uint64_t number = 0;
    with_run(id, [&](Run& run) { run.wait = number = ++last_wait_; });
    ports_.timers.after(delay, [weak = weak_from_this(), id, number] {
        const auto self = weak.lock();
        if (self && self->wake(id, number)) {
            self->enqueue(id);
        }
    });
}

bool PlanRunner::wake(const RegistrationId& id, std::optional<std::uint64_t> wait) {
    const std::scoped_lock lock(mutex_);
    const auto run = runs_.find(id.folded());
    if (run == runs_.end() || run->second.wait == 0 || (wait && run->second.wait != *wait)) {
        return false;
    }
    run->second.wait = 0;
    return true;
}

void PlanRunner::advance(const RegistrationId& id, On threads) {
    const Gate::Pass pass(gate_);
    if (!pass) {
        return;
    }
    try {
        take_step(id, threads);
    } catch (...) { // out of memory: the plan is stored, the next request takes it up again
        const std::scoped_lock lock(mutex_);
        runs_.erase(id.folded());
        throw;
    }
}

void PlanRunner::take_step(const RegistrationId& id, On threads) {
    const Step step = attempt(id, threads);
    switch (step) {
    case Step::repeat: enqueue(id); break;
    case Step::call_out: enqueue(id, On::callers); return;
    case Step::wait: wait(id, next_delay(id)); break;
    case Step::ended:
        if (!end(id)) {
            enqueue(id);
        }
        break;
    }
    tell_of_try(id);
}

PlanRunner::Step PlanRunner::attempt(const RegistrationId& id, On threads) {
    const auto found = ports_.registrations.find(ports_.instance.scope(), id);
    if (!found) {
        log::warning("registration record unreadable",
                     {{"registration_id", id.text()}, {"cause", found.error().cause}});
        // The plan stays stored: the next request, or the next sweep, takes it up again.
        return count_failure(id) < plan_tries_max ? Step::wait : Step::ended;
    }
    if (!*found || !(*found)->unfinished()) {
        return Step::ended;
    }
    const RegistrationRecord& record = **found;
    if (threads == On::workers && execution_.calls_out(record)) {
        return Step::call_out;
    }
    with_run(id, [&](Run& run) {
        if (run.operation != record.operation) {
            run.operation = record.operation;
            run.tries = 0;
            run.waited = {};
        }
        run.in_background = !record.plan || !may_be_given_up(*record.plan);
    });
    if (const Chore* first = chore_before_plan(record)) {
        return do_first(record, *first);
    }
    return record.plan ? carry_out(record) : do_chores(record);
}

int PlanRunner::tries_of(const RegistrationId& id) {
    return with_run(id, [](const Run& run) { return run.tries; });
}

int PlanRunner::count_failure(const RegistrationId& id) {
    return with_run(id, [](Run& run) { return ++run.tries; });
}

void PlanRunner::note_wish(const RegistrationId& id, const Error& error) {
    if (error.retry_after) {
        with_run(id, [&](Run& run) {
            run.asked = std::max<milliseconds>(run.asked, *error.retry_after);
        });
    }
}

milliseconds PlanRunner::next_delay(const RegistrationId& id) {
    return with_run(id, [](Run& run) {
        const milliseconds asked = std::exchange(run.asked, milliseconds(0));
        const milliseconds delay = delay_after(run.tries, asked, run.in_background);
        run.waited += delay;
        return delay;
    });
}

bool PlanRunner::is_out_of_patience(const RegistrationId& id) {
    return with_run(id, [](const Run& run) {
        return run.tries >= plan_tries_max || run.waited >= plan_waits_max;
    });
}

bool PlanRunner::end(const RegistrationId& id) {
    const std::scoped_lock lock(mutex_);
    const auto run = runs_.find(id.folded());
    if (run != runs_.end() && run->second.again) {
        run->second.again = false;
        return false;
    }
    runs_.erase(id.folded());
    return true;
}

// ---- plans ----

Result<std::optional<Decline>> PlanRunner::objection_to(const RegistrationRecord& planned) {
    const Plan& plan = *planned.plan;
    if (plan.origin == PlanOrigin::operation || !may_be_given_up(plan)) {
        return std::nullopt;
    }
    return ports_.applicants.objection_to(planned, ports_.instance.get());
}

PlanRunner::Step PlanRunner::carry_out(const RegistrationRecord& planned) {
    const auto objection = objection_to(planned);
    if (!objection) {
        return count_failure(planned.id) < plan_tries_max ? Step::wait : Step::ended;
    }
    if (*objection) {
        // An earlier try, perhaps of an earlier process, may have reached the hub.
        const Ending ending{.status = (*objection)->status,
                            .failure = (*objection)->failure,
                            .knows = HubKnows::perhaps};
        return store(planned, {.next = record_ending(planned, ending, mark()),
                               .findings = (*objection)->findings,
                               .not_carried = {}});
    }
    const auto advance = execution_.take_step(planned);
    return advance ? store(planned, *advance) : fail_or_wait(planned, advance.error());
}

PlanRunner::Step PlanRunner::fail_or_wait(const RegistrationRecord& planned, const Error& error) {
    const int tries = count_failure(planned.id);
    note_wish(planned.id, error);
    const bool gives_up =
        may_be_given_up(*planned.plan) && (!may_pass(error.code) || is_out_of_patience(planned.id));
    if (!gives_up) {
        if (is_worth_storing(tries)) {
            log_vain_step(planned, error, tries);
        }
        return Step::wait;
    }
    log_failure(planned, error);
    return store(planned, {.next = record_ending(planned, ending_of(planned, error, tries), mark()),
                           .findings = {finding_of(planned, error)},
                           .not_carried = {}});
}

Ending PlanRunner::ending_of(const RegistrationRecord& planned, const Error& error, int tries) {
    // A plan from before this process was may have been tried by another one.
    const bool first_try = tries == 1 && planned.stamp.updated > made_;
    const bool unsure = !first_try || may_pass(error.code) || error.code == Code::internal;
    return {.status = RegistrationStatus::failed,
            .failure = failure_of(error),
            .knows = unsure ? HubKnows::perhaps : HubKnows::nothing};
}

PlanRunner::Step PlanRunner::store(const RegistrationRecord& planned, const Advance& advance) {
    const RegistrationRecord& next = advance.next;
    StepOutcome outcome{.before = planned, .after = next, .findings = advance.findings};
    with_run(planned.id, [&](const Run& run) {
        outcome.tracking = run.tracking;
        outcome.findings.insert(outcome.findings.begin(), run.findings.begin(), run.findings.end());
        outcome.not_carried = run.not_carried;
        if (!advance.not_carried.empty()) {
            outcome.not_carried = advance.not_carried;
        }
    });
    const std::optional<DeviceEvent> event = event_of(outcome);
    const std::optional<Change> change = change_of(outcome);
    Write write(Expected{planned.stamp.version});
    write.event = event ? &*event : nullptr;
    write.change = change ? &*change : nullptr;
    const auto saved = ports_.registrations.save(ports_.instance.scope(), next, write);
    if (!saved) {
        return after_save(saved, planned);
    }
    with_run(planned.id, [&](Run& run) {
        run.findings = next.plan ? outcome.findings : std::vector<Finding>();
        run.not_carried = next.plan ? outcome.not_carried : NotCarried();
        run.tries = next.plan ? run.tries : 0;
        run.waited = next.plan ? run.waited : milliseconds(0);
    });
    tell_of(planned, next);
    return next.unfinished() ? Step::repeat : Step::ended;
}

void PlanRunner::tell_of(const RegistrationRecord& planned, const RegistrationRecord& next) {
    if (hub_counted(planned) != hub_counted(next)) {
        ports_.allocator.moved(hub_counted(planned), hub_counted(next));
    }
    if (!next.plan && when_ended_) {
        when_ended_(planned, next);
    }
}

void PlanRunner::ended_by_others(const RegistrationRecord& planned,
                                 const RegistrationRecord& ended) {
    tell_of(planned, ended);
    retry(ended.id);
}

PlanRunner::Step PlanRunner::after_save(const Result<void>& saved,
                                        const RegistrationRecord& planned) {
    if (saved.error().code == Code::conflict) {
        // Somebody changed the record meanwhile (another credential, a deletion): read it again.
        return Step::repeat;
    }
    return count_failure(planned.id) < plan_tries_max ? Step::wait : Step::ended;
}

// ---- chores ----

PlanRunner::Step PlanRunner::do_chores(RegistrationRecord record) {
    const int tries = tries_of(record.id) + 1;
    const std::vector<Chore> chores = record.chores;
    for (const Chore& chore : chores) {
        if (waits_for_block(record, chore)) {
            continue;
        }
        const std::optional<RegistrationRecord> next = after_try(record, chore, tries);
        if (!next) {
            continue;
        }
        if (const auto saved = store_chores(record, *next); !saved) {
            return after_save(saved, record);
        }
        record = *next;
        tell_of_try(record.id); // the next one may wait for a hub for long
    }
    if (record.chores.empty()) {
        return Step::ended;
    }
    count_failure(record.id);
    return Step::wait;
}

PlanRunner::Step PlanRunner::do_first(const RegistrationRecord& record, const Chore& chore) {
    const auto done = execution_.do_chore(record, chore);
    if (!done) {
        return fail_or_wait(record, done.error());
    }
    const RegistrationRecord next = after_chore(record, chore, mark());
    const auto saved = store_chores(record, next);
    return saved ? Step::repeat : after_save(saved, record);
}

std::optional<RegistrationRecord> PlanRunner::after_try(const RegistrationRecord& record,
                                                        const Chore& chore, int tries) {
    const auto done = execution_.do_chore(record, chore);
    if (done) {
        return after_chore(record, chore, mark());
    }
    note_wish(record.id, done.error());
    if (!is_worth_storing(tries)) {
        return std::nullopt;
    }
    log_vain_chore(record, chore, done.error());
    Chore tried = chore;
    tried.tries += std::max(tries / 2 - 1, 0); // those that were not stored
    return after_vain_chore(record, tried, done.error().detail, mark());
}

Result<void> PlanRunner::store_chores(const RegistrationRecord& before,
                                      const RegistrationRecord& next) {
    const Write write(Expected{before.stamp.version});
    return is_forgotten(next) ? ports_.registrations.erase(ports_.instance.scope(), next.id, write)
                              : ports_.registrations.save(ports_.instance.scope(), next, write);
}

// ---- what others left ----

Result<std::size_t> PlanRunner::sweep() {
    std::string after;
    {
        const std::scoped_lock lock(mutex_);
        after = swept_;
    }
    const auto found =
        ports_.registrations.unfinished(ports_.instance.scope(), after, sweep_portion);
    if (!found) {
        return std::unexpected(found.error());
    }
    for (const RegistrationRecord& record : *found) {
        start(record.id);
    }
    const bool more = found->size() == sweep_portion;
    {
        const std::scoped_lock lock(mutex_);
        swept_ = more ? found->back().id.folded() : std::string();
    }
    sweep_after(more ? milliseconds(sweep_portion_interval) : milliseconds(sweep_interval));
    return found->size();
}

void PlanRunner::sweep_after(milliseconds delay) {
    ports_.timers.after(delay, [weak = weak_from_this()] {
        const auto self = weak.lock();
        const bool accepted = self && self->ports_.workers.submit([weak] {
            if (const auto runner = weak.lock()) {
                runner->sweep_again();
            }
        });
        if (self && !accepted) {
            self->sweep_after(sweep_portion_interval);
        }
    });
}

void PlanRunner::sweep_again() {
    const Gate::Pass pass(gate_);
    if (pass && !sweep()) {
        sweep_after(sweep_portion_interval);
    }
}

} // namespace muster::provisioning
