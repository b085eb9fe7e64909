#pragma once
// What a hub itself says about its devices: life cycle, twins and connections (reference: iothub
// D.2). Pure functions from a change to the event that tells of it; sequence, partition and time of
// arrival are added by the log.

#include "base/clock.h"
#include "base/ids.h"
#include "base/json.h"
#include "hub/events/event.h"
#include "hub/twin.h"

#include <optional>
#include <string>

namespace muster::hub {

/// What all of them say.
struct ChangeOrigin {
    HubName hub;
    IdentityId identity;
    WallTime at;
    std::string correlation; // opaque, another one for every event
};

/// "hub-1" of "hub-1.example.org"; an address stays whole. What `hubName` and the user id are.
std::string short_name_of(const HubName& hub);

enum class LifecycleChange : std::uint8_t { created, deleted };

/// The body is the twin that was made or is gone.
Event lifecycle_event(const ChangeOrigin& origin, LifecycleChange change, const Twin& twin);

/// What was merged into a twin; nulls delete.
struct TwinChange {
    std::optional<JsonObject> tags;
    std::optional<JsonObject> desired;
    std::optional<JsonObject> reported;
    bool model_id = false;
};

/// The body is what changed, nulls included, with the metadata that `next` has of it: merging the
/// values of all such events in their order gives the twin.
Event twin_updated_event(const ChangeOrigin& origin, const TwinChange& change, const Twin& next);

/// The body is the whole twin.
Event twin_replaced_event(const ChangeOrigin& origin, const Twin& next);

enum class ConnectionChange : std::uint8_t { connected, disconnected };

/// Orders connection events of an identity, over restarts too.
struct ConnectionOrder {
    std::uint64_t start = 0;   // higher at every start of the hub
    std::uint64_t counter = 0; // higher at every event
};

Event connection_event(const ChangeOrigin& origin, ConnectionChange change,
                       const ConnectionOrder& order);

} // namespace muster::hub
