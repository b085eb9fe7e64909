#include "hub/events/event_log.h"

#include <algorithm>
#include <utility>

namespace muster::hub {

namespace {

constexpr std::size_t read_count_max = 1000;

} // namespace

EventLog::EventLog(HubName hub, EventSettings settings, EventStore& store, Scheduler& timers,
                   const Clock& clock)
    : hub_(std::move(hub)), settings_(settings), store_(store), clock_(clock), watch_(timers),
      streams_(std::make_shared<std::atomic<std::size_t>>(0)) {}

Result<void> EventLog::append(std::vector<Event> events) {
    if (events.empty()) {
        return {};
    }
    EventBatch batch = prepare(std::move(events));
    auto appended = store_.append(hub_, batch);
    if (appended) {
        stored(batch);
    }
    return appended;
}

EventBatch EventLog::prepare(std::vector<Event> events) const {
    const WallTime now = clock_.wall();
    for (Event& event : events) {
        event.enqueued = now;
        event.partition = partition_of(event.identity.device, settings_.partitions);
    }
    return {.events = std::move(events), .retention = settings_.retention};
}

void EventLog::stored(const EventBatch& batch) {
    if (!batch.events.empty()) {
        watch_.appended(batch.last_sequence());
    }
}

Result<std::vector<Event>> EventLog::read(const EventRange& range) {
    EventRange bounded = range;
    bounded.count_max = std::min(range.count_max, read_count_max);
    return store_.read(hub_, bounded);
}

Result<EventExtent> EventLog::extent(std::optional<int> partition) {
    return store_.extent(hub_, partition);
}

void EventLog::when_appended(std::int64_t after, std::chrono::milliseconds wait,
                             std::function<void()> ready) {
    const std::uint64_t waiter = watch_.add(after, wait, std::move(ready));
    // Asked after the waiter is in place, or an event in between would be missed. A store that
    // fails is found out by whoever reads next.
    const auto extent = store_.extent(hub_, std::nullopt);
    if (!extent || extent->last > after) {
        watch_.wake(waiter);
    }
}

Result<EventLog::StreamSlot> EventLog::take_stream_slot() {
    if (streams_->fetch_add(1) >= settings_.streams_max) {
        streams_->fetch_sub(1);
        return std::unexpected(Error{.code = Code::rate_limited,
                                     .detail = "the hub has as many streams open as it may",
                                     .cause = {},
                                     .retry_after = std::chrono::seconds(10)});
    }
    // The slot's value means nothing: what counts is its end.
    return StreamSlot(streams_.get(), [streams = streams_](const void*) { --*streams; });
}

Result<void> EventLog::save_position(const EventGroup& group, std::optional<int> partition,
                                     std::int64_t sequence) {
    if (partition && (*partition < 0 || *partition >= settings_.partitions)) {
        return fail(Code::malformed, "there is no such partition");
    }
    const bool consumer = group.kind == EventGroup::Kind::consumer;
    return store_.save_position(
        hub_, group, {.partition = partition, .sequence = sequence, .saved = clock_.wall()},
        consumer ? settings_.consumers_max : settings_.endpoints_max);
}

Result<std::vector<EventPosition>> EventLog::positions(const EventGroup& group) {
    return store_.positions(hub_, group);
}

Result<std::vector<GroupPositions>> EventLog::groups(EventGroup::Kind kind) {
    return store_.groups(hub_, kind);
}

Result<void> EventLog::forget(const EventGroup& group) {
    return store_.erase_positions(hub_, group);
}

std::optional<std::int64_t> position_in(const std::vector<EventPosition>& positions,
                                        std::optional<int> partition) {
    std::optional<std::int64_t> found;
    for (const EventPosition& position : positions) {
        if (position.partition == partition) {
            return position.sequence;
        }
        if (!position.partition) {
            found = position.sequence;
        }
    }
    return found;
}

} // namespace muster::hub
