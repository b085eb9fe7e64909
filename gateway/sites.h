#pragma once
// The services of this process and how a request finds one: provisioning by ID scope (device API)
// or host name (service API), a hub by host name. Filled once at start-up, then only read.

#include "base/ids.h"
#include "hub/service.h"
#include "provisioning/device_registration.h"
#include "provisioning/enrollments.h"
#include "provisioning/instance.h"

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace muster::gateway {

struct ProvisioningSite {
    const provisioning::Instance* instance = nullptr;
    provisioning::Enrollments* enrollments = nullptr;
    provisioning::DeviceRegistration* registration = nullptr;
};

class Sites {
  public:
    void add(const ProvisioningSite& site);
    void add(hub::Service& hub);

    /// Null if this process does not serve it. Scopes compare exactly, hosts without case or port.
    [[nodiscard]] const ProvisioningSite* provisioning_of(const IdScope& scope) const;
    [[nodiscard]] const ProvisioningSite* provisioning_at(std::string_view host) const;
    [[nodiscard]] hub::Service* hub_at(std::string_view host) const;

  private:
    std::unordered_map<std::string, ProvisioningSite> by_scope_;
    std::unordered_map<std::string, ProvisioningSite> by_host_;
    std::unordered_map<std::string, hub::Service*> hubs_;
};

/// Lower case, without `:port` and a trailing dot.
std::string normal_host(std::string_view host);

} // namespace muster::gateway
