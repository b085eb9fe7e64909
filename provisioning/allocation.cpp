#include "provisioning/allocation.h"

#include "base/check.h"
#include "provisioning/allocation/by_latency.h"
#include "provisioning/allocation/by_weight.h"
#include "provisioning/allocation/policies.h"

#include <fmt/format.h>

#include <algorithm>

namespace muster::provisioning {

namespace {

/// The hub that is meant: the first named; with none named, the only linked one that takes devices
/// at all. Whether it has room is another question: a full hub does not change what is meant.
std::optional<HubName> fixed_hub(const AllocationFacts& facts) {
    const std::vector<HubName> named = hubs_named(facts.terms);
    if (!named.empty()) {
        return named.front();
    }
    const auto takes_devices = [](const LinkedHub& hub) { return hub.apply_allocation_policy; };
    const auto& hubs = facts.instance.hubs;
    if (std::ranges::count_if(hubs, takes_devices) != 1) {
        return std::nullopt;
    }
    return std::ranges::find_if(hubs, takes_devices)->name;
}

void take_fixed(const AllocationFacts& facts, const Candidates& candidates,
                Allocation& allocation) {
    allocation.policy = AllocationPolicy::fixed;
    const auto meant = fixed_hub(facts);
    if (!meant) {
        allocation.reasons.emplace_back("static: no hub is named, and not exactly one is linked");
        return;
    }
    const LinkedHub* hub = candidates.find(*meant);
    allocation.reasons.push_back(fmt::format("{}: static{}", meant->text(),
                                             hub == nullptr ? ", but it cannot take it" : ""));
    if (hub != nullptr) {
        allocation.hub = hub->name;
    }
}

} // namespace

AllocationPolicy effective_policy(const EnrollmentTerms& terms, const Instance& instance) {
    return terms.allocation_policy.value_or(instance.default_policy);
}

void follow_policy(AllocationPolicy policy, const AllocationFacts& facts,
                   const Candidates& candidates, Allocation& allocation) {
    switch (policy) {
    case AllocationPolicy::hashed: choose_by_weight(facts, candidates, allocation); return;
    case AllocationPolicy::geo_latency: choose_by_latency(facts, candidates, allocation); return;
    case AllocationPolicy::fixed: take_fixed(facts, candidates, allocation); return;
    case AllocationPolicy::custom: break;
    }
    CHECK(false);
}

Allocation allocate(const AllocationFacts& facts) {
    Allocation allocation;
    const Candidates candidates = candidates_of(facts);
    allocation.excluded = candidates.excluded;
    const AllocationPolicy policy = effective_policy(facts.terms, facts.instance);
    if (policy == AllocationPolicy::custom) {
        follow_definition(facts, candidates, allocation);
    } else {
        follow_policy(policy, facts, candidates, allocation);
    }
    return allocation;
}

std::vector<HubName> candidates_for_function(const AllocationFacts& facts) {
    std::vector<HubName> names;
    for (const LinkedHub* hub : candidates_of(facts).hubs) {
        names.push_back(hub->name);
    }
    return names;
}

} // namespace muster::provisioning
