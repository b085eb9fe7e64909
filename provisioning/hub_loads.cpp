#include "provisioning/hub_loads.h"

#include "base/log.h"

#include <algorithm>

namespace muster::provisioning {

HubLoads HubLoadCounter::loads() {
    std::unique_lock lock(mutex_);
    first_count_.wait(lock, [&] { return counted_once_ || !counting_; });
    if (counting_ || (next_count_ && clock_.steady() < *next_count_)) {
        return loads_;
    }
    counting_ = true;
    moved_meanwhile_.clear();
    lock.unlock();
    auto counts = registrations_.hub_counts(scope_);
    lock.lock();
    take(counts);
    counting_ = false;
    first_count_.notify_all();
    return loads_;
}

void HubLoadCounter::take(const Result<std::vector<HubCount>>& counts) {
    next_count_ = clock_.steady() + (counts ? hub_loads_recount : hub_loads_retry);
    if (!counts) {
        const Error& error = counts.error();
        log::warning("devices per hub not counted",
                     {{"scope", scope_.text()},
                      {"cause", error.cause.empty() ? error.detail : error.cause}});
        return;
    }
    counted_once_ = true;
    loads_ = std::move(moved_meanwhile_);
    for (const HubCount& one : *counts) {
        loads_[one.hub] += one.devices;
    }
}

void HubLoadCounter::moved(const std::optional<HubName>& from, const std::optional<HubName>& to) {
    if (from == to) {
        return;
    }
    const std::scoped_lock lock(mutex_);
    for (HubLoads* loads : {&loads_, &moved_meanwhile_}) {
        if (from) {
            --(*loads)[*from];
        }
        if (to) {
            ++(*loads)[*to];
        }
    }
}

} // namespace muster::provisioning
