#include "provisioning/planning/places.h"

#include <algorithm>

namespace muster::provisioning {

namespace {

constexpr std::size_t chores_of_a_move = 2;

/// An erased record is that of a new device: it knows places, but was never told of one.
bool counts_as_assigned(const RegistrationRecord& record) {
    return record.assignment && !record.erased;
}

} // namespace

bool is_within_reach(const HubName& hub, const Instance& instance) {
    if (instance.find_hub(hub) != nullptr) {
        return true;
    }
    const FormerHub* former = instance.find_former_hub(hub);
    return former != nullptr && !former->lost;
}

std::optional<KnownPlace> known_place(const RegistrationRecord& record, const Instance& instance) {
    // An attempt elsewhere is only ever made when the assignment was out of reach: it is newer.
    if (record.unconfirmed && is_within_reach(record.unconfirmed->hub, instance)) {
        return KnownPlace{.place = *record.unconfirmed, .assigned = false};
    }
    if (record.assignment && is_within_reach(record.assignment->hub, instance)) {
        return KnownPlace{.place = record.assignment->place(),
                          .assigned = counts_as_assigned(record)};
    }
    return std::nullopt;
}

bool can_go_on(const Plan& plan, const Instance& instance) {
    if (plan.stage == PlanStage::decided) {
        return is_within_reach(plan.hub, instance);
    }
    return instance.find_hub(plan.hub) != nullptr &&
           (!plan.from || is_within_reach(plan.from->hub, instance));
}

void add_chore(RegistrationRecord& record, const Chore& chore) {
    const bool is_there =
        std::ranges::any_of(record.chores, [&](const Chore& one) { return is_same(one, chore); });
    if (!is_there) {
        record.chores.push_back(chore);
    }
}

void drop_plan(RegistrationRecord& record, HubKnows knows, WallTime now) {
    if (!record.plan) {
        return;
    }
    const Plan plan = *std::move(record.plan);
    record.plan.reset();
    const auto leave = [&](ChoreKind kind, const Place& place) {
        add_chore(record, {.kind = kind,
                           .place = place,
                           .token = plan.token,
                           .tries = 0,
                           .problem = {},
                           .since = now});
    };
    switch (plan.kind) {
    case PlanKind::ask: return;
    case PlanKind::keep:
    case PlanKind::assign:
        if (knows == HubKnows::perhaps &&
            !(record.assignment && record.assignment->place() == plan.place())) {
            record.unconfirmed = plan.place();
        }
        return;
    case PlanKind::reset: leave(ChoreKind::release, plan.place()); return;
    case PlanKind::move:
        leave(ChoreKind::release, *plan.from);
        if (plan.stage != PlanStage::begun) { // nothing is placed before
            leave(ChoreKind::erase, plan.place());
        }
        return;
    }
}

bool is_lost(const HubName& hub, const Instance& instance) {
    const FormerHub* former = instance.find_former_hub(hub);
    return former != nullptr && former->lost;
}

void forget_lost_chores(RegistrationRecord& record, const Instance& instance) {
    std::erase_if(record.chores, [&](const Chore& chore) {
        const HubName& hub = chore.place.hub;
        const bool stays = chore.kind == ChoreKind::block && is_lost(hub, instance);
        return !stays && !is_within_reach(hub, instance);
    });
}

bool has_room_for_move(const RegistrationRecord& record) {
    return record.chores.size() + chores_of_a_move <= chores_max;
}

RegistrationRecord without_stuck_plan(const RegistrationRecord& record, const Instance& instance) {
    RegistrationRecord rest = record;
    if (rest.plan && !can_go_on(*rest.plan, instance)) {
        drop_plan(rest, HubKnows::perhaps, rest.stamp.updated);
    }
    forget_lost_chores(rest, instance);
    return rest;
}

} // namespace muster::provisioning
