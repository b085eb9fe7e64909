#pragma once
// An operator's move whose allocation function has been asked.

#include "provisioning/planning.h"

namespace muster::provisioning {

/// Amend, with the move that the answer leads to; or Decline, also if there is nothing to move.
Decision plan_answered_relocation(const RegistrationFacts& facts, Allocation& reasoning);

} // namespace muster::provisioning
