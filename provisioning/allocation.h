#pragma once
// Which hub takes a device (reference: dps-service 9.1, 9.3). Pure: the same facts give the same
// hub on every machine.
//
// hashed: weighted rendezvous hashing. For each candidate
//
//     h     = the first eight bytes of SHA-256(hub name, LF, registration id), big-endian,
//             both texts in lower case
//     u     = ((h >> 11) + 0.5) / 2^53          in (0, 1)
//     score = -weight / ln(u)
//
// and the highest score wins. Each hub gets its weight's share of the devices; when a hub joins,
// only the devices it now wins move, and when one leaves, only its own do.
//
// hashed with `by_load` (Instance::even_load): a device that has a hub among the candidates keeps
// it; any other goes to the hub with the fewest devices for its weight, ties by score. Shares stay
// even whatever was deleted or moved by hand, but which hub a new device gets depends on when it
// comes, and a rebalance moves nothing.
//
// geoLatency: the hub with the shortest round trip to the device; those within latency_tie of it
// tie, and the score decides among them. A device keeps a hub that ties.

#include "base/clock.h"
#include "base/ids.h"
#include "base/json.h"
#include "provisioning/enrollment.h"
#include "provisioning/instance.h"
#include "provisioning/whereabouts.h"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace muster::provisioning {

/// A hub at its limit takes no more; the devices that are there may come back.
inline constexpr std::int64_t default_hub_devices_max = 1'000'000;

/// Round trips that differ by less than this, or by less than a tenth, are as good as equal.
inline constexpr double latency_tie_ms = 5.0;

/// Devices per hub: assigned or on their way, as far as this process knows.
using HubLoads = std::map<HubName, std::int64_t>;

/// What a custom allocation function said (dps-service 9.3), checked for its shape only. Without a
/// hub it leaves the choice to the fallback policy ("you choose").
struct FunctionAnswer {
    std::optional<HubName> hub;
    std::optional<InitialTwin> twin; // wins over migration
    std::optional<JsonObject> payload;
};

/// What the answer to a request may depend on, beside the enrollment.
struct AllocationInputs {
    std::optional<Json> payload; // of the device's request
    std::string leaf_der;        // the certificate it showed, empty if none
    std::string peer_address;    // without port
    std::string api_version;     // that the device sent
    WallTime now;
    DevicePlace place;
    HubLoads loads;
    std::optional<FunctionAnswer> answer; // once the function has been asked
};

struct AllocationFacts {
    const RegistrationId& id;
    const EnrollmentTerms& terms;
    const Instance& instance;
    const std::optional<HubName>& current; // where the device is
    const AllocationInputs& inputs;
};

/// The decision, with what led to it.
struct Allocation {
    std::optional<HubName> hub; // nothing: there is none, or the function is to be asked
    bool ask_function = false;  // custom, and no answer yet
    AllocationPolicy policy = AllocationPolicy::hashed; // that decided in the end
    std::vector<std::string> excluded; // "hub-1: takes no new devices", for the operator
    std::vector<std::string> reasons;  // "hub-2: 12.5 ms, by the network map (10.1.0.0/16)"
};

/// The policy in force: the enrollment's, else the instance's.
AllocationPolicy effective_policy(const EnrollmentTerms& terms, const Instance& instance);

/// Chooses among the hubs the enrollment names, else every linked one; never one that is not
/// linked, excluded from allocation, or full. `static` looks at the first hub named only; with none
/// named it takes the only linked one. `custom` follows its rule (allocating/rule.h), else the
/// function's answer, which must be one of the candidates.
Allocation allocate(const AllocationFacts& facts);

/// The names of the candidates, for the function (dps-service 9.3, `linkedHubs`).
std::vector<HubName> candidates_for_function(const AllocationFacts& facts);

struct Candidate {
    HubName hub;
    int weight = 1;
};

double rendezvous_score(const Candidate& candidate, const RegistrationId& id);

} // namespace muster::provisioning
