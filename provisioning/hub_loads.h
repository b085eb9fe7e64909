#pragma once
// How many devices each hub of an instance has: counted in the store now and then, kept up to date
// in between by what this process does.

#include "base/clock.h"
#include "provisioning/allocation.h"
#include "provisioning/ports.h"

#include <chrono>
#include <mutex>
#include <optional>

namespace muster::provisioning {

/// Other nodes assign too; so often their work is seen.
inline constexpr std::chrono::seconds hub_loads_recount{30};

/// Thread safe. One caller counts while the others go on with the old numbers.
class HubLoadCounter {
  public:
    HubLoadCounter(const IdScope& scope, RegistrationStore& registrations, const Clock& clock)
        : scope_(scope), registrations_(registrations), clock_(clock) {}

    /// If the store fails, what was known before.
    HubLoads loads();
    void moved(const std::optional<HubName>& from, const std::optional<HubName>& to);

  private:
    IdScope scope_;
    RegistrationStore& registrations_;
    const Clock& clock_;
    std::mutex mutex_;
    HubLoads loads_;
    std::optional<SteadyTime> counted_;
};

} // namespace muster::provisioning
