#pragma once
// What a request to a hub counts as, and its turn (reference: iothub B.17, E.2, E.3).

#include "gateway/hub_http/call.h"
#include "hub/limits/rates.h"

#include <cstddef>
#include <vector>

namespace muster::gateway {

struct Metered {
    hub::Operation operation = hub::Operation::registry;
    double cost = 1;
    std::vector<std::size_t> charged; // the sizes of what counts against the daily quota
};

/// A method with so large a payload.
Metered method_of(std::size_t payload_bytes);

/// Whether the request may go on now, with what it costs taken. Otherwise it has its answer (429
/// with Retry-After, or 403002 once the daily quota is used up), or waits without a thread and is
/// served once more from its beginning when its turn has come; then this is true.
///
/// To be asked by whoever serves it, after the caller has proved who it is and that it may, and
/// before anything is done. Policies that are not throttled take no turn and are charged like all.
bool in_turn(HubCall& call, const Metered& metered);

/// Charges for what is known only when it is done. False: the call has been refused.
bool charged(HubCall& call, std::size_t bytes);

} // namespace muster::gateway
