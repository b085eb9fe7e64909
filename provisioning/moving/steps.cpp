#include "provisioning/moving/steps.h"

#include "base/check.h"

#include <algorithm>
#include <utility>

namespace muster::provisioning {

namespace {

HubSteps::Transfer transfer_of(const Plan& plan) {
    return {.from = *plan.from,
            .to = plan.place(),
            .token = plan.token,
            .twin = plan.twin,
            .provision = plan.provision};
}

/// Of a plan that is decided: a block that came later is not undone by it, not for a moment.
Access access_of(const RegistrationRecord& planned) {
    return planned.block ? Access::blocked : Access::open;
}

HubSteps::Settlement settlement_of(const RegistrationRecord& planned) {
    const Plan& plan = *planned.plan;
    return {.place = plan.place(),
            .token = plan.token,
            .credential = plan.provision.credential,
            .origin = plan.origin,
            .access = access_of(planned)};
}

/// An operator moves what is blocked as such. A device cannot free itself by moving.
FenceStep fence_at(const Place& place, const Plan& plan) {
    const bool of_device = plan.origin == PlanOrigin::device;
    return {.place = place,
            .token = plan.token,
            .access = of_device ? Access::unless_blocked : Access::open};
}

PlanStep step_of_move(const RegistrationRecord& planned) {
    const Plan& plan = *planned.plan;
    CHECK(plan.from);
    switch (plan.stage) {
    case PlanStage::begun: return fence_at(*plan.from, plan);
    case PlanStage::fenced: return PlaceStep{transfer_of(plan)};
    case PlanStage::decided: break;
    }
    return SettleStep{.settlement = settlement_of(planned), .transfer = transfer_of(plan)};
}

PlanStep step_of_reset(const RegistrationRecord& planned) {
    const Plan& plan = *planned.plan;
    switch (plan.stage) {
    case PlanStage::begun: return fence_at(plan.place(), plan);
    case PlanStage::fenced: return DecideStep();
    case PlanStage::decided: break;
    }
    return RenewStep{.place = plan.place(),
                     .token = plan.token,
                     .provision = plan.provision,
                     .access = access_of(planned)};
}

bool has_stages(const Plan& plan) {
    return plan.kind == PlanKind::move || plan.kind == PlanKind::reset;
}

RegistrationRecord at_stage(const RegistrationRecord& planned, PlanStage stage, const Mark& mark) {
    RegistrationRecord record = planned;
    record.plan->stage = stage;
    record.stamp = next_stamp(planned.stamp, mark);
    return record;
}

bool is_of_block(const Chore& chore) {
    return chore.kind == ChoreKind::block || chore.kind == ChoreKind::unblock;
}

/// The device was there, as far as its record knows.
bool has_left(const RegistrationRecord& planned, const Place& place) {
    return place == planned.plan->from || place == planned.unconfirmed ||
           (planned.assignment && place == planned.assignment->place());
}

bool goes_where(const RegistrationRecord& planned, const Place& place) {
    return place == planned.plan->place() || place == planned.plan->from;
}

/// A fence of earlier must not be lifted where the device is not any more. A block follows it from
/// where it was, and stays where nobody knew of it.
void retire_releases(const RegistrationRecord& planned, RegistrationRecord& record) {
    const Place here = record.assignment->place();
    for (Chore& chore : record.chores) {
        if (is_of_block(chore)) {
            chore.place = has_left(planned, chore.place) ? here : chore.place;
        } else if (chore.place != here) {
            chore.kind = ChoreKind::erase;
        }
    }
}

RegistrationRecord assigned(const RegistrationRecord& planned, const Mark& mark) {
    RegistrationRecord record = record_assignment(planned, mark);
    retire_releases(planned, record);
    return record;
}

} // namespace

PlanStep next_step(const RegistrationRecord& planned) {
    CHECK(planned.plan);
    const Plan& plan = *planned.plan;
    switch (plan.kind) {
    case PlanKind::ask: return AskStep();
    case PlanKind::keep:
    case PlanKind::assign: return EnsureStep{.hub = plan.hub, .provision = plan.provision};
    case PlanKind::move: return step_of_move(planned);
    case PlanKind::reset: break;
    }
    return step_of_reset(planned);
}

RegistrationRecord after_step(const RegistrationRecord& planned, const Mark& mark) {
    CHECK(planned.plan && planned.plan->kind != PlanKind::ask);
    const Plan& plan = *planned.plan;
    if (has_stages(plan) && plan.stage == PlanStage::begun) {
        return at_stage(planned, PlanStage::fenced, mark);
    }
    if (has_stages(plan) && plan.stage == PlanStage::fenced) {
        return at_stage(planned, PlanStage::decided, mark);
    }
    return assigned(planned, mark);
}

const Chore* chore_before_plan(const RegistrationRecord& record) {
    if (!record.plan || record.plan->stage != PlanStage::begun) {
        return nullptr;
    }
    const bool ensures =
        record.plan->kind == PlanKind::keep || record.plan->kind == PlanKind::assign;
    const auto found = std::ranges::find_if(record.chores, [&](const Chore& chore) {
        return (is_of_block(chore) && goes_where(record, chore.place)) ||
               (ensures && chore.kind == ChoreKind::erase && chore.place == record.plan->place());
    });
    return found == record.chores.end() ? nullptr : &*found;
}

bool waits_for_block(const RegistrationRecord& record, const Chore& chore) {
    return chore.kind == ChoreKind::release &&
           std::ranges::any_of(record.chores, [&](const Chore& one) {
               return one.kind == ChoreKind::block && one.place == chore.place;
           });
}

bool may_be_given_up(const Plan& plan) {
    return plan.stage != PlanStage::decided;
}

RegistrationRecord after_chore(const RegistrationRecord& record, const Chore& chore,
                               const Mark& mark) {
    RegistrationRecord next = record;
    std::erase_if(next.chores, [&](const Chore& one) { return is_same(one, chore); });
    next.stamp = next_stamp(record.stamp, mark);
    return next;
}

RegistrationRecord after_vain_chore(const RegistrationRecord& record, const Chore& chore,
                                    std::string problem, const Mark& mark) {
    RegistrationRecord next = record;
    for (Chore& one : next.chores) {
        if (is_same(one, chore)) {
            one.tries = chore.tries + 1;
            one.problem = problem;
        }
    }
    next.stamp = next_stamp(record.stamp, mark);
    return next;
}

} // namespace muster::provisioning
