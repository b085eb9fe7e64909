#pragma once
// Linking hubs (reference: dps-service 10.2): a connection string names its hub, and the hub is
// asked whether the key is good. That may take a while, so it is done before anything is decided.

#include "provisioning/instances.h"

namespace muster::provisioning {

/// The settings with every link under its hub's name. A connection string that `current` (may be
/// null) has already is not checked again. Errors: malformed, whatever is wrong with it, and what
/// hinders the check (unavailable).
Result<InstanceSettings> with_checked_links(InstanceSettings settings, const Instance* current,
                                            HubLinks& hubs);

} // namespace muster::provisioning
