#pragma once
// Who may use the service API: a SAS of a shared access policy that holds the right (reference:
// dps-service 1.5, 1.6). A pure decision.

#include "base/clock.h"
#include "base/result.h"
#include "provisioning/administration/tokens.h"
#include "provisioning/instance.h"
#include "provisioning/principal.h"

#include <string_view>

namespace muster::provisioning {

struct AccessRequest {
    std::string_view authorization; // the header's value, empty if there was none
    std::string_view path;          // of the request, decoded, "/enrollments/dev-1"
    Right right;
};

/// Whose policy it was. Errors: unauthenticated (no usable proof, or shared keys are switched off;
/// the true reason is the cause) and forbidden (proven, but the policy lacks the right).
Result<Principal> authorize(const Instance& instance, const AccessRequest& request, WallTime now);

/// The same for an administrator's token: readers read, contributors and owners write.
Result<Principal> authorize(const Instance& instance, const Administrator& administrator,
                            Right right);

} // namespace muster::provisioning
