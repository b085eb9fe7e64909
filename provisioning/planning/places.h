#pragma once
// What a record says of where its device is, and what remains to be done there once a plan is given
// up (docs/decisions/0009-moves.md). Pure.

#include "provisioning/instance.h"
#include "provisioning/planning.h"
#include "provisioning/registration.h"

#include <optional>

namespace muster::provisioning {

/// The hub can still be spoken to: it is linked, or was and is not lost.
bool is_within_reach(const HubName& hub, const Instance& instance);

/// Where the device is, or may be; a hub that is lost, or forgotten, holds nothing any more.
struct KnownPlace {
    Place place;
    bool assigned = false; // not only an attempt that may have reached it
};

std::optional<KnownPlace> known_place(const RegistrationRecord& record, const Instance& instance);

/// Whether the plan under way can still end where it was meant to.
bool can_go_on(const Plan& plan, const Instance& instance);

/// The plan ends without an assignment. What it may have left at hubs is written down.
void drop_plan(RegistrationRecord& record, HubKnows knows, WallTime now);

void add_chore(RegistrationRecord& record, const Chore& chore);

/// The operator says that it will never be back.
bool is_lost(const HubName& hub, const Instance& instance);

/// Nothing need be done at a hub that will never be back; only a block stays, lest it is after all.
void forget_lost_chores(RegistrationRecord& record, const Instance& instance);

/// A move that is given up leaves two chores: none is begun without the room for them.
bool has_room_for_move(const RegistrationRecord& record);

/// The record as it would be without its plan, if that cannot go on or has nothing to do at hubs.
RegistrationRecord without_stuck_plan(const RegistrationRecord& record, const Instance& instance);

} // namespace muster::provisioning
