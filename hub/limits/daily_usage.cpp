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

    void recall();
    void begin(std::int64_t today);
    void keep();
    void store();

    const HubName hub;
    const DailyQuota quota;
    const std::int64_t step;
    const Ports ports;
    std::mutex mutex;
    Usage used;
    std::int64_t kept = 0; // so many are stored, or about to be
    std::mutex storing;    // one write at a time, the latest last
};

/// What an earlier process has counted.
void DailyUsage::State::recall() {
    const auto stored = ports.store.load(hub);
    if (!stored) {
        log::warning("the daily usage cannot be read and begins anew",
                     {{"hub", hub.text()}, {"cause", stored.error().cause}});
    } else if (*stored) {
        used = **stored;
        kept = used.messages;
    }
}

/// A new day begins with nothing. With the mutex.
void DailyUsage::State::begin(std::int64_t today) {
    if (used.day != today) {
        used = {.day = today, .messages = 0};
        kept = 0;
    }
}

/// With the mutex.
void DailyUsage::State::keep() {
    if (used.messages < kept) {
        return;
    }
    kept = used.messages + step;
    const bool queued = ports.workers.submit([weak = weak_from_this()] {
        if (const auto self = weak.lock()) {
            self->store();
        }
    });
    if (!queued) {
        kept = used.messages; // with the next one
    }
}

void DailyUsage::State::store() {
    const std::lock_guard order(storing);
    Usage usage;
    {
        const std::lock_guard lock(mutex);
        usage = {.day = used.day, .messages = kept};
    }
    if (const auto saved = ports.store.save(hub, usage); !saved) {
        log::warning("the daily usage cannot be stored",
                     {{"hub", hub.text()}, {"cause", saved.error().cause}});
    }
}

DailyUsage::DailyUsage(HubName hub, const DailyQuota& quota, const Ports& ports)
    : state_(std::make_shared<State>(std::move(hub), quota, ports)) {
    state_->recall();
}

Result<void> DailyUsage::charge(std::size_t bytes) {
    const WallTime now = state_->ports.clock.wall();
    const std::size_t step_bytes = state_->quota.step_bytes;
    const auto steps =
        static_cast<std::int64_t>(std::max<std::size_t>((bytes + step_bytes - 1) / step_bytes, 1));
    const std::lock_guard lock(state_->mutex);
    state_->begin(day_of(now));
    if (state_->used.messages + steps > state_->quota.messages) {
        auto refusal = fail(Code::quota_exceeded, "the daily message quota is used up");
        refusal.error().retry_after = until_midnight(now);
        return refusal;
    }
    state_->used.messages += steps;
    state_->keep();
    return {};
}

Usage DailyUsage::now() const {
    const std::lock_guard lock(state_->mutex);
    return state_->used;
}

} // namespace muster::hub
