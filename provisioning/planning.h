#pragma once
// What becomes of a registration: pure decisions over a proven applicant, the record so far and the
// instance (design: docs/architecture.md, "Registration"; reference: dps-service 9).

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
inline constexpr int enrollment_disabled = 403000;
inline constexpr int enrollment_gone = 404201;
inline constexpr int internal = 500001;
} // namespace failure_code

struct RegistrationFacts {
    const Applicant& applicant;
    const std::optional<RegistrationRecord>& record; // as stored, if there is one
    const Instance& instance;
};

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

/// A device keeps its hub while that is linked; otherwise the allocation policy chooses.
Decision plan_registration(const RegistrationFacts& facts);

/// What a new attempt is stored under. Amend keeps the operation and uses the mark only.
struct Attempt {
    OperationId operation;
    Mark mark;
};

RegistrationRecord record_plan(const RegistrationFacts& facts, const Plan& plan,
                               const Attempt& attempt);
RegistrationRecord record_refusal(const RegistrationFacts& facts, const Decline& decline,
                                  const Attempt& attempt);

/// The hub has confirmed the plan.
RegistrationRecord record_assignment(const RegistrationRecord& planned, const Mark& mark);

/// How sure it is that the hub knows nothing of a device whose plan is given up.
enum class HubKnows : std::uint8_t { nothing, perhaps };

/// How a plan ends without its hub's yes.
struct Ending {
    RegistrationStatus status = RegistrationStatus::failed; // or disabled
    Failure failure;
    HubKnows knows = HubKnows::perhaps;
};

/// The plan is given up. An earlier assignment survives.
RegistrationRecord record_ending(const RegistrationRecord& planned, const Ending& ending,
                                 const Mark& mark);

} // namespace muster::provisioning
