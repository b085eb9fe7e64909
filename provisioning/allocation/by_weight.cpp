#include "provisioning/allocation/by_weight.h"

#include "base/check.h"
#include "crypto/keys.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace muster::provisioning {

namespace {

/// Uniform in (0, 1), never an end of it, so that the logarithm is finite and below zero.
double uniform(const HubName& hub, const RegistrationId& id) {
    const std::string digest = crypto::sha256(hub.text() + '\n' + id.folded());
    std::uint64_t hash = 0;
    for (std::size_t i = 0; i < 8; ++i) {
        hash = hash << 8U | static_cast<unsigned char>(digest[i]);
    }
    return (static_cast<double>(hash >> 11U) + 0.5) * 0x1p-53;
}

struct Scored {
    const LinkedHub* hub = nullptr;
    double score = 0;
};

std::vector<Scored> scores_of(const std::vector<const LinkedHub*>& hubs, const RegistrationId& id) {
    std::vector<Scored> scored;
    scored.reserve(hubs.size());
    for (const LinkedHub* hub : hubs) {
        scored.push_back(
            {.hub = hub, .score = rendezvous_score({.hub = hub->name, .weight = hub->weight}, id)});
    }
    return scored;
}

/// Null if there is none. Equal scores are next to impossible, but must not depend on the order.
const LinkedHub* highest(const std::vector<Scored>& scored) {
    const auto is_lower = [](const Scored& left, const Scored& right) {
        return left.score < right.score ||
               (left.score == right.score && right.hub->name < left.hub->name);
    };
    const auto found = std::ranges::max_element(scored, is_lower);
    return found == scored.end() ? nullptr : found->hub;
}

/// Devices of one, shared out over its weight, are fewer than those of the other: a / v < b / w
/// without division. Counts and weights stay far below the square root of what fits.
bool is_emptier(const LinkedHub& one, const LinkedHub& other, const AllocationFacts& facts) {
    return devices_at(one, facts) * other.weight < devices_at(other, facts) * one.weight;
}

std::vector<const LinkedHub*> emptiest(const AllocationFacts& facts, const Candidates& candidates) {
    std::vector<const LinkedHub*> lowest;
    for (const LinkedHub* hub : candidates.hubs) {
        if (!lowest.empty() && is_emptier(*lowest.front(), *hub, facts)) {
            continue;
        }
        if (!lowest.empty() && is_emptier(*hub, *lowest.front(), facts)) {
            lowest.clear();
        }
        lowest.push_back(hub);
    }
    return lowest;
}

void choose_by_load(const AllocationFacts& facts, const Candidates& candidates,
                    Allocation& allocation) {
    for (const LinkedHub* hub : candidates.hubs) {
        const std::int64_t devices = devices_at(*hub, facts);
        allocation.reasons.push_back(fmt::format("{}: {} devices for weight {}, {:.1f} each",
                                                 hub->name.text(), devices, hub->weight,
                                                 static_cast<double>(devices) / hub->weight));
    }
    if (facts.current && candidates.find(*facts.current) != nullptr) {
        allocation.hub = facts.current;
        allocation.reasons.push_back(facts.current->text() + ": stays, its load does not matter");
        return;
    }
    if (const LinkedHub* hub = highest_score(emptiest(facts, candidates), facts.id)) {
        allocation.hub = hub->name;
    }
}

} // namespace

double rendezvous_score(const Candidate& candidate, const RegistrationId& id) {
    CHECK(candidate.weight > 0);
    return -candidate.weight / std::log(uniform(candidate.hub, id));
}

const LinkedHub* highest_score(const std::vector<const LinkedHub*>& hubs,
                               const RegistrationId& id) {
    return highest(scores_of(hubs, id));
}

void choose_by_weight(const AllocationFacts& facts, const Candidates& candidates,
                      Allocation& allocation) {
    allocation.policy = AllocationPolicy::hashed;
    if (facts.instance.even_load) {
        choose_by_load(facts, candidates, allocation);
        return;
    }
    const std::vector<Scored> scored = scores_of(candidates.hubs, facts.id);
    for (const Scored& one : scored) {
        allocation.reasons.push_back(fmt::format("{}: score {:.4f} with weight {}",
                                                 one.hub->name.text(), one.score, one.hub->weight));
    }
    if (const LinkedHub* hub = highest(scored)) {
        allocation.hub = hub->name;
    }
}

} // namespace muster::provisioning
