#pragma once
// The services of this process and how a request finds one: provisioning by ID scope (device API)
// or host name (service API), a hub by host name. Instances come and go while requests are served.

#include "base/ids.h"
#include "hub/service.h"
#include "provisioning/current_instance.h"
#include "provisioning/device_registration.h"
#include "provisioning/enrollments.h"
#include "provisioning/explaining.h"
#include "provisioning/fleet/fleets.h"
#include "provisioning/journal.h"
#include "provisioning/moving/moves.h"

#include <memory>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace muster::gateway {

/// An instance with the use cases that serve it. Whoever holds the pointer keeps all of it alive.
struct ProvisioningSite {
    const provisioning::CurrentInstance* instance = nullptr;
    provisioning::Enrollments* enrollments = nullptr;
    provisioning::DeviceRegistration* registration = nullptr;
    provisioning::Explaining* explaining = nullptr;
    provisioning::Moves* moves = nullptr;
    provisioning::Fleets* fleets = nullptr;
};

using SitePtr = std::shared_ptr<const ProvisioningSite>;

/// Thread safe. Hubs are added before the first request and stay.
class Sites {
  public:
    void add(SitePtr site);
    /// Found no more; requests that have it already end as usual.
    void remove(const IdScope& scope);
    /// The host names of the instance have changed.
    void rename(const provisioning::Instance& before, const provisioning::Instance& after);
    void add(hub::Service& hub);

    /// Null if this process does not serve it. Scopes compare exactly, hosts without case or port.
    [[nodiscard]] SitePtr provisioning_of(const IdScope& scope) const;
    [[nodiscard]] SitePtr provisioning_at(std::string_view host) const;
    [[nodiscard]] hub::Service* hub_at(std::string_view host) const;

  private:
    mutable std::shared_mutex mutex_;
    std::unordered_map<std::string, SitePtr> by_scope_;
    std::unordered_map<std::string, SitePtr> by_host_;
    std::unordered_map<std::string, hub::Service*> hubs_;
};

/// Lower case, without `:port` and a trailing dot.
std::string normal_host(std::string_view host);

} // namespace muster::gateway
