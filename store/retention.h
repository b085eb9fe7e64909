#pragma once
// Which telemetry goes when new telemetry comes. Messages leave in the order they came, and one
// append takes at most a little more away than it brings: however much has become too old, no
// append is slow, and the log still shrinks to its bounds.

#include "hub/telemetry.h"

#include <cstdint>
#include <vector>

namespace muster::store {

/// The messages of one hub have sequences oldest..last without a gap.
struct LogExtent {
    std::int64_t oldest = 1;
    std::int64_t last = 0;
};

/// How many messages the append of so many may drop.
std::int64_t drops_max(std::size_t appended_count);

/// Messages enqueued before this are too old. Time is what the newest message says it is.
WallTime oldest_allowed(const std::vector<hub::Message>& appended, const hub::Retention& retention);

/// The first sequence to keep. `young` is the first that is not too old, last + 1 if none is;
/// looking no further than oldest + dropped_max is enough.
std::int64_t keep_from(LogExtent log, std::int64_t young, std::int64_t dropped_max,
                       const hub::Retention& retention);

} // namespace muster::store
