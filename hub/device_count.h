#pragma once
// How many identities a hub has, asked of the store once and kept up to date after that, because
// counting a million rows at every creation is dear. Thread safe.

#include "base/ids.h"
#include "base/result.h"
#include "hub/ports.h"

#include <cstdint>
#include <mutex>
#include <optional>

namespace muster::hub {

class DeviceCount {
  public:
    DeviceCount(DeviceStore& devices, HubName hub) : devices_(devices), hub_(std::move(hub)) {}

    /// Counts one more in advance. Error: too_large at the limit, or what the store says.
    Result<void> reserve(std::int64_t count_max);
    /// One less: a deletion, or a reservation that came to nothing.
    void release();

  private:
    DeviceStore& devices_;
    HubName hub_;
    std::mutex mutex_;
    std::optional<std::int64_t> count_;
};

} // namespace muster::hub
