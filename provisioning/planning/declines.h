#pragma once
// How a registration is declined once its device has proved itself.

#include "provisioning/planning.h"

#include <string>

namespace muster::provisioning {

/// No hub can take the device; `reasoning` says which were looked at.
Decline no_hub(const Allocation& reasoning);

/// The function named a hub that the device cannot have (dps-device 7.3).
Decline wrong_answer(const Allocation& reasoning);

/// What a blocked device is told.
Failure blocked_failure();

/// A quarantine wants the device at a hub that is not linked.
Decline quarantine_unlinked(const HubName& hub);

/// So much is left to do at hubs that nothing new may begin.
Decline too_many_chores(const RegistrationRecord& record);

/// Of a relocation: nothing is wrong with the device, but it cannot be moved now.
Decline not_now(std::string message);

} // namespace muster::provisioning
