#include "hub/routing/endpoint.h"

#include <algorithm>

namespace muster::hub {

void EndpointBoard::put(const EndpointStatus& status) {
    const std::lock_guard lock(mutex_);
    const auto at = std::ranges::find(statuses_, status.name, &EndpointStatus::name);
    if (at == statuses_.end()) {
        statuses_.push_back(status);
    } else {
        *at = status;
    }
}

std::vector<EndpointStatus> EndpointBoard::all() const {
    const std::lock_guard lock(mutex_);
    return statuses_;
}

} // namespace muster::hub
