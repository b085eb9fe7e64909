// What an operation's run does with each device.

#include "base/log.h"
#include "provisioning/fleet/operation_run.h"
#include "provisioning/moving/steps.h"
#include "provisioning/plan_outcome.h"
#include "provisioning/retries.h"

#include <algorithm>
#include <utility>

namespace muster::provisioning {

namespace {

using namespace std::chrono_literals;

/// Looking costs a read of the enrollment: so many in one step, and then somebody else may work.
constexpr int looks_per_step = 256;
constexpr std::size_t checks_per_step = 256;
constexpr std::size_t give_ups_per_step = 1024;

/// A plan of which nothing was heard: another process may have finished it.
constexpr std::chrono::seconds quiet_after{10};
/// How often to look whether another's plan has ended, and when to stop waiting for that.
constexpr std::chrono::seconds waiting_interval{1};
constexpr std::chrono::minutes waiting_max{5};

/// How often a device is tried whose error does not pass by itself.
constexpr int hopeless_tries_max = 5;

constexpr std::string_view given_up = "The operation was stopped.";

bool is_elsewhere(const RegistrationRecord& record, const Place& from) {
    return record.assignment && !(record.assignment->place() == from);
}

/// The reasons are in the journal.
std::string vain(const RegistrationRecord& ended) {
    return "could not be moved, see `muster timeline " + ended.id.text() + "`";
}

} // namespace

/// Begins as many plans as the pace allows.
Result<void> OperationRun::advance() {
    if (auto done = look_at_waiting(); !done) {
        return done;
    }
    for (int looks = 0; looks < looks_per_step && !is_exhausted_ && room() > 0; ++looks) {
        if (auto done = look_at_next(); !done) {
            return done;
        }
    }
    return {};
}

std::int64_t OperationRun::room() {
    const std::scoped_lock lock(mutex_);
    return pacer_.room(operation_.limits, ledger_.under_way(), ports_.clock.steady());
}

Result<void> OperationRun::look_at_next() {
    const auto record = devices_.next();
    if (!record) {
        return std::unexpected(record.error());
    }
    if (!*record) {
        is_exhausted_ = true;
        return {};
    }
    auto verdict = consider(**record);
    if (!verdict) {
        if (!is_hopeless((**record).id, verdict.error())) { // it stays the next one
            return std::unexpected(verdict.error());
        }
        verdict = Refuse{verdict.error().detail};
    }
    troubles_.erase((**record).id);
    devices_.pop();
    {
        const std::scoped_lock lock(mutex_);
        ledger_.look_at((**record).id);
    }
    follow(**record, *verdict);
    return {};
}

Result<RelocationVerdict> OperationRun::consider(const RegistrationRecord& record) {
    const auto instance = ports_.instance.get();
    const auto standing = ports_.applicants.standing_of(record, instance);
    if (!standing) {
        return std::unexpected(standing.error());
    }
    const AllocationInputs inputs = ports_.allocator.inputs_for(Question());
    return decide_relocation({.operation = origin_,
                              .record = record,
                              .standing = *standing,
                              .instance = *instance,
                              .inputs = inputs,
                              .token = new_move_token(ports_.random)});
}

void OperationRun::follow(const RegistrationRecord& record, const RelocationVerdict& verdict) {
    if (const auto* relocate = std::get_if<Relocate>(&verdict)) {
        begin_plan({.record = record, .plan = relocate->plan});
        return;
    }
    const std::scoped_lock lock(mutex_);
    if (const auto* leave = std::get_if<Leave>(&verdict)) {
        ledger_.stayed(record.id, leave->reason);
    } else if (const auto* refuse = std::get_if<Refuse>(&verdict)) {
        ledger_.failed(record.id, refuse->message);
    } else {
        ledger_.wait(record.id, ports_.clock.steady());
    }
}

/// Those that are looked at next must see where this one goes: all of them would go to the hub that
/// was the emptiest when somebody last counted, and beyond its limit.
void OperationRun::count(const Intention& intention, Counts where) {
    const auto here = hub_counted(intention.record);
    const HubName& hub = intention.plan.hub;
    const auto there = hub.empty() ? here : std::optional(hub);
    const bool goes = where == Counts::there;
    ports_.allocator.moved(goes ? here : there, goes ? there : here);
}

/// Plans are stored side by side: a store commits many writes at once as fast as one.
void OperationRun::begin_plan(Intention intention) {
    count(intention, Counts::there);
    {
        const std::scoped_lock lock(mutex_);
        ledger_.begin(intention.record.id, intention.record.assignment->place(),
                      ports_.clock.steady());
        pacer_.begun();
    }
    const bool accepted = ports_.workers.submit([weak = weak_from_this(), intention] {
        if (const auto self = weak.lock()) {
            self->store_plan(intention);
        }
    });
    if (!accepted) {
        store_plan(std::move(intention));
    }
}

void OperationRun::store_plan(Intention intention) {
    const Gate::Pass pass(gate_);
    if (!pass) {
        return;
    }
    const auto stored = retry_on_conflict<void>([&] { return try_to_store(intention); });
    if (stored) {
        return;
    }
    count(intention, Counts::here);
    // A store that is down for a while is no reason to leave the device behind.
    if (may_pass(stored.error().code)) {
        follow(intention.record, Wait{});
    } else {
        follow(intention.record, Refuse{stored.error().detail});
    }
}

Result<void> OperationRun::try_to_store(Intention& intention) {
    const RegistrationRecord& record = intention.record;
    if (is_stopping()) {
        count(intention, Counts::here);
        follow(record, Leave{});
        return {};
    }
    const Attempt attempt{.operation = new_operation(ports_.random),
                          .mark = new_mark(ports_.clock, ports_.random)};
    auto saved = ports_.registrations.save(
        scope_, record_relocation(record, intention.plan, attempt), Expected{record.stamp.version});
    if (!saved) {
        return saved.error().code == Code::conflict ? reconsider(intention) : saved;
    }
    {
        const std::scoped_lock lock(mutex_);
        ledger_.stored(record.id);
    }
    ports_.runner.start(record.id);
    return {};
}

/// The record has changed meanwhile. Error: conflict, if the device is to move all the same.
Result<void> OperationRun::reconsider(Intention& intention) {
    auto found = ports_.registrations.find(scope_, intention.record.id);
    if (!found) {
        return std::unexpected(std::move(found).error());
    }
    if (!*found) {
        count(intention, Counts::here);
        follow(intention.record, Leave{});
        return {};
    }
    RegistrationRecord record = **std::move(found);
    auto verdict = consider(record);
    if (!verdict) {
        return std::unexpected(std::move(verdict).error());
    }
    count(intention, Counts::here);
    if (auto* relocate = std::get_if<Relocate>(&*verdict)) {
        intention = {.record = std::move(record), .plan = std::move(relocate->plan)};
        count(intention, Counts::there);
        return fail(Code::conflict, "the device changes again and again");
    }
    follow(record, *verdict);
    return {};
}

/// Those that had another plan under way, or could not be stored.
Result<void> OperationRun::look_at_waiting() {
    const auto now = ports_.clock.steady();
    const auto count_max = std::min(checks_per_step, static_cast<std::size_t>(room()));
    std::vector<RegistrationId> due;
    {
        const std::scoped_lock lock(mutex_);
        due = ledger_.waiting_ones(now - waiting_interval, now, count_max);
    }
    for (const RegistrationId& id : due) {
        if (auto done = tolerate(id, look_again(id)); !done) {
            return done;
        }
    }
    return {};
}

Result<void> OperationRun::look_again(const RegistrationId& id) {
    const auto record = ports_.registrations.find(scope_, id);
    if (!record) {
        return std::unexpected(record.error());
    }
    if (*record && !(**record).plan) {
        const auto verdict = consider(**record);
        if (!verdict) {
            return std::unexpected(verdict.error());
        }
        follow(**record, *verdict);
        return {};
    }
    const std::scoped_lock lock(mutex_);
    const auto now = ports_.clock.steady();
    if (!*record) {
        ledger_.stayed(id, "");
    } else if (now - ledger_.waiting_since(id).value_or(now) > waiting_max) {
        ledger_.failed(id, "could not be begun, see `muster timeline " + id.text() + "`");
    }
    return {};
}

void OperationRun::plan_ended(const RegistrationRecord& planned, const RegistrationRecord& ended) {
    if (planned.plan && planned.plan->operation == origin_.id) {
        resolve(planned.id, ended);
    }
}

/// Plans that ended where nobody told us.
Result<void> OperationRun::look_at_quiet() {
    const auto now = ports_.clock.steady();
    std::vector<RegistrationId> quiet;
    {
        const std::scoped_lock lock(mutex_);
        quiet = ledger_.quiet_plans(now - quiet_after, now, checks_per_step);
    }
    for (const RegistrationId& id : quiet) {
        if (auto done = tolerate(id, look_at_quiet(id)); !done) {
            return done;
        }
    }
    return {};
}

Result<void> OperationRun::look_at_quiet(const RegistrationId& id) {
    const auto record = ports_.registrations.find(scope_, id);
    if (!record) {
        return std::unexpected(record.error());
    }
    resolve(id, *record);
    return {};
}

void OperationRun::resolve(const RegistrationId& id,
                           const std::optional<RegistrationRecord>& record) {
    const std::scoped_lock lock(mutex_);
    const auto* under_way = ledger_.find_under_way(id);
    if (under_way == nullptr || (record && record->plan && record->plan->operation == origin_.id)) {
        return;
    }
    if (!record || record->erased) {
        ledger_.stayed(id, "");
    } else if (is_elsewhere(*record, under_way->from)) {
        ledger_.moved(id);
    } else if (record->plan) {
        ledger_.wait(id, ports_.clock.steady());
    } else {
        ledger_.failed(id, vain(*record));
    }
}

/// Those that are not decided; the others end by themselves.
Result<void> OperationRun::give_up_plans() {
    const auto now = ports_.clock.steady();
    std::vector<RegistrationId> stored;
    {
        const std::scoped_lock lock(mutex_);
        ledger_.forget_waiting();
        stored = ledger_.quiet_plans(now - waiting_interval, now, give_ups_per_step);
    }
    for (const RegistrationId& id : stored) {
        const auto done = retry_on_conflict<void>([&] { return give_up(id); });
        if (auto tolerated = tolerate(id, done); !tolerated) {
            return tolerated;
        }
    }
    return {};
}

Result<void> OperationRun::give_up(const RegistrationId& id) {
    const auto record = ports_.registrations.find(scope_, id);
    if (!record) {
        return std::unexpected(record.error());
    }
    resolve(id, *record);
    if (!*record || !(**record).plan || (**record).plan->operation != origin_.id ||
        !may_be_given_up(*(**record).plan)) {
        return {};
    }
    const Ending ending{.status = RegistrationStatus::failed,
                        .failure = {failure_code::internal, std::string(given_up)},
                        .knows = HubKnows::perhaps};
    const RegistrationRecord ended =
        record_ending(**record, ending, new_mark(ports_.clock, ports_.random));
    auto saved = ports_.registrations.save(scope_, ended, Expected{(**record).stamp.version});
    if (!saved) {
        return saved;
    }
    {
        const std::scoped_lock lock(mutex_);
        ledger_.stayed(id, "");
    }
    ports_.runner.ended_by_others(**record, ended);
    return {};
}

bool OperationRun::is_hopeless(const RegistrationId& id, const Error& error) {
    if (may_pass(error.code) || ++troubles_[id] < hopeless_tries_max) {
        return false;
    }
    troubles_.erase(id);
    log::warning("an operation on a fleet gives a device up", {{"operation", origin_.id},
                                                               {"registration_id", id.text()},
                                                               {"detail", error.detail},
                                                               {"cause", error.cause}});
    return true;
}

/// The same for a device that was looked at: it counts as failed then.
Result<void> OperationRun::tolerate(const RegistrationId& id, const Result<void>& done) {
    if (done) {
        troubles_.erase(id);
        return {};
    }
    if (!is_hopeless(id, done.error())) {
        return done;
    }
    const std::scoped_lock lock(mutex_);
    if (ledger_.find_under_way(id) != nullptr || ledger_.waiting_since(id)) {
        ledger_.failed(id, done.error().detail);
    }
    return {};
}

} // namespace muster::provisioning
