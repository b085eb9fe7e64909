#pragma once
// What a request to a hub counts as, and its turn (reference: iothub B.17, E.2, E.3).

#include "gateway/hub_http/routes.h"
#include "hub/limits/rates.h"

#include <cstddef>
#include <functional>
#include <optional>

namespace muster::gateway {

struct Metered {
    hub::Operation operation = hub::Operation::registry;
    double cost = 1;
    std::optional<std::size_t> charged_bytes; // against the daily quota
};

/// Nothing: it is not limited.
std::optional<Metered> metered(const HubCall& call);

/// Calls `serve` at the request's turn, here or on a worker; otherwise the call is refused: 429
/// with Retry-After, or 403002 once the daily quota is used up. Who has not proved anything takes
/// no turn: whoever serves it will say so.
void in_turn(const HubCallPtr& call, std::function<void()> serve);

} // namespace muster::gateway
