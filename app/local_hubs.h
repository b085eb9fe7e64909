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

    [[nodiscard]] bool serves(const HubName& hub) const { return services_.contains(hub); }

    // of provisioning::Hubs
    Result<std::optional<provisioning::HubDevice>> find_device(const HubName& hub,
                                                               const DeviceId& id) override;
    Result<void> create_device(const HubName& hub, const provisioning::HubDevice& device,
                               const provisioning::HubTwin& twin) override;
    Result<void> update_device(const HubName& hub, const provisioning::HubDevice& device) override;
    Result<void> delete_device(const HubName& hub, const DeviceId& id, const ETag& etag) override;
    Result<std::optional<provisioning::HubTwin>> find_twin(const HubName& hub,
                                                           const DeviceId& id) override;
    Result<std::vector<provisioning::HubModule>> modules(const HubName& hub,
                                                         const DeviceId& id) override;
    Result<void> put_module(const HubName& hub, const DeviceId& id,
                            const provisioning::HubModule& module) override;

    /// A call that failed has done nothing, and never will.
    [[nodiscard]] bool may_act_late(const HubName&) const override { return false; }

    /// Only hubs of this process, and only with a key of theirs: whoever may link a hub may put
    /// devices into it.
    Result<HubName> check_link(const Secret& connection_string) override;

  private:
    std::unordered_map<HubName, hub::Service*> services_;
};

} // namespace muster::app
