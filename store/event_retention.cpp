#include "store/event_retention.h"

#include <algorithm>

namespace muster::store {

namespace {

constexpr std::size_t extra = 256;

WallTime oldest_allowed(const hub::EventBatch& appended) {
    // Keeps the subtraction below far from the ends of the calendar.
    constexpr std::chrono::hours age_limit{24 * 366 * 1000};
    const auto newest = std::ranges::max_element(appended.events, {}, &hub::Event::enqueued);
    return newest->enqueued - std::min(appended.retention.age_max, age_limit);
}

} // namespace

EventRetentionWalk::EventRetentionWalk(const hub::EventBatch& appended, const LogTotals& log)
    : log_(log), retention_(appended.retention), oldest_allowed_(oldest_allowed(appended)),
      budget_(static_cast<std::int64_t>(appended.events.size() + extra)) {}

bool EventRetentionWalk::drops(const OldEvent& event) {
    const bool too_many =
        event.sequence <= log_.last - std::max<std::int64_t>(retention_.events_max, 0);
    const bool too_large = log_.bytes - dropped_bytes_ > retention_.bytes_max;
    const bool too_old = event.enqueued < oldest_allowed_;
    if (budget_ == 0 || !(too_many || too_large || too_old)) {
        return false;
    }
    --budget_;
    dropped_bytes_ += event.bytes;
    dropped_last_ = event.sequence;
    return true;
}

std::vector<std::size_t> pieces_to_look_at(std::size_t appended_count) {
    return {1, appended_count, extra - 1};
}

} // namespace muster::store
