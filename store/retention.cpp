#include "store/retention.h"

#include <algorithm>

namespace muster::store {

std::int64_t drops_max(std::size_t appended_count) {
    constexpr std::int64_t extra = 256;
    return static_cast<std::int64_t>(appended_count) + extra;
}

WallTime oldest_allowed(const std::vector<hub::Message>& appended,
                        const hub::Retention& retention) {
    // Keeps the subtraction below far from the ends of the calendar.
    constexpr std::chrono::hours age_limit{24 * 366 * 1000};
    const auto newest = std::ranges::max_element(appended, {}, &hub::Message::enqueued);
    return newest->enqueued - std::min(retention.age_max, age_limit);
}

std::int64_t keep_from(LogExtent log, std::int64_t young, std::int64_t dropped_max,
                       const hub::Retention& retention) {
    const std::int64_t in_count = log.last - std::max<std::int64_t>(retention.messages_max, 0) + 1;
    return std::min(std::max({log.oldest, in_count, young}), log.oldest + dropped_max);
}

} // namespace muster::store
