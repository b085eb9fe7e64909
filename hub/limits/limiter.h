#pragma once
// The throttles and the daily quota of one hub (reference: iothub E). Whoever serves an operation
// asks first, waits as long as it is told, without a thread, and then goes on.

#include "base/clock.h"
#include "base/result.h"
#include "hub/limits/daily_usage.h"
#include "hub/limits/rates.h"
#include "hub/limits/token_bucket.h"

#include <array>
#include <chrono>
#include <cstddef>
#include <mutex>
#include <optional>
#include <span>

namespace muster::hub {

/// Thread safe.
class Limiter {
  public:
    /// Without a quota the usage's ports are not used.
    Limiter(const HubName& hub, const Limits& limits, const DailyUsage::Ports& ports);

    using Sizes = std::span<const std::size_t>;

    /// How long the operation is to wait for its turn: mostly not at all. What is metered (a
    /// message, a twin read or written, a method) is charged at once, all of it, by its sizes.
    /// Errors, and then nothing was taken: rate_limited, with the time after which it may come
    /// again; quota_exceeded, with the time until midnight.
    Result<std::chrono::milliseconds> admit(Operation operation, double cost = 1,
                                            Sizes charged = {});

    /// Of many metered operations of a kind and a size, how many may happen now; so many are
    /// charged. For work that comes back by itself.
    std::size_t admit_some(Operation operation, std::size_t wanted, std::size_t bytes_each);

    /// Charges all, or nothing. For what takes no turn, and for what is known only afterwards.
    /// Error: quota_exceeded, with the time until midnight.
    Result<void> charge(Sizes charged);

    Result<void> charge(std::size_t bytes) { return charge(Sizes(&bytes, 1)); }

  private:
    void give_back(Operation operation, double cost);

    struct Gauge {
        std::mutex mutex;
        TokenBucket bucket;
    };

    const std::chrono::milliseconds wait_max_;
    const Clock& clock_;
    std::array<Gauge, operations_count> gauges_;
    std::optional<DailyUsage> usage_;
};

/// Of a method with so large a payload.
double method_cost(std::size_t payload_bytes);

} // namespace muster::hub
