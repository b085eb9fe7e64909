#include "hub/routing/delivery.h"

#include <algorithm>
#include <utility>

namespace muster::hub {

Delivery::Delivery(std::int64_t position, const DeliveryLimits& limits)
    : limits_(limits), stored_(position), position_(position), events_max_(limits.events_max) {}

Delivery::Step Delivery::read() const {
    return Read{.range = {.after = position_,
                          .partition = std::nullopt,
                          .count_max = events_max_,
                          .bytes_max = limits_.bytes_max}};
}

Delivery::Step Delivery::on_read(std::span<const Event> batch) {
    if (batch.empty()) {
        failures_ = 0;
        // Whoever looked at events in vain stores that when nothing else happens for a while.
        const bool is_quiet = std::exchange(was_idle_, true);
        return is_quiet && position_ != stored_ ? Step(Save{position_}) : Step(Wait{position_});
    }
    was_idle_ = false;
    const std::int64_t missing = batch.front().sequence - position_ - 1;
    if (missing > 0) { // counted once: from here on they are behind us
        lost_ += missing;
        position_ = batch.front().sequence - 1;
    }
    batch_end_ = batch.back().sequence;
    return Send{};
}

Delivery::Step Delivery::on_routed(std::size_t wanted) {
    if (wanted > 0) {
        return Send{};
    }
    position_ = batch_end_;
    return position_ - stored_ >= limits_.passed_over_max ? Step(Save{position_}) : read();
}

Delivery::Step Delivery::on_sent() {
    failures_ = 0;
    events_max_ = std::min(events_max_ * 2, limits_.events_max);
    position_ = batch_end_;
    must_save_ = true;
    return Save{position_};
}

Delivery::Step Delivery::on_saved() {
    failures_ = 0;
    must_save_ = false;
    stored_ = position_;
    return read();
}

Delivery::Step Delivery::on_failure(const Error& error, double jitter) {
    // A smaller batch may be what it can take; and what it can never take comes to stand alone.
    events_max_ = std::max<std::size_t>(events_max_ / 2, 1);
    const auto time = pause(error, jitter);
    ++failures_;
    return Pause{time};
}

Delivery::Step Delivery::on_resumed() {
    return must_save_ ? Step(Save{position_}) : read();
}

/// Between half of what is due and all of it, so that endpoints that failed together do not come
/// back together.
std::chrono::milliseconds Delivery::pause(const Error& error, double jitter) const {
    using std::chrono::milliseconds;
    constexpr int doublings_max = 20;
    const int doublings = std::min(failures_, doublings_max);
    const auto due =
        std::min<std::int64_t>(limits_.pause_min.count() << doublings, limits_.pause_max.count());
    const milliseconds ours(due / 2 +
                            static_cast<std::int64_t>(jitter * static_cast<double>(due) / 2));
    const milliseconds asked = error.retry_after
                                   ? std::chrono::duration_cast<milliseconds>(*error.retry_after)
                                   : milliseconds(0);
    return std::max(ours, std::clamp(asked, milliseconds(0), limits_.asked_max));
}

} // namespace muster::hub
