#pragma once
// Which hub takes a device (reference: dps-service 9.1). Pure: the same candidates, weights and
// registration id give the same hub on every machine.
//
// Weighted rendezvous hashing. For each candidate
//
//     h     = the first eight bytes of SHA-256(hub name, LF, registration id), big-endian,
//             both texts in lower case
//     u     = ((h >> 11) + 0.5) / 2^53          in (0, 1)
//     score = -weight / ln(u)
//
// and the highest score wins. Each hub gets its weight's share of the devices; when a hub joins,
// only the devices it now wins move, and when one leaves, only its own do.

#include "base/ids.h"
#include "provisioning/enrollment.h"
#include "provisioning/instance.h"

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace muster::provisioning {

struct Candidate {
    HubName hub;
    int weight = 1;
};

struct Candidates {
    std::vector<Candidate> hubs;
    std::vector<std::string> excluded; // "hub-1: takes no new devices", for the operator
};

/// The policy in force: the enrollment's, else the instance's.
AllocationPolicy effective_policy(const EnrollmentTerms& terms, const Instance& instance);

/// The hubs that may be chosen: those the enrollment names, else every linked one; never one that
/// is not linked or is excluded from allocation. Under `fixed` only the first hub named counts.
Candidates candidates_for(const EnrollmentTerms& terms, const Instance& instance);

double rendezvous_score(const Candidate& candidate, const RegistrationId& id);

/// Nothing if there is no candidate, or under `fixed` not exactly one. `geo_latency` is hashed
/// until latencies are known; `custom` is decided elsewhere and chooses nothing here.
std::optional<HubName> choose_hub(AllocationPolicy policy, std::span<const Candidate> candidates,
                                  const RegistrationId& id);

} // namespace muster::provisioning
