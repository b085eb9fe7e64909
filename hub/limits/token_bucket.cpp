#include "hub/limits/token_bucket.h"

#include <algorithm>
#include <cmath>

namespace muster::hub {

void TokenBucket::fill(SteadyTime now) {
    using Seconds = std::chrono::duration<double>;
    if (filled_ != SteadyTime() && now > filled_) {
        tokens_ =
            std::min(rate_.burst, tokens_ + Seconds(now - filled_).count() * rate_.per_second);
    }
    filled_ = std::max(filled_, now);
}

void TokenBucket::give_back(double cost) {
    tokens_ = std::min(rate_.burst, tokens_ + std::min(cost, rate_.burst));
}

std::size_t TokenBucket::take_up_to(std::size_t count_max, SteadyTime now) {
    fill(now);
    const auto taken = std::min(std::floor(std::max(tokens_, 0.0)), static_cast<double>(count_max));
    tokens_ -= taken;
    return static_cast<std::size_t>(taken);
}

Turn TokenBucket::take(double cost, std::chrono::milliseconds wait_max, SteadyTime now) {
    fill(now);
    const double left = tokens_ - std::min(cost, rate_.burst);
    if (left >= 0) {
        tokens_ = left;
        return {.admitted = true};
    }
    const auto wait = std::chrono::milliseconds(
        static_cast<std::int64_t>(std::ceil(-left / rate_.per_second * 1000)));
    if (wait > wait_max) {
        return {.admitted = false, .wait = wait - wait_max};
    }
    tokens_ = left;
    return {.admitted = true, .wait = wait};
}

} // namespace muster::hub
