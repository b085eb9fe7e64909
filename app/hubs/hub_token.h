#pragma once
// The token that opens a hub for a policy (reference: iothub A.4.1, B.1), signed once and used
// until shortly before it expires.

#include "app/hubs/remote_hub.h"
#include "base/clock.h"

#include <mutex>
#include <string>

namespace muster::app {

/// Thread safe.
class HubToken {
  public:
    HubToken(const HubConnection& connection, const Clock& clock)
        : connection_(connection), clock_(clock) {}

    /// For an Authorization header.
    std::string get();

  private:
    const HubConnection& connection_;
    const Clock& clock_;
    std::mutex mutex_;
    Secret text_;
    WallTime signed_at_;
};

} // namespace muster::app
