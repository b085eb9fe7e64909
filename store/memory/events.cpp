#include "store/event_retention.h"
#include "store/memory/ports.h"
#include "store/outcomes.h"

#include <algorithm>

namespace muster::store::memory {

using hub::Event;
using hub::EventGroup;
using hub::EventPosition;

namespace {

bool is_in(const Event& event, std::optional<int> partition) {
    return !partition || event.partition == *partition;
}

} // namespace

void append_events(Tables& tables, const HubName& hub, hub::EventBatch& batch) {
    if (batch.events.empty()) {
        return;
    }
    EventRows& log = tables.events[hub.text()];
    for (Event& event : batch.events) {
        event.sequence = ++log.totals.last;
        log.totals.bytes += static_cast<std::int64_t>(bytes_of(event));
        log.events.push_back(event);
    }
    EventRetentionWalk walk(batch, log.totals);
    while (!log.events.empty() &&
           walk.drops({.sequence = log.events.front().sequence,
                       .bytes = static_cast<std::int64_t>(bytes_of(log.events.front())),
                       .enqueued = log.events.front().enqueued})) {
        log.events.pop_front();
    }
    log.totals.bytes -= walk.dropped_bytes();
}

Result<void> Events::append(const HubName& hub, hub::EventBatch& batch) {
    const std::scoped_lock lock(tables_.mutex);
    append_events(tables_, hub, batch);
    return {};
}

Result<std::vector<Event>> Events::read(const HubName& hub, const hub::EventRange& range) {
    const std::scoped_lock lock(tables_.mutex);
    std::vector<Event> page;
    std::size_t bytes = 0;
    for (const Event& event : tables_.events[hub.text()].events) {
        if (event.sequence > range.after && is_in(event, range.partition) &&
            page.size() < range.count_max && bytes < range.bytes_max) {
            page.push_back(event);
            bytes += bytes_of(event);
        }
    }
    return page;
}

Result<hub::EventExtent> Events::extent(const HubName& hub, std::optional<int> partition) {
    const std::scoped_lock lock(tables_.mutex);
    const EventRows& log = tables_.events[hub.text()];
    hub::EventExtent extent{.first = log.totals.last + 1, .last = log.totals.last};
    for (const Event& event : log.events) {
        if (is_in(event, partition)) {
            extent.first = std::min(extent.first, event.sequence);
            extent.last = event.sequence;
        }
    }
    return extent;
}

Result<void> Events::save_position(const HubName& hub, const EventGroup& group,
                                   const EventPosition& position, std::size_t groups_max) {
    const std::scoped_lock lock(tables_.mutex);
    if (position.sequence < 0 || position.sequence > tables_.events[hub.text()].totals.last) {
        return position_out_of_range();
    }
    auto& groups = tables_.event_positions[hub.text()];
    const auto of_kind = std::ranges::count_if(
        groups, [&](const auto& known) { return known.first.kind == group.kind; });
    if (!groups.contains(group) && of_kind >= static_cast<std::ptrdiff_t>(groups_max)) {
        return too_many_event_groups();
    }
    groups[group][position.partition] = position;
    return {};
}

Result<std::vector<EventPosition>> Events::positions(const HubName& hub, const EventGroup& group) {
    const std::scoped_lock lock(tables_.mutex);
    std::vector<EventPosition> positions;
    const auto& groups = tables_.event_positions[hub.text()];
    if (const auto found = groups.find(group); found != groups.end()) {
        for (const auto& [partition, position] : found->second) {
            positions.push_back(position);
        }
    }
    return positions;
}

Result<std::vector<hub::GroupPositions>> Events::groups(const HubName& hub, EventGroup::Kind kind) {
    const std::scoped_lock lock(tables_.mutex);
    std::vector<hub::GroupPositions> groups;
    for (const auto& [group, positions] : tables_.event_positions[hub.text()]) {
        if (group.kind == kind) {
            groups.push_back({.group = group, .positions = {}});
            for (const auto& [partition, position] : positions) {
                groups.back().positions.push_back(position);
            }
        }
    }
    return groups;
}

Result<void> Events::erase_positions(const HubName& hub, const EventGroup& group) {
    const std::scoped_lock lock(tables_.mutex);
    return tables_.event_positions[hub.text()].erase(group) > 0 ? Result<void>() : no_such_group();
}

} // namespace muster::store::memory
