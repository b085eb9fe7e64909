#pragma once
// Keeps the rate of one stretch of an operation: what a stall has left undone is not made up for
// later, beyond the burst that may_begin() allows.

#include "provisioning/fleet/operation.h"

#include <chrono>

namespace muster::provisioning {

class Pacer {
  public:
    /// A stretch begins: started, resumed, or under other limits.
    void restart(SteadyTime now);

    std::int64_t room(const OperationLimits& limits, std::int64_t under_way, SteadyTime now);
    void begun();

    /// How long to wait until room() may be more than nothing.
    [[nodiscard]] std::chrono::milliseconds delay(const OperationLimits& limits,
                                                  SteadyTime now) const;

    /// Of the whole stretch, stalls included: for estimates.
    [[nodiscard]] Pace stretch(std::int64_t under_way) const;

  private:
    Pace pace_;
    Pace stretch_;
};

} // namespace muster::provisioning
