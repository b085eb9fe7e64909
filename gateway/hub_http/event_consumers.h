#pragma once
// The stored positions of those who read a hub's event log.

#include "gateway/hub_http/call.h"

namespace muster::gateway {

/// `/messages/events/consumers` and `/messages/events/consumers/{name}`.
void serve_event_consumers(HubCall& call);

} // namespace muster::gateway
