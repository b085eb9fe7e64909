#include "hub/limits/daily_usage.h"

#include "base/log.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace muster::hub {

namespace {

/// A thousand writes a day at most.
constexpr std::int64_t steps_per_day = 1000;

std::int64_t day_of(WallTime now) {
    return std::chrono::floor<std::chrono::days>(now).time_since_epoch().count();
}

std::chrono::seconds until_midnight(WallTime now) {
    const auto midnight = std::chrono::floor<std::chrono::days>(now) + std::chrono::days(1);
    return std::chrono::ceil<std::chrono::seconds>(midnight - now);
}

} // namespace

struct DailyUsage::State : std::enable_shared_from_this<State> {
    State(HubName name, const DailyQuota& daily, const Ports& given)
        : hub(std::move(name)), quota(daily),
          step(std::max<std::int64_t>(daily.messages / steps_per_day, 1)), ports(given) {}

    bool recall();
    [[nodiscard]] std::int64_t steps_of(std::size_t bytes) const;
    void begin(std::int64_t today);
    [[nodiscard]] std::int64_t left() const;
    void count(std::int64_t steps);
    void keep();
    void store();

    const HubName hub;
    const DailyQuota quota;
    const std::int64_t step;
    const Ports ports;
    std::mutex mutex;
    Usage used;
    std::int64_t kept = 0;   // so many are stored, or about to be
    bool is_storing = false; // a write is on its way, and has not looked yet
    std::mutex storing;      // one write at a time, the latest last
    bool recalled = false;   // with `storing`
};

/// What an earlier process has counted, on top of what this one has. False if it is not known.
bool DailyUsage::State::recall() {
    const auto stored = ports.store.load(hub);
    if (!stored) {
        log::warning("the daily usage cannot be read",
                     {{"hub", hub.text()}, {"cause", stored.error().cause}});
        return false;
    }
    const std::int64_t today = day_of(ports.clock.wall());
    const std::lock_guard lock(mutex);
    begin(today);
    if (*stored && (*stored)->day == today) {
        used.messages += (*stored)->messages;
        kept += (*stored)->messages;
    }
    return true;
}

std::int64_t DailyUsage::State::steps_of(std::size_t bytes) const {
    return static_cast<std::int64_t>(
        std::max<std::size_t>((bytes + quota.step_bytes - 1) / quota.step_bytes, 1));
}

/// A new day begins with nothing. With the mutex.
void DailyUsage::State::begin(std::int64_t today) {
    if (used.day != today) {
        used = {.day = today, .messages = 0};
        kept = 0;
    }
}

/// With the mutex, on the day that has begun.
std::int64_t DailyUsage::State::left() const {
    return std::max<std::int64_t>(quota.messages - used.messages, 0);
}

/// With the mutex.
void DailyUsage::State::count(std::int64_t steps) {
    used.messages += steps;
    keep();
}

/// With the mutex.
void DailyUsage::State::keep() {
    if (used.messages < kept || is_storing) {
        return;
    }
    kept = used.messages + step;
    is_storing = ports.workers.submit([weak = weak_from_this()] {
        if (const auto self = weak.lock()) {
            self->store();
        }
    });
    if (!is_storing) {
        kept = used.messages; // with the next one
    }
}

void DailyUsage::State::store() {
    const std::lock_guard order(storing);
    recalled = recalled || recall();
    Usage usage;
    {
        const std::lock_guard lock(mutex);
        is_storing = false;
        kept = recalled ? std::max(kept, used.messages + step) : used.messages;
        usage = {.day = used.day, .messages = kept};
    }
    if (!recalled) {
        return; // it would replace what is not known
    }
    if (const auto saved = ports.store.save(hub, usage); !saved) {
        log::warning("the daily usage cannot be stored",
                     {{"hub", hub.text()}, {"cause", saved.error().cause}});
        const std::lock_guard lock(mutex);
        kept = std::min(kept, used.messages); // again with the next one
    }
}

DailyUsage::DailyUsage(HubName hub, const DailyQuota& quota, const Ports& ports)
    : state_(std::make_shared<State>(std::move(hub), quota, ports)) {
    state_->recalled = state_->recall();
}

Result<void> DailyUsage::charge(std::span<const std::size_t> sizes) {
    std::int64_t steps = 0;
    for (const std::size_t bytes : sizes) {
        steps += state_->steps_of(bytes);
    }
    if (steps == 0) {
        return {};
    }
    const WallTime now = state_->ports.clock.wall();
    const std::lock_guard lock(state_->mutex);
    state_->begin(day_of(now));
    if (state_->left() < steps) {
        auto refusal = fail(Code::quota_exceeded, "the daily message quota is used up");
        refusal.error().retry_after = until_midnight(now);
        return refusal;
    }
    state_->count(steps);
    return {};
}

std::size_t DailyUsage::charge_up_to(std::size_t count_max, std::size_t bytes) {
    const std::int64_t steps = state_->steps_of(bytes);
    const WallTime now = state_->ports.clock.wall();
    const std::lock_guard lock(state_->mutex);
    state_->begin(day_of(now));
    const auto count = std::min(static_cast<std::int64_t>(count_max), state_->left() / steps);
    if (count > 0) {
        state_->count(count * steps);
    }
    return static_cast<std::size_t>(count);
}

Usage DailyUsage::now() const {
    const std::lock_guard lock(state_->mutex);
    return state_->used;
}

} // namespace muster::hub
