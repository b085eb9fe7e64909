#pragma once
// What becomes of a registration: pure decisions over a proven applicant, the record so far and the
// instance (design: docs/architecture.md, "Registration"; reference: dps-service 9, iothub C.1).
//
//   an operator has blocked the device declined, whatever else holds
//   the record knows no place          assign, at the hub that the allocation chooses
//   quarantined (held_at)              move there, carrying the twin; keep if it is there
//   reprovisioning policy:
//     never, or absent and an old      keep, as long as that hub is linked (or was: former_hubs)
//     device api-version (sticky)
//     migrate, or absent               allocate again; another hub: move, carrying the twin
//     reset                            allocate again; another hub: move with the initial twin, the
//                                      same hub: reset
//   the enrollment's deviceId changed  move to the new name, perhaps at the same hub; not if never
//   custom                             ask first, under every policy; never and sticky ignore the
//                                      hub of the answer, but not its payload
//   a move or reset is under way       it is finished first; newer credentials go into it
//   the hub was declared lost          as if the record knew no place

#include "provisioning/allocation.h"
#include "provisioning/applicant.h"
#include "provisioning/findings.h"
#include "provisioning/instance.h"
#include "provisioning/registration.h"
#include "provisioning/stamps.h"

#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace muster::provisioning {

/// Six-digit codes inside a registration record (dps-device 2.8). Where the real service's code is
/// unknown, thousands give the HTTP class.
namespace failure_code {
inline constexpr int custom_allocation = 400207;
inline constexpr int no_hub = 400208;
inline constexpr int hub_refused = 400209;
inline constexpr int enrollment_disabled = 403000; // or the device is blocked
inline constexpr int enrollment_gone = 404201;
inline constexpr int internal = 500001;
} // namespace failure_code

struct RegistrationFacts {
    const Applicant& applicant;
    const std::optional<RegistrationRecord>& record; // as stored, if there is one; perhaps erased
    const Instance& instance;
    const AllocationInputs& inputs;
    MoveToken token; // for a move or reset, if this decides for one: drawn anew each time
};

/// The last device api-version that never moves by itself (dps-service 9.4).
inline constexpr std::string_view sticky_api_version = "2018-04-01";

/// The very plan is under way already: nothing to store, the same operation answers.
struct Continue {};

/// A plan is under way, but the device came with another credential, by way of another enrollment,
/// or the enrollment changed what the hub is to be told: the plan is replaced, the operation stays.
struct Amend {
    Plan plan;
};

/// A new attempt.
struct Begin {
    Plan plan;
};

/// No attempt will be made. `status` is failed or disabled.
struct Decline {
    RegistrationStatus status = RegistrationStatus::failed;
    Failure failure;
    std::vector<Finding> findings; // for the operator
};

using Decision = std::variant<Continue, Amend, Begin, Decline>;

/// Whatever the device proves, a disabled enrollment takes none.
std::optional<Decline> objection_of(const EnrollmentTerms& terms);

/// What a quota says that admits no record of another device.
Finding quota_finding(const Instance& instance);

/// The enrollment that decided is not there any more.
Decline enrollment_gone(const DecidedBy& decider);

/// How the decision came about, for `muster explain`; may be null.
Decision plan_registration(const RegistrationFacts& facts, Allocation* reasoning = nullptr);

/// What an operator wants: a device elsewhere. Keep, if there is nothing to do. Errors as declines;
/// `precondition`-like ones say so in their failure's message.
struct Relocation {
    const EnrollmentTerms* terms = nullptr; // null: the enrollment is gone; then the device is
                                            // moved as it is, among all linked hubs
    const RegistrationRecord& record;
    const Instance& instance;
    const AllocationInputs& inputs;
    std::optional<HubName> to; // else: allocate, without `away_from`
    std::optional<HubName> away_from;
    MoveToken token;
    std::string operation; // Plan::operation
};

/// Moves regardless of the reprovisioning policy's `never` if `away_from` or `to` is given, always
/// carrying the twin. Begin, or Continue (it is where it should be), or Decline.
Decision plan_relocation(const Relocation& wanted);

/// What is left of a record whose enrollment, or which itself, is deleted: where the device is, and
/// what must still be done there. Nothing, if it was nowhere. A plan that can be given up is.
std::optional<RegistrationRecord> remains_of(const RegistrationRecord& record, const Mark& mark);

/// What a new attempt is stored under. Amend keeps the operation and uses the mark only.
struct Attempt {
    OperationId operation;
    Mark mark;
};

RegistrationRecord record_plan(const RegistrationFacts& facts, const Plan& plan,
                               const Attempt& attempt);
RegistrationRecord record_refusal(const RegistrationFacts& facts, const Decline& decline,
                                  const Attempt& attempt);

/// For a plan that an operator began.
RegistrationRecord record_relocation(const RegistrationRecord& record, const Plan& plan,
                                     const Attempt& attempt);

/// Nothing need be known of it any more: it was erased, and is nowhere.
bool is_forgotten(const RegistrationRecord& record);

/// Why a device that is blocked is not registered.
Decline blocked_decline(const Block& block);

/// The device is blocked from now on: a plan that is not decided is given up, and what is left to
/// be done where the device is, or may be, becomes chores; also if it was blocked before. If the
/// record knows no place, they are for all of `elsewhere`: somebody may have made the device there
/// by hand. A device that has never registered gets a record that is erased.
RegistrationRecord record_block(const RegistrationId& id,
                                const std::optional<RegistrationRecord>& record, const Block& block,
                                const std::vector<Place>& elsewhere, const Mark& mark);
/// The same, undone; also if it was not blocked. Perhaps nothing is left of the record then.
RegistrationRecord record_unblock(const RegistrationRecord& record,
                                  const std::vector<Place>& elsewhere, const Mark& mark);

/// The hub has confirmed the plan.
RegistrationRecord record_assignment(const RegistrationRecord& planned, const Mark& mark);

/// How sure it is that the hub knows nothing of a device whose plan is given up.
enum class HubKnows : std::uint8_t { nothing, perhaps };

/// How a plan ends without its hub's yes.
struct Ending {
    RegistrationStatus status = RegistrationStatus::failed; // or disabled; ignored for a plan of
                                                            // an operation: the status stands
    Failure failure;
    HubKnows knows = HubKnows::perhaps;
};

/// The plan is given up, which must not be decided. An earlier assignment survives; what has been
/// done for a move becomes chores.
RegistrationRecord record_ending(const RegistrationRecord& planned, const Ending& ending,
                                 const Mark& mark);

} // namespace muster::provisioning
