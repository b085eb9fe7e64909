#pragma once
// Which events go when new ones come. Events leave in the order they came, and one append takes at
// most a little more away than it brings: however much has become too old, no append is slow, and
// the log still shrinks to its bounds.

#include "hub/events/event.h"

#include <cstdint>
#include <vector>

namespace muster::store {

/// A hub's log after an append.
struct LogTotals {
    std::int64_t last = 0;  // sequence; there is no gap before it
    std::int64_t bytes = 0; // of all events
};

/// What is looked at of the oldest events.
struct OldEvent {
    std::int64_t sequence = 0;
    std::int64_t bytes = 0;
    WallTime enqueued;
};

class EventRetentionWalk {
  public:
    /// Time is what the newest event says it is.
    EventRetentionWalk(const hub::EventBatch& appended, const LogTotals& log);

    /// To be asked from the oldest event on. False: this one stays, and so does all after it.
    bool drops(const OldEvent& event);

    [[nodiscard]] std::int64_t dropped_bytes() const { return dropped_bytes_; }

    /// The last one that goes, 0 if none does.
    [[nodiscard]] std::int64_t dropped_last() const { return dropped_last_; }

  private:
    LogTotals log_;
    hub::EventRetention retention_;
    WallTime oldest_allowed_;
    std::int64_t budget_; // how many more may go
    std::int64_t dropped_bytes_ = 0;
    std::int64_t dropped_last_ = 0;
};

/// How many events are worth being looked at in one piece, in this order: mostly nothing or as
/// many as came must go.
std::vector<std::size_t> pieces_to_look_at(std::size_t appended_count);

} // namespace muster::store
