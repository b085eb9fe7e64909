#include "hub/events/event_reader.h"

#include <algorithm>
#include <utility>

namespace muster::hub {

namespace {

constexpr int reads_max = 16;
// Bodies may be large: what is read at once, and then perhaps not wanted, is bounded.
constexpr std::size_t read_bytes_max = std::size_t{512} * 1024;

/// Events that retention took from whoever had come as far as `after`.
std::int64_t lost_after(std::int64_t after, const EventExtent& log) {
    return after > 0 ? std::max<std::int64_t>(log.first - after - 1, 0) : 0;
}

} // namespace

bool EventFilter::takes(EventSource source) const {
    return sources.empty() || std::ranges::find(sources, source) != sources.end();
}

Result<EventPage> read_page(EventLog& log, const EventFilter& filter, std::int64_t after,
                            const EventPageBounds& bounds) {
    const auto extent = log.extent();
    if (!extent) {
        return std::unexpected(extent.error());
    }
    EventPage page{
        .events = {}, .position = after, .log = *extent, .lost = lost_after(after, *extent)};
    std::size_t bytes = 0;
    for (int reads = 0; reads < reads_max && page.position < extent->last &&
                        page.events.size() < bounds.count_max && bytes < bounds.bytes_max;
         ++reads) {
        auto piece = log.read({.after = page.position,
                               .partition = filter.partition,
                               .count_max = bounds.count_max - page.events.size(),
                               .bytes_max = std::min(bounds.bytes_max - bytes, read_bytes_max)});
        if (!piece) {
            return std::unexpected(piece.error());
        }
        // Nothing of the partition up to the end that was seen before it was read.
        page.position = piece->empty() ? extent->last : piece->back().sequence;
        for (Event& event : *piece) {
            if (filter.takes(event.source)) {
                bytes += bytes_of(event);
                page.events.push_back(std::move(event));
            }
        }
    }
    return page;
}

} // namespace muster::hub
