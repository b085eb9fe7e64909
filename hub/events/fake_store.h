#pragma once
// The event log in memory, for the tests of this folder and of those above it. Of retention it
// knows the number only.

#include "base/ids.h"
#include "hub/events/event_store.h"

#include <algorithm>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

namespace muster::hub::fakes {

class Events final : public EventStore {
  public:
    Result<void> append(const HubName&, EventBatch& batch) override {
        const std::lock_guard lock(mutex_);
        if (failure) {
            return std::unexpected(*std::exchange(failure, std::nullopt));
        }
        keep(batch);
        return {};
    }

    /// With a change: what Devices does in the real store's transaction.
    void append_with_change(EventBatch& batch) {
        const std::lock_guard lock(mutex_);
        keep(batch);
    }

    Result<std::vector<Event>> read(const HubName&, const EventRange& range) override {
        const std::lock_guard lock(mutex_);
        std::vector<Event> page;
        std::size_t bytes = 0;
        for (const Event& event : events_) {
            const bool wanted = !range.partition || event.partition == *range.partition;
            if (event.sequence > range.after && wanted && page.size() < range.count_max &&
                bytes < range.bytes_max) {
                page.push_back(event);
                bytes += bytes_of(event);
            }
        }
        return page;
    }

    Result<EventExtent> extent(const HubName&, std::optional<int> partition) override {
        if (auto hook = std::exchange(before_extent, nullptr)) {
            hook();
        }
        const std::lock_guard lock(mutex_);
        if (failure) {
            return std::unexpected(*std::exchange(failure, std::nullopt));
        }
        EventExtent extent{.first = last_ + 1, .last = last_};
        for (const Event& event : events_) {
            if (!partition || event.partition == *partition) {
                extent.first = std::min(extent.first, event.sequence);
                extent.last = event.sequence;
            }
        }
        return extent;
    }

    Result<void> save_position(const HubName&, const EventGroup& group,
                               const EventPosition& position, std::size_t groups_max) override {
        const std::lock_guard lock(mutex_);
        if (position.sequence < 0 || position.sequence > last_) {
            return fail(Code::malformed, "there is no event at that position yet");
        }
        if (!groups_.contains(group) && groups_.size() >= groups_max) {
            return fail(Code::quota_exceeded, "too many");
        }
        groups_[group][position.partition] = position;
        return {};
    }

    Result<std::vector<EventPosition>> positions(const HubName&, const EventGroup& group) override {
        const std::lock_guard lock(mutex_);
        const auto found = groups_.find(group);
        return found == groups_.end() ? std::vector<EventPosition>() : listed(found->second);
    }

    Result<std::vector<GroupPositions>> groups(const HubName&, EventGroup::Kind kind) override {
        const std::lock_guard lock(mutex_);
        std::vector<GroupPositions> found;
        for (const auto& [group, positions] : groups_) {
            if (group.kind == kind) {
                found.push_back({group, listed(positions)});
            }
        }
        return found;
    }

    Result<void> erase_positions(const HubName&, const EventGroup& group) override {
        const std::lock_guard lock(mutex_);
        return groups_.erase(group) > 0 ? Result<void>() : fail(Code::not_found, "no position");
    }

    std::optional<Error> failure; // of the next call
    std::function<void()> before_extent;

  private:
    using ByPartition = std::map<std::optional<int>, EventPosition>;

    static std::vector<EventPosition> listed(const ByPartition& positions) {
        std::vector<EventPosition> list;
        for (const auto& [partition, position] : positions) {
            list.push_back(position);
        }
        return list;
    }

    void keep(EventBatch& batch) {
        for (Event& event : batch.events) {
            event.sequence = ++last_;
            events_.push_back(event);
        }
        while (events_.size() > static_cast<std::size_t>(batch.retention.events_max)) {
            events_.pop_front();
        }
    }

    std::mutex mutex_;
    std::deque<Event> events_;
    std::int64_t last_ = 0;
    std::map<EventGroup, ByPartition> groups_;
};

} // namespace muster::hub::fakes
