#pragma once
// The devices that an operation looks at, one after another in the order of their folded ids.

#include "provisioning/fleet/operation.h"
#include "provisioning/ports.h"

#include <deque>
#include <optional>
#include <string>

namespace muster::provisioning {

class FleetDevices {
  public:
    /// Those after the operation's position.
    FleetDevices(RegistrationStore& registrations, const IdScope& scope,
                 const FleetOperation& operation);

    /// The next one, as it was when its page was read; stays the next until pop(). Nothing at the
    /// end.
    Result<std::optional<RegistrationRecord>> next();
    void pop();

  private:
    Result<void> read_page();

    RegistrationStore& registrations_;
    IdScope scope_;
    FleetOperation operation_; // its kind, hub and group
    std::string after_;
    std::deque<RegistrationRecord> page_;
    bool is_last_page_ = false;
};

/// How many there are now, roughly: for progress.
Result<std::int64_t> count_fleet_devices(EnrollmentStore& enrollments,
                                         RegistrationStore& registrations, const IdScope& scope,
                                         const FleetOperation& operation);

} // namespace muster::provisioning
