#pragma once
// Optimistic concurrency: load, decide, save with an expected version; if somebody was faster, load
// and decide again, a bounded number of times.

#include "base/result.h"

#include <chrono>

namespace muster::provisioning {

inline constexpr int conflicts_max = 8;

/// Runs `step` until it ends in something else than Code::conflict. Error: unavailable, if the
/// conflicts do not end.
template <class T, class Step>
Result<T> retry_on_conflict(Step step) {
    for (int i = 0; i < conflicts_max; ++i) {
        Result<T> outcome = step();
        if (outcome || outcome.error().code != Code::conflict) {
            return outcome;
        }
    }
    auto refusal = fail(Code::unavailable, "too many changes at once, try again",
                        "version conflicts did not end");
    refusal.error().retry_after = std::chrono::seconds(3);
    return refusal;
}

} // namespace muster::provisioning
