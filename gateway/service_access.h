#pragma once
// Who may use the service API of an instance: whoever shows a SAS of a shared access policy or an
// administrator's token (reference: dps-service 1.5 to 1.7).

#include "base/result.h"
#include "gateway/context.h"
#include "gateway/http_handler.h"
#include "provisioning/instance.h"
#include "provisioning/principal.h"

namespace muster::gateway {

/// In whose name the request is made. Errors: unauthenticated, forbidden.
Result<provisioning::Principal> identify_caller(const Context& context,
                                                const provisioning::Instance& instance,
                                                const HttpExchange& exchange,
                                                provisioning::Right right);

} // namespace muster::gateway
