#pragma once
// The event log of one hub: one order over everything that is appended, read at least once by
// whoever keeps a position. Thread safe.

#include "base/clock.h"
#include "base/ids.h"
#include "base/task.h"
#include "hub/events/event_store.h"
#include "hub/telemetry_watch.h"

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>

namespace muster::hub {

struct EventSettings {
    // What is in the log besides telemetry. All off, as in a new hub of the real service: a million
    // devices that come back must not write a million events that nobody asked for.
    bool twin_changes = false;
    bool lifecycle = false;
    bool connection_state = false;

    int partitions = partitions_default; // 1..partitions_max
    EventRetention retention;
    std::size_t consumers_max = 20;
    std::size_t endpoints_max = 100;
    std::size_t streams_max = 100; // readers with an answer that does not end
};

class EventLog {
  public:
    EventLog(HubName hub, EventSettings settings, EventStore& store, Scheduler& timers,
             const Clock& clock);

    [[nodiscard]] const HubName& hub() const { return hub_; }

    [[nodiscard]] const EventSettings& settings() const { return settings_; }

    // ---- writing ----

    /// Stamps and stores; durable when it returns. In the order given.
    Result<void> append(std::vector<Event> events);

    /// Stamped with time and partition, for a store that keeps them with the change they tell of.
    [[nodiscard]] EventBatch prepare(std::vector<Event> events) const;
    /// To be called when that was done: wakes whoever waits.
    void stored(const EventBatch& batch);

    // ---- reading ----

    Result<std::vector<Event>> read(const EventRange& range);
    Result<EventExtent> extent(std::optional<int> partition = std::nullopt);

    /// Calls back once, on any thread, when there is an event above `after` in any partition, or
    /// time is up. Whoever waits for one partition reads, finds nothing, and waits again.
    void when_appended(std::int64_t after, std::chrono::milliseconds wait,
                       std::function<void()> ready);

    /// A right to one of the streams that the hub may have open; ends with it.
    using StreamSlot = std::shared_ptr<const void>;
    /// Error: rate_limited.
    Result<StreamSlot> take_stream_slot();

    // ---- positions ----

    /// Errors: malformed (beyond the newest event, or no such partition), quota_exceeded.
    Result<void> save_position(const EventGroup& group, std::optional<int> partition,
                               std::int64_t sequence);
    Result<std::vector<EventPosition>> positions(const EventGroup& group);
    Result<std::vector<GroupPositions>> groups(EventGroup::Kind kind);
    /// Error: not_found.
    Result<void> forget(const EventGroup& group);

  private:
    HubName hub_;
    EventSettings settings_;
    EventStore& store_;
    const Clock& clock_;
    TelemetryWatch watch_;
    std::shared_ptr<std::atomic<std::size_t>> streams_; // shared with the slots
};

/// Where to read on: the position of the partition itself, or else the one for all. Nothing if the
/// group has neither.
std::optional<std::int64_t> position_in(const std::vector<EventPosition>& positions,
                                        std::optional<int> partition);

} // namespace muster::hub
