#pragma once
// Reads a hub's log for somebody who wants only some of it, and knows how far it has looked: where
// nothing matches, the position still moves on, so nothing is looked at twice.

#include "hub/events/event_log.h"

#include <optional>
#include <vector>

namespace muster::hub {

struct EventFilter {
    std::optional<int> partition;     // nothing: all
    std::vector<EventSource> sources; // empty: all

    [[nodiscard]] bool takes(EventSource source) const;
};

struct EventPage {
    std::vector<Event> events;
    std::int64_t position = 0; // everything up to here was looked at: where to read on
    EventExtent log;           // of the whole log, before this was read
    // How many events after the position that was asked for retention has taken before they were
    // read, in any partition. Who starts at 0 starts with what there is, and lost nothing.
    std::int64_t lost = 0;
};

struct EventPageBounds {
    std::size_t count_max = 1000;
    std::size_t bytes_max =
        std::size_t{4} * 1024 * 1024; // reached, not passed by more than a piece
};

/// Bounded in what it looks at, too: a page may be empty though there is more behind its position.
Result<EventPage> read_page(EventLog& log, const EventFilter& filter, std::int64_t after,
                            const EventPageBounds& bounds);

} // namespace muster::hub
