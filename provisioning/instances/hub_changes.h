#pragma once
// What may become of the hubs of an instance: linked, unlinked but remembered, lost; and the
// quarantines, which send groups to one of them. Pure.

#include "provisioning/instances.h"

#include <string>

namespace muster::provisioning {

/// With exactly these links. A hub that is linked no more is remembered with its key, because it
/// may still have devices; one that is linked again is not former any more. Error: quota_exceeded,
/// if former_hubs_max others are remembered already and none of them is lost.
Result<Instance> with_hubs(Instance instance, std::vector<LinkedHub> hubs);

/// Errors: not_found; precondition if it is linked.
Result<Instance> with_lost_hub(Instance instance, const HubName& hub, bool lost);

/// Error: not_found.
Result<Instance> with_applied_policy(Instance instance, const HubName& hub, bool apply);

/// A group that is quarantined already goes on to the new hub. Errors: malformed (the hub is not
/// linked, the reason is too long), quota_exceeded.
Result<Instance> with_quarantine(Instance instance, GroupQuarantine quarantine);

/// Error: not_found.
Result<Instance> without_quarantine(Instance instance, const EnrollmentGroupId& group);

} // namespace muster::provisioning
