#pragma once
// Who may use the service API: a SAS of a shared access policy that holds the right (reference:
// dps-service 1.5, 1.6). A pure decision.

#include "base/clock.h"
#include "base/result.h"
#include "provisioning/instance.h"

#include <string_view>

namespace muster::provisioning {

struct AccessRequest {
    std::string_view authorization; // the header's value, empty if there was none
    std::string_view path;          // of the request, decoded, "/enrollments/dev-1"
    Right right;
};

/// Errors: unauthenticated (no usable proof; the true reason is the cause) and forbidden (proven,
/// but the policy lacks the right).
Result<void> authorize(const Instance& instance, const AccessRequest& request, WallTime now);

} // namespace muster::provisioning
