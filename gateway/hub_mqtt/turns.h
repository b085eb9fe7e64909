#pragma once
// What the steps of a device's connection count as, and their turn (reference: iothub E.2, E.3).

#include "base/result.h"
#include "gateway/hub_mqtt/steps.h"
#include "hub/limits/limiter.h"

#include <chrono>

namespace muster::gateway {

/// How long the batch is to wait before it is performed. Meanwhile no acknowledgement goes back,
/// and nothing more is read than fits the connection's queue. Errors, and then nothing was taken
/// and nothing charged: rate_limited, quota_exceeded.
Result<std::chrono::milliseconds> turn_of(const Batch& batch, hub::Limiter& limiter);

} // namespace muster::gateway
