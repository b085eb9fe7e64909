#pragma once
// How often something may happen: so many at once, and refilled at a steady rate. A value; what
// comes above the rate is given the moment of its turn, so that a queue needs no storage.

#include "base/clock.h"
#include "hub/limits/rates.h"

#include <chrono>
#include <cstddef>

namespace muster::hub {

/// Whether, and when.
struct Turn {
    bool admitted = false;
    /// Until its turn; if it was not admitted, until it might be.
    std::chrono::milliseconds wait{0};
};

class TokenBucket {
  public:
    TokenBucket() = default;

    explicit TokenBucket(const Rate& rate) : rate_(rate), tokens_(rate.burst) {}

    /// Takes `cost` tokens, in advance if need be, but only if the wait is at most `wait_max`.
    /// `cost` above 0; more than a whole burst is taken as a burst. `now` does not run backwards.
    Turn take(double cost, std::chrono::milliseconds wait_max, SteadyTime now);

    /// Of a turn that was admitted and is not used.
    void give_back(double cost);

    /// As many whole tokens as there are, at most so many.
    std::size_t take_up_to(std::size_t count_max, SteadyTime now);

  private:
    void fill(SteadyTime now);

    Rate rate_;
    double tokens_ = 1; // below 0: promised to those who wait
    SteadyTime filled_{};
};

} // namespace muster::hub
