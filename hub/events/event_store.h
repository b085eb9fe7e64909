#pragma once
// What the event log needs of the outside. The rules of hub/ports.h hold.

#include "hub/events/event.h"

#include <optional>
#include <string>
#include <vector>

namespace muster::hub {

/// Which events to read, oldest first.
struct EventRange {
    std::int64_t after = 0;       // those with a higher sequence
    std::optional<int> partition; // nothing: all
    std::size_t count_max = 1000;
    // Ends with the event that reaches it: an event that is larger than this is read by itself.
    std::size_t bytes_max = std::size_t{4} * 1024 * 1024;
};

/// Which events there are. With a partition the sequences between are not all its own.
struct EventExtent {
    std::int64_t first = 1; // of the oldest one there is; last + 1 if there is none
    std::int64_t last = 0;  // nothing newer was ever appended
};

/// Who reads the log and has positions stored: a consumer behind the service API, or an endpoint
/// that events are routed to.
struct EventGroup {
    enum class Kind : std::uint8_t { consumer, endpoint };

    Kind kind = Kind::consumer;
    std::string name;

    friend auto operator<=>(const EventGroup&, const EventGroup&) = default;
};

/// How far a group has come: everything up to this sequence is done with.
struct EventPosition {
    std::optional<int> partition; // nothing: one position for all of them
    std::int64_t sequence = 0;
    WallTime saved; // when

    friend bool operator==(const EventPosition&, const EventPosition&) = default;
};

struct GroupPositions {
    EventGroup group;
    std::vector<EventPosition> positions; // for all partitions first, then by partition
};

class EventStore {
  public:
    virtual ~EventStore() = default;

    /// Appends in the given order, in one transaction; gives out the sequences, and drops what
    /// retention no longer covers (at most a little more than it appends, so that no append is
    /// slow).
    virtual Result<void> append(const HubName& hub, EventBatch& batch) = 0;

    virtual Result<std::vector<Event>> read(const HubName& hub, const EventRange& range) = 0;

    /// Of one partition, or of all.
    virtual Result<EventExtent> extent(const HubName& hub, std::optional<int> partition) = 0;

    /// The last writer wins. Errors: malformed (beyond the newest event), quota_exceeded (the group
    /// is new and there are groups_max of its kind).
    virtual Result<void> save_position(const HubName& hub, const EventGroup& group,
                                       const EventPosition& position, std::size_t groups_max) = 0;

    /// Empty if the group has none.
    virtual Result<std::vector<EventPosition>> positions(const HubName& hub,
                                                         const EventGroup& group) = 0;

    /// By name. As many as groups_max ever allowed.
    virtual Result<std::vector<GroupPositions>> groups(const HubName& hub,
                                                       EventGroup::Kind kind) = 0;

    /// All positions of the group. Error: not_found.
    virtual Result<void> erase_positions(const HubName& hub, const EventGroup& group) = 0;
};

} // namespace muster::hub
