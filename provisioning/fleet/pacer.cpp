#include "provisioning/fleet/pacer.h"

#include <algorithm>
#include <cmath>

namespace muster::provisioning {

namespace {

using Seconds = std::chrono::duration<double>;
using std::chrono::milliseconds;

constexpr milliseconds delay_min{10};
constexpr milliseconds delay_max{1000};

double owed_at(const OperationLimits& limits, const Pace& pace, SteadyTime now) {
    return Seconds(now - pace.since).count() * limits.per_second + 1 -
           static_cast<double>(pace.begun);
}

} // namespace

void Pacer::restart(SteadyTime now) {
    pace_ = {.since = now};
    stretch_ = {.since = now};
}

std::int64_t Pacer::room(const OperationLimits& limits, std::int64_t under_way, SteadyTime now) {
    pace_.under_way = under_way;
    const double burst = std::max(1.0, limits.per_second / 10);
    const double excess = owed_at(limits, pace_, now) - burst - 1;
    if (excess > 0) {
        pace_.since +=
            std::chrono::duration_cast<SteadyTime::duration>(Seconds(excess / limits.per_second));
    }
    return may_begin(limits, pace_, now);
}

void Pacer::begun() {
    ++pace_.begun;
    ++stretch_.begun;
}

milliseconds Pacer::delay(const OperationLimits& limits, SteadyTime now) const {
    const double missing = 1 - owed_at(limits, pace_, now);
    const double wait_ms = std::ceil(1000 * missing / limits.per_second);
    const auto bounded = std::clamp(wait_ms, double(delay_min.count()), double(delay_max.count()));
    return milliseconds(static_cast<milliseconds::rep>(bounded));
}

Pace Pacer::stretch(std::int64_t under_way) const {
    Pace pace = stretch_;
    pace.under_way = under_way;
    return pace;
}

} // namespace muster::provisioning
