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

  private:
    std::unordered_map<HubName, hub::Service*> services_;
};

} // namespace muster::app
