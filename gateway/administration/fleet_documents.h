#pragma once
// What the families about fleets share: operations as they are shown, hubs and limits as they are
// asked for.

#include "base/json.h"
#include "gateway/administration/call.h"
#include "provisioning/documents/members.h"
#include "provisioning/fleet/fleets.h"

namespace muster::gateway {

/// The stored document with `underWay` and, if there is one, `estimatedEnd`.
JsonObject to_document(const provisioning::Fleets::View& view);

/// The operation as it is now.
AdminAnswer answer_with_operation(unsigned status, provisioning::Fleets& fleets,
                                  const std::string& id);

/// The member `limits`; what it leaves out is as usual.
provisioning::OperationLimits read_limits_member(provisioning::MemberReader& members);

} // namespace muster::gateway
