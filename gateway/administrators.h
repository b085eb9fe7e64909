#pragma once
// Who is at the operator's edges: the bearer token of a request.

#include "base/result.h"
#include "gateway/http_handler.h"
#include "provisioning/administration/tokens.h"

namespace muster::gateway {

/// Errors: unauthenticated (no token, or none of ours that is still good), unsupported (this server
/// has no administrators at all: Context::control is null).
Result<provisioning::Administrator> authenticate_administrator(const Context& context,
                                                               const HttpExchange& exchange);

} // namespace muster::gateway
