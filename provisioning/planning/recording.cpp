// What is stored of a decision, and of how a plan ended.

#include "base/check.h"
#include "provisioning/planning/declines.h"
#include "provisioning/planning/places.h"

#include <algorithm>

namespace muster::provisioning {

namespace {

constexpr std::size_t earlier_operations_max = 4;
constexpr std::size_t moved_max = 8;
constexpr std::size_t registered_max = 24;

template <class T>
void put_first(std::vector<T>& newest_first, const T& value, std::size_t count_max) {
    newest_first.insert(newest_first.begin(), value);
    if (newest_first.size() > count_max) {
        newest_first.resize(count_max);
    }
}

/// The operation before still answers the device: with what becomes of this one.
void replace_operation(RegistrationRecord& record, const OperationId& operation) {
    if (!record.operation.empty()) {
        put_first(record.earlier_operations, record.operation, earlier_operations_max);
    }
    record.operation = operation;
}

/// A new attempt, unless the operation is under way already.
void enter_operation(RegistrationRecord& record, const Attempt& attempt) {
    if (record.operation == attempt.operation) {
        return;
    }
    replace_operation(record, attempt.operation);
    put_first(record.registered, record.stamp.updated, registered_max);
}

/// An erased record starts as a new one, but for what must not be forgotten: where the device may
/// still be, and what is left to do there. Versions go on, since whoever still works on the record
/// must not write over this one.
RegistrationRecord revived(const RegistrationRecord& erased, const Instance& instance,
                           const Mark& mark) {
    RegistrationRecord record{.id = erased.id};
    const auto known = known_place(erased, instance);
    record.unconfirmed = known ? std::optional(known->place) : std::nullopt;
    record.plan = erased.plan;
    record.chores = erased.chores;
    record.held_at = erased.held_at;
    record.block = erased.block;
    record.stamp = first_stamp(mark);
    record.stamp.version = std::max(record.stamp.version, erased.stamp.version + 1);
    return record;
}

RegistrationRecord started(const RegistrationFacts& facts, const Mark& mark) {
    if (!facts.record) {
        return {.id = facts.applicant.id, .stamp = first_stamp(mark)};
    }
    if (facts.record->erased) {
        return revived(*facts.record, facts.instance, mark);
    }
    RegistrationRecord record = *facts.record;
    record.stamp = next_stamp(record.stamp, mark);
    return record;
}

/// The record as it was, or a new one, entered under this attempt.
RegistrationRecord entered(const RegistrationFacts& facts, const Attempt& attempt) {
    RegistrationRecord record = started(facts, attempt.mark);
    enter_operation(record, attempt);
    record.decided_by = facts.applicant.decided_by;
    record.attestation_note = facts.applicant.attestation_note;
    return record;
}

bool ends_without_hub(RegistrationStatus status) {
    return status == RegistrationStatus::failed || status == RegistrationStatus::disabled;
}

bool is_decided(const std::optional<Plan>& plan) {
    return plan && plan->stage == PlanStage::decided;
}

bool goes_on_with(const Plan& before, const Plan& now) {
    return before.kind == now.kind && before.place() == now.place() && before.token == now.token;
}

/// What a record without a plan says of itself. A plan that an operator began, or that was declined
/// too late to be given up, leaves the last failure standing.
RegistrationStatus standing_status(const RegistrationRecord& record) {
    if (record.failure) {
        return record.failure->error_code == failure_code::enrollment_disabled
                   ? RegistrationStatus::disabled
                   : RegistrationStatus::failed;
    }
    return record.assignment ? RegistrationStatus::assigned : RegistrationStatus::unassigned;
}

Substatus substatus_after(const RegistrationRecord& planned) {
    const Plan& plan = *planned.plan;
    if (!planned.assignment) {
        return Substatus::initial_assignment;
    }
    switch (plan.kind) {
    case PlanKind::keep: return planned.assignment->substatus; // dps-device 9: the last value
    case PlanKind::reset: return Substatus::device_data_reset;
    case PlanKind::move:
        return plan.twin == TwinSource::carried ? Substatus::device_data_migrated
                                                : Substatus::device_data_reset;
    case PlanKind::ask:
    case PlanKind::assign: break;
    }
    return Substatus::initial_assignment;
}

bool stays_at_hub(const RegistrationRecord& planned) {
    return planned.assignment && planned.assignment->hub == planned.plan->hub;
}

Assignment assignment_after(const RegistrationRecord& planned, WallTime now) {
    const bool since_before = stays_at_hub(planned) && planned.assignment->since;
    return {.hub = planned.plan->hub,
            .device_id = planned.plan->provision.device_id,
            .substatus = substatus_after(planned),
            .since = since_before ? planned.assignment->since : now};
}

Chore erase_chore(const Plan& plan, WallTime now) {
    return {.kind = ChoreKind::erase,
            .place = *plan.from,
            .token = plan.token,
            .tries = 0,
            .problem = {},
            .since = now};
}

/// Where the device is, or may be.
std::vector<Place> places_of(const RegistrationRecord& record) {
    std::vector<Place> places;
    if (record.assignment) {
        places.push_back(record.assignment->place());
    }
    if (record.unconfirmed && (places.empty() || places.front() != *record.unconfirmed)) {
        places.push_back(*record.unconfirmed);
    }
    return places;
}

/// What was to be done for a block before counts no more. In front of all others: a fence that is
/// lifted first would let a blocked device in.
void enter_block_chores(RegistrationRecord& record, ChoreKind kind,
                        const std::vector<Place>& elsewhere) {
    std::erase_if(record.chores, [](const Chore& chore) {
        return chore.kind == ChoreKind::block || chore.kind == ChoreKind::unblock;
    });
    const std::vector<Place> known = places_of(record);
    std::vector<Chore> chores;
    for (const Place& place : known.empty() ? elsewhere : known) {
        chores.push_back({.kind = kind,
                          .place = place,
                          .token = {},
                          .tries = 0,
                          .problem = {},
                          .since = record.stamp.updated});
    }
    record.chores.insert(record.chores.begin(), chores.begin(), chores.end());
}

} // namespace

RegistrationRecord record_plan(const RegistrationFacts& facts, const Plan& plan,
                               const Attempt& attempt) {
    RegistrationRecord record = entered(facts, attempt);
    if (record.plan && !goes_on_with(*record.plan, plan)) {
        drop_plan(record, HubKnows::perhaps, record.stamp.updated);
    }
    forget_lost_chores(record, facts.instance);
    record.status = RegistrationStatus::assigning;
    record.plan = plan;
    if (plan.origin == PlanOrigin::device) {
        record.failure.reset();
    }
    return record;
}

RegistrationRecord record_refusal(const RegistrationFacts& facts, const Decline& decline,
                                  const Attempt& attempt) {
    CHECK(ends_without_hub(decline.status));
    RegistrationRecord record = entered(facts, attempt);
    record.failure = decline.failure;
    if (is_decided(record.plan) && can_go_on(*record.plan, facts.instance)) {
        record.status = RegistrationStatus::assigning; // the device hears of it at the end
        return record;
    }
    drop_plan(record, HubKnows::perhaps, record.stamp.updated);
    forget_lost_chores(record, facts.instance);
    record.status = decline.status;
    return record;
}

RegistrationRecord record_relocation(const RegistrationRecord& record, const Plan& plan,
                                     const Attempt& attempt) {
    RegistrationRecord planned = record;
    planned.status = RegistrationStatus::assigning;
    planned.plan = plan;
    planned.stamp = next_stamp(record.stamp, attempt.mark);
    replace_operation(planned, attempt.operation);
    return planned;
}

RegistrationRecord record_assignment(const RegistrationRecord& planned, const Mark& mark) {
    CHECK(planned.plan && planned.plan->kind != PlanKind::ask);
    const Plan& plan = *planned.plan;
    RegistrationRecord record = planned;
    record.stamp = next_stamp(planned.stamp, mark);
    record.assignment = assignment_after(planned, record.stamp.updated);
    if (planned.assignment && !stays_at_hub(planned)) {
        put_first(record.moved, record.stamp.updated, moved_max);
    }
    if (plan.kind == PlanKind::move) {
        add_chore(record, erase_chore(plan, record.stamp.updated));
    }
    if (plan.origin == PlanOrigin::device || plan.payload) {
        record.payload = plan.payload;
    }
    record.plan.reset();
    record.unconfirmed.reset();
    record.status = standing_status(record);
    return record;
}

RegistrationRecord record_ending(const RegistrationRecord& planned, const Ending& ending,
                                 const Mark& mark) {
    CHECK(planned.plan && !is_decided(planned.plan) && ends_without_hub(ending.status));
    const bool of_device = planned.plan->origin == PlanOrigin::device;
    RegistrationRecord record = planned;
    record.stamp = next_stamp(planned.stamp, mark);
    drop_plan(record, ending.knows, record.stamp.updated);
    if (of_device) {
        record.failure = ending.failure;
    }
    record.status = of_device ? ending.status : standing_status(record);
    return record;
}

std::optional<RegistrationRecord> remains_of(const RegistrationRecord& record, const Mark& mark) {
    RegistrationRecord remains{.id = record.id,
                               .assignment = record.assignment,
                               .plan = record.plan,
                               .unconfirmed = record.unconfirmed,
                               .chores = record.chores,
                               .held_at = record.held_at,
                               .block = record.block,
                               .erased = true,
                               .decided_by = record.decided_by,
                               .operation = record.operation,
                               .stamp = next_stamp(record.stamp, mark)};
    if (!is_decided(remains.plan)) {
        drop_plan(remains, HubKnows::perhaps, remains.stamp.updated);
    }
    if (is_forgotten(remains)) {
        return std::nullopt;
    }
    remains.status = remains.plan ? RegistrationStatus::assigning : RegistrationStatus::unassigned;
    return remains;
}

bool is_forgotten(const RegistrationRecord& record) {
    return record.erased && !record.unfinished() && !record.block && !record.assignment &&
           !record.unconfirmed;
}

RegistrationRecord record_block(const RegistrationId& id,
                                const std::optional<RegistrationRecord>& record, const Block& block,
                                const std::vector<Place>& elsewhere, const Mark& mark) {
    RegistrationRecord blocked = record.value_or(RegistrationRecord{.id = id, .erased = true});
    if (blocked.plan && !is_decided(blocked.plan)) {
        const Ending ending{.status = RegistrationStatus::disabled,
                            .failure = blocked_failure(),
                            .knows = HubKnows::perhaps};
        blocked = record_ending(*record, ending, mark);
    }
    blocked.stamp = record ? next_stamp(record->stamp, mark) : first_stamp(mark);
    blocked.block = block;
    enter_block_chores(blocked, ChoreKind::block, elsewhere);
    return blocked;
}

RegistrationRecord record_unblock(const RegistrationRecord& record,
                                  const std::vector<Place>& elsewhere, const Mark& mark) {
    RegistrationRecord unblocked = record;
    unblocked.stamp = next_stamp(record.stamp, mark);
    unblocked.block.reset();
    enter_block_chores(unblocked, ChoreKind::unblock, elsewhere);
    if (unblocked.failure == blocked_failure()) {
        unblocked.failure.reset();
        unblocked.status = unblocked.plan ? unblocked.status : standing_status(unblocked);
    }
    return unblocked;
}

} // namespace muster::provisioning
