// The use cases of Instances that operators of fleets ask for: hubs and quarantines.

#include "provisioning/instances/hub_changes.h"
#include "provisioning/instances/notes.h"
#include "provisioning/instances/registry.h"
#include "provisioning/instances/settings.h"

namespace muster::provisioning {

namespace {

std::string hub_resource(const HubName& hub) {
    return "hub/" + hub.text();
}

} // namespace

/// What is already so is not written.
Result<InstancePtr> Instances::Registry::change_state(const StateDeed& deed,
                                                      const DecideState& decide) {
    return change(deed.instance, [&](const Instance* current) -> Result<Proposal> {
        if (current == nullptr) {
            return fail(Code::not_found, "instance not found");
        }
        const Mark mark = new_mark();
        auto next = decide(*current, mark.now);
        if (!next) {
            return std::unexpected(std::move(next).error());
        }
        if (says_the_same(*current, *next)) {
            return Proposal();
        }
        next->stamp = next_stamp(current->stamp, mark);
        Change change =
            note_state({.by = deed.by, .at = mark.now},
                       {.action = deed.action, .resource = deed.resource}, *current, *next);
        return Proposal{.next = *std::move(next), .change = std::move(change)};
    });
}

Result<InstancePtr> Instances::declare_lost(std::string_view name, const HubName& hub, bool lost,
                                            const Principal& by) {
    return registry_->change_state({.instance = name,
                                    .action = lost ? "hub.lost" : "hub.back",
                                    .resource = hub_resource(hub),
                                    .by = by},
                                   [&](Instance instance, WallTime /*now*/) {
                                       return with_lost_hub(std::move(instance), hub, lost);
                                   });
}

Result<InstancePtr> Instances::quarantine_group(std::string_view name,
                                                const EnrollmentGroupId& group,
                                                const std::optional<HubName>& hub,
                                                const std::string& reason, const Principal& by) {
    return registry_->change_state(
        {.instance = name,
         .action = hub ? "quarantine.begin" : "quarantine.end",
         .resource = "enrollmentGroup/" + group.text(),
         .by = by},
        [&](Instance instance, WallTime now) {
            return hub ? with_quarantine(
                             std::move(instance),
                             {.group = group, .hub = *hub, .reason = reason, .since = now})
                       : without_quarantine(std::move(instance), group);
        });
}

Result<InstancePtr> Instances::set_apply_policy(std::string_view name, const HubName& hub,
                                                bool apply, const Principal& by) {
    return registry_->change_state(
        {.instance = name, .action = "hub.update", .resource = hub_resource(hub), .by = by},
        [&](Instance instance, WallTime /*now*/) {
            return with_applied_policy(std::move(instance), hub, apply);
        });
}

} // namespace muster::provisioning
