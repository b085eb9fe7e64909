#pragma once
// What a hub needs of the outside, one small port per family of use cases.
//
// Thread rule: every port may be called from any worker. A write is durable when it returns.
// Versions: a write names the version it expects (0: not there yet); a mismatch is Code::conflict
// (already_exists for 0) and changes nothing. The hub's name is part of every key.

#include "base/ids.h"
#include "base/result.h"
#include "hub/device.h"
#include "hub/events/event_store.h"
#include "hub/twin.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace muster::hub {

struct DeviceWithTwin {
    Device device;
    Twin twin;
};

/// How many a hub has. Modules have no status of their own.
struct IdentityCounts {
    std::int64_t devices = 0;
    std::int64_t disabled_devices = 0;
    std::int64_t modules = 0;

    friend bool operator==(const IdentityCounts&, const IdentityCounts&) = default;
};

/// Devices and their modules. Where a change takes events that tell of it, they are appended to the
/// hub's log in its transaction and given their sequences (hub/events/event_store.h).
class DeviceStore {
  public:
    virtual ~DeviceStore() = default;

    virtual Result<std::optional<Device>> find_device(const HubName& hub, const IdentityId& id) = 0;
    virtual Result<std::optional<DeviceWithTwin>> find(const HubName& hub,
                                                       const IdentityId& id) = 0;

    /// Identities and their twins in one transaction: one, or a device followed by modules of its
    /// own. already_exists if an id is taken, not_found for a module without a device.
    virtual Result<void> create(const HubName& hub, std::span<const DeviceWithTwin> identities,
                                EventBatch& events) = 0;

    Result<void> create(const HubName& hub, std::span<const DeviceWithTwin> identities) {
        EventBatch none;
        return create(hub, identities, none);
    }

    Result<void> create(const HubName& hub, const DeviceWithTwin& identity) {
        return create(hub, std::span(&identity, 1));
    }

    virtual Result<void> update_device(const HubName& hub, const Device& device,
                                       std::int64_t expected_version) = 0;
    virtual Result<void> update_twin(const HubName& hub, const IdentityId& id, const Twin& twin,
                                     std::int64_t expected_version, EventBatch& events) = 0;

    Result<void> update_twin(const HubName& hub, const IdentityId& id, const Twin& twin,
                             std::int64_t expected_version) {
        EventBatch none;
        return update_twin(hub, id, twin, expected_version, none);
    }

    /// The identity, its twin and its stored session, and all that of a device's modules, in one
    /// transaction.
    virtual Result<void> erase(const HubName& hub, const IdentityId& id,
                               std::int64_t expected_version, EventBatch& events) = 0;

    Result<void> erase(const HubName& hub, const IdentityId& id, std::int64_t expected_version) {
        EventBatch none;
        return erase(hub, id, expected_version, none);
    }

    /// Devices, without modules. Ordered by id, after `after` (empty for the start).
    virtual Result<std::vector<Device>> list(const HubName& hub, const std::string& after,
                                             std::size_t count_max) = 0;
    /// The modules of a device, ordered by id; none of one that is not there.
    virtual Result<std::vector<Device>> modules(const HubName& hub, const DeviceId& device) = 0;
    virtual Result<IdentityCounts> counts(const HubName& hub) = 0;
};

/// One filter of a persistent session.
struct StoredSubscription {
    std::string filter; // as the device wrote it
    std::uint8_t qos = 0;
};

/// MQTT sessions of CleanSession 0 (iothub A.6): at most five filters each.
class SessionStore {
  public:
    virtual ~SessionStore() = default;
    virtual Result<std::vector<StoredSubscription>> load(const HubName& hub,
                                                         const IdentityId& id) = 0;
    /// Replaces all; an empty list removes the session.
    virtual Result<void> save(const HubName& hub, const IdentityId& id,
                              const std::vector<StoredSubscription>& subscriptions) = 0;
};

/// The stores of a hub.
struct StorePorts {
    DeviceStore& devices;
    SessionStore& sessions;
    EventStore& events;
};

} // namespace muster::hub
