#pragma once
// hashed: by weight alone, or by weight and load (allocation.h).

#include "provisioning/allocation/candidates.h"

namespace muster::provisioning {

/// The highest rendezvous score; null without candidates.
const LinkedHub* highest_score(const std::vector<const LinkedHub*>& hubs, const RegistrationId& id);

void choose_by_weight(const AllocationFacts& facts, const Candidates& candidates,
                      Allocation& allocation);

} // namespace muster::provisioning
