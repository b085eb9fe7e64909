#pragma once
// geoLatency: the shortest round trip (allocation.h).
//
// What is known may be incomplete. A hub whose distance is not known is chosen only when no
// candidate's is: where the operator has said how far some hubs are, a device must not be sent to
// one of which nobody has said anything. If nothing is known of any, the policy is `hashed`
// (dps-service 9.1), so that a device is served all the same.
//
// A move that an operator began comes without the device's address. Then the device is taken to be
// where its hub is: a rebalance leaves it there, a drain takes it to the hub that is next.

#include "provisioning/allocation/candidates.h"

namespace muster::provisioning {

void choose_by_latency(const AllocationFacts& facts, const Candidates& candidates,
                       Allocation& allocation);

} // namespace muster::provisioning
