#pragma once
// What a hub's event log holds: what devices sent, and what happened to them (reference: iothub
// A.8, D.2).

#include "base/clock.h"
#include "base/result.h"
#include "hub/identity_id.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace muster::hub {

enum class EventSource : std::uint8_t { telemetry, twin_change, lifecycle, connection_state };

/// The word of `iothub-message-source`: "Telemetry", "twinChangeEvents", "deviceLifecycleEvents",
/// "deviceConnectionStateEvents".
std::string_view name_of(EventSource source);

/// Reads what name_of() writes, in any case. Error: malformed.
Result<EventSource> parse_event_source(std::string_view text);

/// Names and values are any bytes; names that start with `$.` are system properties (A.8).
using EventProperties = std::vector<std::pair<std::string, std::string>>;

struct Event {
    std::int64_t sequence = 0; // 1, 2, 3, ... per hub, over all partitions; given by the store
    int partition = 0;         // from 0; see partition_of()
    EventSource source = EventSource::telemetry;
    IdentityId identity; // whose it is
    WallTime enqueued;
    EventProperties properties;
    std::string auth_method;   // JSON text of iothub-connection-auth-method; empty if none sent it
    std::string generation_id; // of the identity
    std::string model_id;      // dt-dataschema, empty if none
    std::string body;
};

inline constexpr int partitions_max = 32; // B.15
inline constexpr int partitions_default = 4;

/// Where the events of a device and of its modules go, from 0. The same on every machine and in
/// every version; events stored before the number of partitions was changed stay where they are.
int partition_of(const DeviceId& device, int partition_count);

/// What an event counts for where bytes are bounded: ids, properties, body, and what a row costs.
std::size_t bytes_of(const Event& event);

/// The oldest events go first when any bound is passed; looked at with every append.
struct EventRetention {
    std::int64_t events_max = 1'000'000;
    std::int64_t bytes_max = std::int64_t{16} * 1024 * 1024 * 1024;
    std::chrono::hours age_max{24 * 7};
};

/// Events to be stored together, or in the transaction of the change that they tell of.
struct EventBatch {
    std::vector<Event> events;
    EventRetention retention;

    /// Of the newest one, once stored; 0 if there are none.
    [[nodiscard]] std::int64_t last_sequence() const {
        return events.empty() ? 0 : events.back().sequence;
    }
};

} // namespace muster::hub
