#pragma once
// How many devices each hub of an instance has: counted in the store now and then, kept up to date
// in between by what this process does.

#include "base/clock.h"
#include "provisioning/allocation.h"
#include "provisioning/ports.h"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <vector>

namespace muster::provisioning {

/// Other nodes assign too; so often their work is seen.
inline constexpr std::chrono::seconds hub_loads_recount{30};
/// After a store that could not count.
inline constexpr std::chrono::seconds hub_loads_retry{1};

/// Thread safe. One caller counts while the others go on with the old numbers; only the first time,
/// when there are none, they wait for it.
class HubLoadCounter {
  public:
    HubLoadCounter(const IdScope& scope, RegistrationStore& registrations, const Clock& clock)
        : scope_(scope), registrations_(registrations), clock_(clock) {}

    /// If the store fails, what was known before.
    HubLoads loads();
    void moved(const std::optional<HubName>& from, const std::optional<HubName>& to);

  private:
    void take(const Result<std::vector<HubCount>>& counts);

    const IdScope scope_;
    RegistrationStore& registrations_;
    const Clock& clock_;
    std::mutex mutex_;
    std::condition_variable first_count_;
    HubLoads loads_;
    /// What the count under way may not have seen. A device that it did see counts twice until the
    /// next one: better than a hub that gets more than it may have.
    HubLoads moved_meanwhile_;
    bool counting_ = false;
    bool counted_once_ = false;
    std::optional<SteadyTime> next_count_; // nothing: at once
};

} // namespace muster::provisioning
