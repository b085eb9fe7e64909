#pragma once
// How a step of a plan is told: to the device, the journal, the audit trail and the log.

#include "base/result.h"
#include "provisioning/audit.h"
#include "provisioning/findings.h"
#include "provisioning/journal.h"
#include "provisioning/moving/hub_steps.h"
#include "provisioning/planning.h"
#include "provisioning/registration.h"

#include <optional>
#include <vector>

namespace muster::provisioning {

/// A try later may succeed.
bool may_pass(Code code);

/// What the device is told.
Failure failure_of(const Error& error);
/// What the operator is told.
Finding finding_of(const RegistrationRecord& planned, const Error& error);

/// What a step led to.
struct StepOutcome {
    const RegistrationRecord& before; // with its plan
    const RegistrationRecord& after;
    TrackingId tracking;
    std::vector<Finding> findings;
    NotCarried not_carried;
};

/// Nothing, if the plan has not ended.
std::optional<DeviceEvent> event_of(const StepOutcome& outcome);

/// The change of the assignment; also, when a move has passed the point of no return, what could
/// not be carried, so that it is on record whatever crashes next.
std::optional<Change> change_of(const StepOutcome& outcome);

/// Where the device counts, see HubCount.
std::optional<HubName> hub_counted(const RegistrationRecord& record);

void log_failure(const RegistrationRecord& planned, const Error& error);
void log_vain_step(const RegistrationRecord& planned, const Error& error, int tries);
void log_vain_chore(const RegistrationRecord& record, const Chore& chore, const Error& error);

} // namespace muster::provisioning
