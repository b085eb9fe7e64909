#pragma once
// What the audit trail says of the control plane's changes. Documents without secrets; that a
// secret changed is said by naming whose.

#include "provisioning/audit.h"
#include "provisioning/instances.h"

#include <string_view>

namespace muster::provisioning {

/// Who does something, and when.
struct Deed {
    const Principal& by;
    WallTime at;
};

/// `before` is null at creation.
Change note_put(const Deed& deed, const Instance* before, const Instance& after);
Change note_deletion(const Deed& deed, const Instance& instance);

/// One hub or quarantine differs between the two.
struct StateChange {
    std::string_view action;
    std::string resource;
};

Change note_state(const Deed& deed, const StateChange& what, const Instance& before,
                  const Instance& after);

Change note_rotation(const Deed& deed, const AccessPolicy& policy, KeySlot slot);

/// One certificate differs between the two, or is in one of them only.
struct CertificateChange {
    std::string_view verb; // "update", "verify"; what is new is always created
    std::string_view name;
    const Instance& before;
    const Instance& after;
};

Change note_certificate(const Deed& deed, const CertificateChange& what);

} // namespace muster::provisioning
