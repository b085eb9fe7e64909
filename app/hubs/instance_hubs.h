#pragma once
// The hubs that one instance is linked with, or was: those of this process by name, all others over
// REST with the connection string of the link.

#include "app/hubs/remote_hub.h"
#include "app/local_hubs.h"
#include "base/clock.h"
#include "provisioning/current_instance.h"
#include "provisioning/hubs.h"

#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

namespace muster::app {

/// What remote hubs are reached with; shared by all instances.
struct HubReach {
    LocalHubs& local;
    SendRequest send;
    const Clock& clock;
};

/// Thread safe.
class InstanceHubs final : public provisioning::Hubs {
  public:
    InstanceHubs(const provisioning::CurrentInstance& instance, const HubReach& reach)
        : instance_(instance), reach_(reach) {}

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
    [[nodiscard]] bool may_act_late(const HubName& hub) const override;
    Result<HubName> check_link(const Secret& connection_string) override;

  private:
    /// Of the link as it is now; a changed connection string makes a new one. Error: not_found with
    /// hub_unknown.
    Result<std::shared_ptr<RemoteHub>> remote(const HubName& hub);

    struct Reached {
        Secret connection_string;
        std::shared_ptr<RemoteHub> hub;
    };

    const provisioning::CurrentInstance& instance_;
    HubReach reach_;
    std::mutex mutex_;
    std::unordered_map<HubName, Reached> remotes_;
};

/// check_link() of hubs of this process and of others, for the control plane, which has no instance
/// yet.
Result<HubName> check_hub_link(const HubReach& reach, const Secret& connection_string);

} // namespace muster::app
