#include "hub/limits/limiter.h"

#include <algorithm>
#include <utility>

namespace muster::hub {

Limiter::Limiter(const HubName& hub, const Limits& limits, const DailyUsage::Ports& ports)
    : wait_max_(limits.wait_max), clock_(ports.clock) {
    for (std::size_t i = 0; i < operations_count; ++i) {
        gauges_.at(i).bucket = TokenBucket(limits.rates.at(i));
    }
    if (limits.quota) {
        usage_.emplace(hub, *limits.quota, ports);
    }
}

Result<std::chrono::milliseconds> Limiter::admit(Operation operation, double cost, Sizes charged) {
    Gauge& gauge = gauges_.at(static_cast<std::size_t>(operation));
    Turn turn;
    {
        const std::lock_guard lock(gauge.mutex);
        turn = gauge.bucket.take(cost, wait_max_, clock_.steady());
    }
    if (turn.admitted) {
        if (auto paid = charge(charged); !paid) {
            give_back(operation, cost);
            return std::unexpected(std::move(paid.error()));
        }
        return turn.wait;
    }
    auto refusal = fail(Code::rate_limited, "too many requests of this kind, try again later");
    refusal.error().retry_after =
        std::max(std::chrono::ceil<std::chrono::seconds>(turn.wait), std::chrono::seconds(1));
    return refusal;
}

void Limiter::give_back(Operation operation, double cost) {
    Gauge& gauge = gauges_.at(static_cast<std::size_t>(operation));
    const std::lock_guard lock(gauge.mutex);
    gauge.bucket.give_back(cost);
}

std::size_t Limiter::admit_some(Operation operation, std::size_t wanted, std::size_t bytes_each) {
    Gauge& gauge = gauges_.at(static_cast<std::size_t>(operation));
    std::size_t admitted = 0;
    {
        const std::lock_guard lock(gauge.mutex);
        admitted = gauge.bucket.take_up_to(wanted, clock_.steady());
    }
    const std::size_t paid = usage_ ? usage_->charge_up_to(admitted, bytes_each) : admitted;
    give_back(operation, static_cast<double>(admitted - paid));
    return paid;
}

Result<void> Limiter::charge(Sizes charged) {
    return usage_ ? usage_->charge(charged) : Result<void>();
}

double method_cost(std::size_t payload_bytes) {
    const std::size_t steps = (payload_bytes + method_step_bytes - 1) / method_step_bytes;
    return static_cast<double>(std::max<std::size_t>(steps, 1) * method_step_bytes);
}

} // namespace muster::hub
