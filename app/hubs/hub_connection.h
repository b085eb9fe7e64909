#pragma once
// A hub's connection string as whoever calls the hub reads it (reference: dps-service 10.2).

#include "app/hubs/remote_hub.h"
#include "base/result.h"
#include "base/secret.h"

namespace muster::app {

/// The host may carry a port. Error: malformed, without echoing the text.
Result<HubConnection> parse_hub_connection(const Secret& connection_string);

/// The host without its port: what the hub is called, and what its tokens are for.
HubName name_of(const HubConnection& connection);

} // namespace muster::app
