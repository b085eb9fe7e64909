#pragma once
// The plan as a state machine: which step comes next, and what the record says after it. Pure; the
// runner (plan_runner.h) carries the steps out, the model in tests/ explores them.
//
//   ask     Ask ──────────────────────────> another plan, decided by planning.h
//   keep, assign
//           Ensure ───────────────────────> assigned
//   move    Fence ──> [fenced] Place ─────> [decided] Settle ──> assigned, chore: erase the old
//   reset   Fence ──> [fenced] ───────────> [decided] Erase, Ensure ──> assigned
//
//   before [decided], out of tries, cancelled, disabled or deleted:
//           failed, the earlier assignment stands; chores: release the old, erase the new
//
// Every [..] and every end is stored, under the version that was read, before the next step begins.

#include "provisioning/moving/hub_steps.h"
#include "provisioning/planning.h"
#include "provisioning/registration.h"
#include "provisioning/stamps.h"

#include <optional>
#include <variant>

namespace muster::provisioning {

struct AskStep {};

struct EnsureStep {
    HubName hub;
    DeviceProvision provision;
};

struct FenceStep {
    Place place;
    MoveToken token;
    Access access = Access::open;
};

struct PlaceStep {
    HubSteps::Transfer transfer;
};

/// Only a reset's own way to `decided`: nothing is done at a hub.
struct DecideStep {};

/// Placed once more, if the copy is not there.
struct SettleStep {
    HubSteps::Settlement settlement;
    HubSteps::Transfer transfer;
};

/// Erases what the token fenced, then makes sure of the new one.
struct RenewStep {
    Place place;
    MoveToken token;
    DeviceProvision provision;
    Access access = Access::open;
};

using PlanStep =
    std::variant<AskStep, EnsureStep, FenceStep, PlaceStep, DecideStep, SettleStep, RenewStep>;

/// Of a record with a plan.
PlanStep next_step(const RegistrationRecord& planned);

/// The record once the step has succeeded (for all but Ask): the next stage, or assigned. An
/// assignment turns the fences of earlier attempts elsewhere from something to be lifted into
/// something to be erased.
RegistrationRecord after_step(const RegistrationRecord& planned, const Mark& mark);

/// The chore that must be done before the next step of the plan: a copy of an earlier move must not
/// be taken for the device's own where it is assigned as a new one, and what an operator said of
/// its block holds at the places of the plan before it goes anywhere.
const Chore* chore_before_plan(const RegistrationRecord& record);

/// A fence is not lifted before the block has reached what is behind it.
bool waits_for_block(const RegistrationRecord& record, const Chore& chore);

/// True before the point of no return.
bool may_be_given_up(const Plan& plan);

/// One chore less; or the same chore, tried once more in vain than `chore` says.
RegistrationRecord after_chore(const RegistrationRecord& record, const Chore& chore,
                               const Mark& mark);
RegistrationRecord after_vain_chore(const RegistrationRecord& record, const Chore& chore,
                                    std::string problem, const Mark& mark);

} // namespace muster::provisioning
