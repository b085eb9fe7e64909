#pragma once
// Each policy by its name, and the one that is made of others.

#include "provisioning/allocation/candidates.h"

namespace muster::provisioning {

/// Any but `custom`, which only an enrollment's own definition can mean.
void follow_policy(AllocationPolicy policy, const AllocationFacts& facts,
                   const Candidates& candidates, Allocation& allocation);

/// `custom`: the definition's rule, its function, its fallback.
void follow_definition(const AllocationFacts& facts, const Candidates& candidates,
                       Allocation& allocation);

} // namespace muster::provisioning
