#pragma once
// Takes the step at the hubs that comes next for a stored plan, and says what the record becomes.

#include "base/result.h"
#include "provisioning/findings.h"
#include "provisioning/moving/steps.h"

#include <vector>

namespace muster::provisioning {

/// The next record: another stage, another plan, an assignment, or, where the allocation function
/// says no, a failure, with what led to it.
struct Advance {
    RegistrationRecord next;
    std::vector<Finding> findings;
    NotCarried not_carried;
};

/// The next step of a plan that does not ask. Errors: those of HubSteps.
Result<Advance> take_hub_step(HubSteps& steps, const RegistrationRecord& planned, const Mark& mark);

} // namespace muster::provisioning
