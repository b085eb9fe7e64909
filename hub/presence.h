#pragma once
// What is remembered of connections beyond the process (reference: iothub D.1): whether an identity
// is connected, for queries, and when it was last active, across restarts. Live (live.h) knows
// better at any moment, and writes it here behind, in batches.

#include "hub/identity_id.h"
#include "hub/live.h"

#include <optional>
#include <span>

namespace muster::hub {

struct PresenceChange {
    IdentityId id;
    Live::Presence presence;
};

/// Thread safe.
class PresenceStore {
  public:
    virtual ~PresenceStore() = default;

    /// In one transaction; identities that are gone are passed over.
    virtual Result<void> save(const HubName& hub, std::span<const PresenceChange> changes) = 0;

    /// Nothing if it was never connected.
    virtual Result<std::optional<Live::Presence>> find(const HubName& hub,
                                                       const IdentityId& id) = 0;

    /// A hub that starts has nobody connected yet: whoever was left as connected is not, since
    /// `now`.
    virtual Result<void> disconnect_all(const HubName& hub, WallTime now) = 0;
};

} // namespace muster::hub
