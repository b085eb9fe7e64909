#include "provisioning/allocation.h"

#include "base/check.h"
#include "crypto/keys.h"

#include <cmath>
#include <cstdint>

namespace muster::provisioning {

namespace {

std::vector<HubName> hubs_named(const EnrollmentTerms& terms, AllocationPolicy policy) {
    std::vector<HubName> named = terms.hubs;
    if (named.empty() && terms.legacy_hub) {
        named.push_back(*terms.legacy_hub);
    }
    if (policy == AllocationPolicy::fixed && named.size() > 1) {
        named.resize(1);
    }
    return named;
}

void consider(const HubName& name, const LinkedHub* hub, Candidates& candidates) {
    if (hub == nullptr) {
        candidates.excluded.push_back(name.text() + ": not linked");
    } else if (!hub->apply_allocation_policy) {
        candidates.excluded.push_back(name.text() + ": takes no new devices");
    } else {
        candidates.hubs.push_back({.hub = hub->name, .weight = hub->weight});
    }
}

/// Uniform in (0, 1), never an end of it, so that the logarithm is finite and below zero.
double uniform(const HubName& hub, const RegistrationId& id) {
    const std::string digest = crypto::sha256(hub.text() + '\n' + id.folded());
    std::uint64_t hash = 0;
    for (std::size_t i = 0; i < 8; ++i) {
        hash = hash << 8U | static_cast<unsigned char>(digest[i]);
    }
    return (static_cast<double>(hash >> 11U) + 0.5) * 0x1p-53;
}

std::optional<HubName> highest_score(std::span<const Candidate> candidates,
                                     const RegistrationId& id) {
    const Candidate* best = nullptr;
    double best_score = 0;
    for (const Candidate& candidate : candidates) {
        const double score = rendezvous_score(candidate, id);
        const bool wins = best == nullptr || score > best_score ||
                          (score == best_score && candidate.hub < best->hub);
        if (wins) {
            best = &candidate;
            best_score = score;
        }
    }
    return best == nullptr ? std::nullopt : std::optional(best->hub);
}

} // namespace

AllocationPolicy effective_policy(const EnrollmentTerms& terms, const Instance& instance) {
    return terms.allocation_policy.value_or(instance.default_policy);
}

Candidates candidates_for(const EnrollmentTerms& terms, const Instance& instance) {
    Candidates candidates;
    const std::vector<HubName> named = hubs_named(terms, effective_policy(terms, instance));
    for (const HubName& name : named) {
        consider(name, instance.find_hub(name), candidates);
    }
    if (named.empty()) {
        for (const LinkedHub& hub : instance.hubs) {
            consider(hub.name, &hub, candidates);
        }
    }
    return candidates;
}

double rendezvous_score(const Candidate& candidate, const RegistrationId& id) {
    CHECK(candidate.weight > 0);
    return -candidate.weight / std::log(uniform(candidate.hub, id));
}

std::optional<HubName> choose_hub(AllocationPolicy policy, std::span<const Candidate> candidates,
                                  const RegistrationId& id) {
    switch (policy) {
    case AllocationPolicy::hashed:
    case AllocationPolicy::geo_latency: return highest_score(candidates, id);
    case AllocationPolicy::fixed:
        return candidates.size() == 1 ? std::optional(candidates.front().hub) : std::nullopt;
    case AllocationPolicy::custom: return std::nullopt;
    }
    CHECK(false);
    return std::nullopt;
}

} // namespace muster::provisioning
