#pragma once
// What a caller of the control plane may write (reference: dps-service 10.1 to 10.4). Read-only and
// unknown members are ignored, null means absent; what is not offered here is refused rather than
// silently dropped: managed identities, private endpoints, other SKUs than S1.

#include "base/json.h"
#include "base/result.h"
#include "provisioning/instances.h"

namespace muster::gateway {

/// The body of an instance's PUT. `stored` is null at creation; a hub whose connection string comes
/// back masked, or not at all, must be linked there already and keeps its own. Name and tenant are
/// left to the caller. Error: malformed, naming the member.
Result<provisioning::InstanceSettings> read_instance(const JsonObject& document,
                                                     const provisioning::Instance* stored);

/// The body of PATCH: `{"tags":{..}}`, the new tags as a whole.
Result<JsonObject> read_tags(const JsonObject& document);

/// The body of a certificate's PUT and of `verify`, with or without `properties` around it; the
/// name is left to the caller.
Result<provisioning::Instances::CertificateSettings> read_certificate(const JsonObject& document);

} // namespace muster::gateway
