#include "hub/limits/token_bucket.h"

#include <algorithm>
#include <cmath>

namespace muster::hub {

Turn TokenBucket::take(double cost, std::chrono::milliseconds wait_max, SteadyTime now) {
    using Seconds = std::chrono::duration<double>;
    if (filled_ != SteadyTime() && now > filled_) {
        tokens_ =
            std::min(rate_.burst, tokens_ + Seconds(now - filled_).count() * rate_.per_second);
    }
    filled_ = std::max(filled_, now);
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
