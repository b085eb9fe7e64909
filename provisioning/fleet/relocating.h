#pragma once
// What an operation does with one device: rules only. Who leads where it goes, strongest first:
//
//   a plan under way        it is waited for: one plan at a time
//   quarantine              of the device, else of its group: that hub, or it stays
//   gather                  the operation's hub
//   drain                   where it would be allocated without the hub, whatever `never` says;
//                           but a device whose enrollment names no other hub stays
//   rebalance, release      where it would be allocated now; a rebalance leaves alone what says
//                           never, static or custom, a release what only a function can decide

#include "provisioning/applicants.h"
#include "provisioning/fleet/operation.h"
#include "provisioning/planning.h"

#include <string>
#include <variant>

namespace muster::provisioning {

/// It stays; without a reason there is nothing to do.
struct Leave {
    std::string reason;
};

/// Another plan is under way: to be looked at again.
struct Wait {};

/// It should go, and cannot.
struct Refuse {
    std::string message;
};

struct Relocate {
    Plan plan;
};

using RelocationVerdict = std::variant<Leave, Wait, Refuse, Relocate>;

struct Subject {
    const FleetOperation& operation;
    const RegistrationRecord& record;
    const Applicants::Standing& standing;
    const Instance& instance;
    const AllocationInputs& inputs;
    MoveToken token;
};

RelocationVerdict decide_relocation(const Subject& subject);

/// The hub where a quarantine wants the device.
std::optional<HubName> quarantine_hub(const RegistrationRecord& record,
                                      const Applicants::Standing& standing,
                                      const Instance& instance);

} // namespace muster::provisioning
