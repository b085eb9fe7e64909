#pragma once
// How a device proves itself to a hub (iothub A.4). Pure: the identity, the policies and the time
// are given. Why a proof fails is for the log only; the device hears that it failed.

#include "base/clock.h"
#include "base/ids.h"
#include "base/result.h"
#include "crypto/certificate.h"
#include "hub/device.h"
#include "hub/policies.h"

#include <optional>
#include <string>
#include <vector>

namespace muster::hub {

/// What a connection of a device or module shows to prove itself.
struct Credentials {
    IdentityId identity;
    std::string sas;                       // the MQTT password or Authorization value, may be empty
    std::vector<std::string> certificates; // DER, leaf first
};

struct Proof {
    std::string auth_method;            // JSON text of iothub-connection-auth-method
    std::optional<WallTime> sas_expiry; // when the connection must end (se + 5 min)
};

/// What a hub goes by.
struct Trust {
    const HubName& hub;
    const std::vector<AccessPolicy>& policies;
    const std::vector<crypto::Certificate>& authorities;
};

/// Against the stored identity of the same id. Error: unauthenticated.
Result<Proof> prove(const Trust& trust, const Device& device, const Credentials& credentials,
                    WallTime now);

std::unexpected<Error> not_authenticated(std::string cause);

} // namespace muster::hub
