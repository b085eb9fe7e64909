#pragma once
// What a hub needs of the outside, one small port per family of use cases.
//
// Thread rule: every port may be called from any worker. A write is durable when it returns.
// Versions: a write names the version it expects (0: not there yet); a mismatch is Code::conflict
// (already_exists for 0) and changes nothing. The hub's name is part of every key.

#include "base/ids.h"
#include "base/result.h"
#include "hub/configurations/configuration_store.h"
#include "hub/device.h"
#include "hub/events/event_store.h"
#include "hub/identity_id.h"
#include "hub/jobs/job_store.h"
#include "hub/limits/daily_usage.h"
#include "hub/messages/message.h"
#include "hub/presence.h"
#include "hub/twin.h"
#include "hub/twin_queries.h"

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

/// The queues of messages to devices (iothub A.9). A queue goes with its identity.
class MessageStore {
  public:
    virtual ~MessageStore() = default;

    virtual Result<MessageQueue> load_queue(const HubName& hub, const IdentityId& id) = 0;
    /// All of it in one transaction, the feedback too, whose oldest records beyond the bound go. A
    /// queue comes into being with its first message. not_found if there is no such identity.
    virtual Result<void> save_queue(const HubName& hub, const IdentityId& id,
                                    const QueueChange& change, std::int64_t expected_version) = 0;

    /// Those of these sequences that are still there, oldest first.
    virtual Result<std::vector<CloudMessage>>
    read_messages(const HubName& hub, const IdentityId& id,
                  std::span<const std::int64_t> sequences) = 0;

    /// How many messages wait for each of them; 0 for an identity that is not known.
    virtual Result<std::vector<std::int64_t>> counts(const HubName& hub,
                                                     std::span<const IdentityId> ids) = 0;

    /// Whose queues hold the messages that expired first, at or before `now`, and are not locked
    /// then; so many messages are looked at.
    virtual Result<std::vector<IdentityId>> with_expired(const HubName& hub, WallTime now,
                                                         std::size_t count_max) = 0;
};

/// What became of messages whose senders want to know (iothub B.14).
class FeedbackStore {
  public:
    virtual ~FeedbackStore() = default;

    /// Records of `since` or later, oldest first.
    virtual Result<std::vector<FeedbackRecord>> read_feedback(const HubName& hub, WallTime since,
                                                              std::size_t count_max) = 0;
    virtual Result<void> erase_feedback(const HubName& hub,
                                        std::span<const std::int64_t> sequences) = 0;
    /// Drops the oldest ones that are older than `before`, and tells how many.
    virtual Result<std::int64_t> drop_feedback(const HubName& hub, WallTime before,
                                               std::size_t count_max) = 0;
};

/// The stores of a hub.
struct StorePorts {
    DeviceStore& devices;
    SessionStore& sessions;
    EventStore& events;
    MessageStore& messages;
    FeedbackStore& feedback;
    TwinQueries& queries;
    PresenceStore& presences;
    JobStore& jobs;
    ConfigurationStore& configurations;
    UsageStore& usage;
};

} // namespace muster::hub
