#include "provisioning/allocation/by_weight.h"

#include "base/check.h"
#include "crypto/keys.h"

#include <fmt/format.h>

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

double score_of(const LinkedHub& hub, const RegistrationId& id) {
    return rendezvous_score({.hub = hub.name, .weight = hub.weight}, id);
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
    const LinkedHub* best = nullptr;
    double best_score = 0;
    for (const LinkedHub* hub : hubs) {
        const double score = score_of(*hub, id);
        const bool wins = best == nullptr || score > best_score ||
                          (score == best_score && hub->name < best->name);
        if (wins) {
            best = hub;
            best_score = score;
        }
    }
    return best;
}

void choose_by_weight(const AllocationFacts& facts, const Candidates& candidates,
                      Allocation& allocation) {
    allocation.policy = AllocationPolicy::hashed;
    if (facts.instance.even_load) {
        choose_by_load(facts, candidates, allocation);
        return;
    }
    for (const LinkedHub* hub : candidates.hubs) {
        allocation.reasons.push_back(fmt::format("{}: score {:.4f} with weight {}",
                                                 hub->name.text(), score_of(*hub, facts.id),
                                                 hub->weight));
    }
    if (const LinkedHub* hub = highest_score(candidates.hubs, facts.id)) {
        allocation.hub = hub->name;
    }
}

} // namespace muster::provisioning
