#pragma once
// What an allocation function is asked of a device: gathered in one way, whether the device really
// registers or somebody only asks what would happen if it did.

#include "provisioning/allocating/function.h"
#include "provisioning/allocation.h"
#include "provisioning/applicants.h"
#include "provisioning/instance.h"
#include "provisioning/planning.h"
#include "provisioning/registration.h"

#include <optional>

namespace muster::provisioning {

struct Asking {
    const RegistrationId& id;
    const Applicants::Standing& standing; // with terms
    const std::optional<Place>& current;  // where the device is
    const Question& question;
    const Instance& instance;
    const AllocationInputs& inputs;
};

/// Error: malformed, if the enrollment has no readable definition.
Result<FunctionRequest> function_request_for(const Asking& asking);

/// How a device is declined whose function failed (dps-device 7.3).
Decline function_failed(const Error& error);

} // namespace muster::provisioning
