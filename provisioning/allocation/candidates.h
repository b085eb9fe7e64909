#pragma once
// The hubs that may take a device, and why the others may not.

#include "provisioning/allocation.h"

#include <string>
#include <vector>

namespace muster::provisioning {

/// Pointers into the instance of the facts.
struct Candidates {
    std::vector<const LinkedHub*> hubs;
    std::vector<std::string> excluded; // "hub-1: takes no new devices"

    [[nodiscard]] const LinkedHub* find(const HubName& name) const;
};

/// iotHubs of the enrollment, else its iotHubHostName; empty: every linked one.
std::vector<HubName> hubs_named(const EnrollmentTerms& terms);

/// Of those named, else of all that are linked: the ones that take devices and are not full. The
/// hub where the device is has room for it however full it is.
Candidates candidates_of(const AllocationFacts& facts);

std::int64_t devices_at(const LinkedHub& hub, const AllocationFacts& facts);

} // namespace muster::provisioning
