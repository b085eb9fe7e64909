#include "hub/device_count.h"

#include <fmt/format.h>

namespace muster::hub {

Result<void> DeviceCount::reserve(std::int64_t count_max) {
    const std::lock_guard lock(mutex_);
    if (!count_) {
        const auto stored = devices_.counts(hub_);
        if (!stored) {
            return std::unexpected(stored.error());
        }
        count_ = stored->devices;
    }
    if (*count_ >= count_max) {
        return fail(Code::too_large, fmt::format("the hub is full with {} devices", *count_));
    }
    ++*count_;
    return {};
}

void DeviceCount::release() {
    const std::lock_guard lock(mutex_);
    // Not counted yet: the first reservation will see the store as it is then.
    if (count_) {
        --*count_;
    }
}

} // namespace muster::hub
