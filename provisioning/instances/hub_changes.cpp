#include "provisioning/instances/hub_changes.h"

#include "provisioning/grammar.h"

#include <algorithm>
#include <utility>

namespace muster::provisioning {

namespace {

std::unexpected<Error> not_linked(const HubName& hub) {
    return fail(Code::not_found, "the hub " + hub.text() + " is not linked");
}

/// Nobody is forgotten who may still have devices: they would be assigned elsewhere as new ones,
/// and be at two hubs.
Result<void> forget_oldest_lost(std::vector<FormerHub>& former) {
    while (former.size() > former_hubs_max) {
        const auto lost = std::ranges::find(former, true, &FormerHub::lost);
        if (lost == former.end()) {
            return fail(Code::quota_exceeded,
                        "100 hubs that were unlinked may still have devices; declare lost those "
                        "that will never be back");
        }
        former.erase(lost);
    }
    return {};
}

} // namespace

Result<Instance> with_hubs(Instance instance, std::vector<LinkedHub> hubs) {
    const std::vector<LinkedHub> before = std::exchange(instance.hubs, std::move(hubs));
    for (const LinkedHub& hub : before) {
        if (instance.find_hub(hub.name) == nullptr) {
            instance.former_hubs.push_back(
                {.name = hub.name, .connection_string = hub.connection_string, .lost = false});
        }
    }
    std::erase_if(instance.former_hubs, [&](const FormerHub& former) {
        return instance.find_hub(former.name) != nullptr;
    });
    if (auto bounded = forget_oldest_lost(instance.former_hubs); !bounded) {
        return std::unexpected(std::move(bounded).error());
    }
    return instance;
}

Result<Instance> with_lost_hub(Instance instance, const HubName& hub, bool lost) {
    if (instance.find_hub(hub) != nullptr) {
        return fail(Code::precondition,
                    "the hub " + hub.text() + " is linked; only an unlinked hub can be lost");
    }
    const auto former = std::ranges::find(instance.former_hubs, hub, &FormerHub::name);
    if (former == instance.former_hubs.end()) {
        return fail(Code::not_found, "the hub " + hub.text() + " was never linked");
    }
    former->lost = lost;
    return instance;
}

Result<Instance> with_applied_policy(Instance instance, const HubName& hub, bool apply) {
    const auto linked = std::ranges::find(instance.hubs, hub, &LinkedHub::name);
    if (linked == instance.hubs.end()) {
        return not_linked(hub);
    }
    linked->apply_allocation_policy = apply;
    return instance;
}

Result<Instance> with_quarantine(Instance instance, GroupQuarantine quarantine) {
    if (instance.find_hub(quarantine.hub) == nullptr) {
        return fail(Code::malformed, not_linked(quarantine.hub).error().detail);
    }
    if (const auto checked = check_reason(quarantine.reason); !checked) {
        return std::unexpected(checked.error());
    }
    std::erase_if(instance.quarantines,
                  [&](const GroupQuarantine& other) { return other.group == quarantine.group; });
    if (instance.quarantines.size() >= group_quarantines_max) {
        return fail(Code::quota_exceeded, "too many groups are quarantined");
    }
    instance.quarantines.push_back(std::move(quarantine));
    return instance;
}

Result<Instance> without_quarantine(Instance instance, const EnrollmentGroupId& group) {
    const auto ended = std::erase_if(
        instance.quarantines, [&](const GroupQuarantine& other) { return other.group == group; });
    if (ended == 0) {
        return fail(Code::not_found, "the group " + group.text() + " is not quarantined");
    }
    return instance;
}

} // namespace muster::provisioning
