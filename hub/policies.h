#pragma once
// Shared access policies of a hub and what they allow (reference: iothub B.1).

#include "base/clock.h"
#include "base/ids.h"
#include "base/result.h"
#include "base/secret.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace muster::hub {

enum class Right : std::uint8_t { registry_read, registry_write, service_connect, device_connect };

struct AccessPolicy {
    std::string name;
    Secret primary_key; // decoded
    Secret secondary_key;
    std::vector<Right> rights;

    [[nodiscard]] bool allows(Right right) const; // registry_write contains registry_read
};

/// Verifies the Authorization header of a service request against the policies of `hub`. Errors:
/// unauthenticated (no, broken, foreign or expired token), forbidden (valid, but lacks the right).
Result<void> authorize(const HubName& hub, const std::vector<AccessPolicy>& policies,
                       std::string_view authorization, Right right, WallTime now);

/// The name of the policy that signed, whatever it may do. Error: unauthenticated, as above.
Result<std::string> signing_policy(const HubName& hub, const std::vector<AccessPolicy>& policies,
                                   std::string_view authorization, WallTime now);

/// Any one of the rights is enough.
Result<void> authorize_any(const HubName& hub, const std::vector<AccessPolicy>& policies,
                           std::string_view authorization, const std::vector<Right>& rights,
                           WallTime now);

} // namespace muster::hub
