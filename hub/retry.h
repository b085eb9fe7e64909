#pragma once
// Optimistic writes: on conflict load and decide again, a bounded number of times.

#include "base/result.h"

namespace muster::hub {

inline constexpr int attempts_max = 8;

/// Runs `attempt` until it ends in something else than a conflict. The outcome of the last one.
template <class Attempt>
auto retry_on_conflict(Attempt attempt) {
    auto outcome = attempt();
    for (int done = 1; done < attempts_max && !outcome && outcome.error().code == Code::conflict;
         ++done) {
        outcome = attempt();
    }
    return outcome;
}

} // namespace muster::hub
