#pragma once
// The hubs as provisioning sees them: no more than what the public REST API of a hub offers
// (reference: iothub B.3 to B.7, C.2), so that a hub of this process, one of another and a real
// Azure IoT Hub are all the same to the rules. What provisioning does with it is
// moving/hub_steps.h.
//
// Thread rule: may be called from any worker; waits. Errors of all: not_found with the detail
// `hub_unknown` (no such hub, or no key for it), unauthenticated (the hub refused our key),
// unavailable, deadline_exceeded, rate_limited (try again), malformed, too_large (final).

#include "base/clock.h"
#include "base/ids.h"
#include "base/json.h"
#include "base/result.h"
#include "base/secret.h"
#include "provisioning/registration.h"

#include <optional>
#include <string>
#include <vector>

namespace muster::provisioning {

/// Error::detail when the hub itself is not known, as opposed to the device at it.
inline constexpr std::string_view hub_unknown = "hub is not known here";

/// A device identity at a hub.
struct HubDevice {
    DeviceId id;
    ETag etag; // empty for one that is to be created
    bool enabled = true;
    std::string status_reason; // at most 128 bytes
    HubCredential credential;
    bool iot_edge = false;
    std::string device_scope;
    std::vector<std::string> parent_scopes;
    bool connected = false;                // read only
    std::optional<WallTime> last_activity; // read only; nothing: never seen
};

struct HubTwin {
    ETag etag; // empty for one that is to be created
    JsonObject tags;
    JsonObject desired; // without $metadata and $version, here and below
    JsonObject reported;

    friend bool operator==(const HubTwin& left, const HubTwin& right) {
        return left.tags == right.tags && left.desired == right.desired &&
               left.reported == right.reported;
    }
};

struct HubModule {
    std::string id;
    std::string managed_by;
    HubCredential credential;
    HubTwin twin;
};

/// What the control plane needs: it links hubs and never looks at devices.
class HubLinks {
  public:
    virtual ~HubLinks() = default;

    /// Whether a hub may be linked with this connection string (dps-service 10.2): it is reachable
    /// from here, and the policy is the hub's and may write its registry. Errors: malformed (what
    /// is wrong with it), not_found (no such hub here), unauthenticated (the key is not the
    /// policy's).
    virtual Result<HubName> check_link(const Secret& connection_string) = 0;
};

class Hubs : public HubLinks {
  public:
    virtual Result<std::optional<HubDevice>> find_device(const HubName& hub,
                                                         const DeviceId& id) = 0;
    /// Identity and twin in one atomic step, as given, disabled or not. Error: already_exists.
    virtual Result<void> create_device(const HubName& hub, const HubDevice& device,
                                       const HubTwin& twin) = 0;
    /// Replaces the identity if it still has `device.etag`. Disabling and changing the credential
    /// end the live connection. Errors: not_found, precondition (another etag).
    virtual Result<void> update_device(const HubName& hub, const HubDevice& device) = 0;
    /// With its twin and modules; ends the live connection. Errors: not_found, precondition.
    virtual Result<void> delete_device(const HubName& hub, const DeviceId& id,
                                       const ETag& etag) = 0;
    virtual Result<std::optional<HubTwin>> find_twin(const HubName& hub, const DeviceId& id) = 0;

    /// Modules with their twins; system modules ($edgeAgent, $edgeHub) come with their desired
    /// properties but without a credential of their own.
    virtual Result<std::vector<HubModule>> modules(const HubName& hub, const DeviceId& id) = 0;
    /// Creates it, or replaces its twin if it is there (system modules). Error: unsupported, if the
    /// hub has no modules.
    virtual Result<void> put_module(const HubName& hub, const DeviceId& id,
                                    const HubModule& module) = 0;

    /// True if a call that failed may still take effect later: everything over a network. The rules
    /// then create devices disabled and enable them under their etag.
    [[nodiscard]] virtual bool may_act_late(const HubName& hub) const = 0;
};

} // namespace muster::provisioning
