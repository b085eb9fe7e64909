#pragma once
// The identity of a device, or of a module of one (reference: iothub B.3, B.4, B.6). Values only.

#include "base/clock.h"
#include "base/ids.h"
#include "base/secret.h"
#include "hub/identity_id.h"

#include <cstdint>
#include <string>
#include <vector>

namespace muster::hub {

enum class DeviceStatus : std::uint8_t { enabled, disabled };

enum class AuthenticationType : std::uint8_t { sas, self_signed, certificate_authority, none };

struct Authentication {
    AuthenticationType type = AuthenticationType::sas;
    Secret primary_key; // decoded; empty unless sas
    Secret secondary_key;
    std::string primary_thumbprint; // upper-case hex, SHA-1 or SHA-256; empty unless self_signed
    std::string secondary_thumbprint;
    /// Only in a request: the document named no authentication. Creation means sas with new keys,
    /// an update means what there is.
    bool left_open = false;
};

/// A module has neither status, capabilities nor scopes: its device's hold for it.
struct Device {
    DeviceId id;
    ModuleId module;           // empty: the device itself
    std::string managed_by;    // of a module: who looks after it, a back end's word
    std::string generation_id; // new each time the id is created
    std::int64_t version = 0;  // 1 at creation, +1 at every change of the identity
    ETag etag;
    DeviceStatus status = DeviceStatus::enabled;
    std::string status_reason;
    WallTime status_updated; // the epoch 0001-01-01 (see never()) until it changes
    Authentication authentication;
    bool iot_edge = false;
    std::string device_scope;
    std::vector<std::string> parent_scopes;
    WallTime created;

    [[nodiscard]] IdentityId identity() const { return {id, module}; }
};

/// 0001-01-01T00:00:00Z, which clients want instead of null.
WallTime never();

} // namespace muster::hub
