#pragma once
// What the journal and the audit trail are told of a device's registration.

#include "provisioning/audit.h"
#include "provisioning/device_registration.h"
#include "provisioning/findings.h"
#include "provisioning/journal.h"
#include "provisioning/registration.h"

#include <optional>
#include <string_view>

namespace muster::provisioning {

/// A request that was turned away.
struct Refused {
    const DeviceRequest& request;
    std::string_view call; // "register", "operation status", "lookup"
    const Error& error;
    const Explanation& explanation;
};

DeviceEvent refused_event(const Refused& refused, WallTime at);

/// The device proved itself and was told no; `saved` is the record that says so.
DeviceEvent declined_event(const RegistrationRecord& saved, const DeviceRequest& request,
                           const Explanation& explanation);

/// A plan has ended: assigned, failed, or declined after all. The tracking id is that of the
/// request which began it, if this process still knows.
DeviceEvent ended_event(const RegistrationRecord& saved, const TrackingId& tracking,
                        const Explanation& explanation);

/// The change of an assignment from one record to the next; nothing if the device stays where it
/// was.
std::optional<Change> assignment_change(const RegistrationRecord& before,
                                        const RegistrationRecord& after);

} // namespace muster::provisioning
