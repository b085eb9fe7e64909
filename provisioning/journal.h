#pragma once
// What happened to devices, for the people who run the fleet: each refusal with its reasons, each
// verdict and assignment. Bounded per device and per scope; the audit trail (audit.h) is the record
// that is never cut.

#include "base/clock.h"
#include "base/ids.h"
#include "base/json.h"
#include "base/result.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace muster::provisioning {

enum class DeviceEventKind : std::uint8_t {
    refused,  // the attempt did not prove itself, or was not let in
    declined, // proven, and told no: disabled, no hub
    assigned, // a hub was chosen and has confirmed
    failed,   // the hub did not take the device
    erased,   // an operator deleted the record
};

inline constexpr DeviceEventKind device_event_kinds[] = {
    DeviceEventKind::refused, DeviceEventKind::declined, DeviceEventKind::assigned,
    DeviceEventKind::failed,  DeviceEventKind::erased,
};

std::string_view to_string(DeviceEventKind kind);

/// The device was told no, whoever said it.
constexpr bool is_refusal(DeviceEventKind kind) {
    return kind == DeviceEventKind::refused || kind == DeviceEventKind::declined ||
           kind == DeviceEventKind::failed;
}

struct DeviceEvent {
    std::int64_t sequence = 0; // given by the store; grows within a scope
    WallTime at;
    DeviceEventKind kind = DeviceEventKind::refused;
    std::string registration_id; // as the device spelled it; it need not be a valid one
    std::string tracking_id;     // empty if the event has none
    std::string group;           // that decided or was the last considered, if any
    JsonObject detail;           // Explanation, hub, error code, peer; no secrets
};

/// All that are given must hold.
struct JournalQuery {
    std::optional<std::string> registration_id; // without regard to case
    std::optional<std::string> tracking_id;
    std::optional<std::string> group;
    std::optional<WallTime> from;  // this moment included
    std::optional<WallTime> until; // this one not
    bool refusals_only = false;    // is_refusal()
};

struct JournalBounds {
    std::int64_t events_per_device = 64;
    std::int64_t events_per_scope = 200'000;
};

/// Thread safe.
class JournalStore {
  public:
    virtual ~JournalStore() = default;

    /// One transaction; what exceeds the bounds is dropped, the oldest first.
    virtual Result<void> append(const IdScope& scope, std::span<const DeviceEvent> events) = 0;

    /// Newest first, below `before` (0: from the newest).
    virtual Result<std::vector<DeviceEvent>> find(const IdScope& scope, const JournalQuery& query,
                                                  std::int64_t before, std::size_t count_max) = 0;
};

} // namespace muster::provisioning
