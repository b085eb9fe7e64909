#pragma once
// The hubs of this process as provisioning sees them.

#include "hub/service.h"
#include "provisioning/ports.h"

#include <string>
#include <unordered_map>

namespace muster::app {

/// Filled at start-up, then only read. Thread safe from then on.
class LocalHubs final : public provisioning::Hubs {
  public:
    void add(hub::Service& service);

    Result<void> ensure_device(const HubName& hub,
                               const provisioning::DeviceProvision& provision) override;

    /// Only hubs of this process, and only with a key of theirs: whoever may link a hub may put
    /// devices into it.
    Result<HubName> check_link(const Secret& connection_string) override;

  private:
    std::unordered_map<HubName, hub::Service*> services_;
};

} // namespace muster::app
