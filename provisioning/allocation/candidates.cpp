#include "provisioning/allocation/candidates.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace muster::provisioning {

namespace {

std::optional<std::string> objection_to(const LinkedHub& hub, const AllocationFacts& facts) {
    if (!hub.apply_allocation_policy) {
        return "takes no new devices";
    }
    const bool is_here = facts.current == hub.name;
    if (!is_here && devices_at(hub, facts) >= hub.devices_max) {
        return fmt::format("full, it has {} devices of at most {}", devices_at(hub, facts),
                           hub.devices_max);
    }
    return std::nullopt;
}

void consider(const LinkedHub& hub, const AllocationFacts& facts, Candidates& candidates) {
    if (const auto objection = objection_to(hub, facts)) {
        candidates.excluded.push_back(fmt::format("{}: {}", hub.name.text(), *objection));
    } else {
        candidates.hubs.push_back(&hub);
    }
}

} // namespace

const LinkedHub* Candidates::find(const HubName& name) const {
    const auto found = std::ranges::find(hubs, name, &LinkedHub::name);
    return found == hubs.end() ? nullptr : *found;
}

std::vector<HubName> hubs_named(const EnrollmentTerms& terms) {
    if (terms.hubs.empty() && terms.legacy_hub) {
        return {*terms.legacy_hub};
    }
    return terms.hubs;
}

std::int64_t devices_at(const LinkedHub& hub, const AllocationFacts& facts) {
    const auto found = facts.inputs.loads.find(hub.name);
    return found == facts.inputs.loads.end() ? 0 : found->second;
}

Candidates candidates_of(const AllocationFacts& facts) {
    Candidates candidates;
    const std::vector<HubName> named = hubs_named(facts.terms);
    for (const HubName& name : named) {
        const LinkedHub* hub = facts.instance.find_hub(name);
        if (hub == nullptr) {
            candidates.excluded.push_back(name.text() + ": not linked");
        } else if (candidates.find(name) == nullptr) { // one may be named twice
            consider(*hub, facts, candidates);
        }
    }
    if (named.empty()) {
        for (const LinkedHub& hub : facts.instance.hubs) {
            consider(hub, facts, candidates);
        }
    }
    return candidates;
}

} // namespace muster::provisioning
