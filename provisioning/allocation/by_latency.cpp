#include "provisioning/allocation/by_latency.h"

#include "provisioning/allocation/by_weight.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace muster::provisioning {

namespace {

struct Distance {
    const LinkedHub* hub = nullptr;
    double round_trip_ms = 0;
};

/// ", by the network map (10.1.0.0/16)"
std::string according_to(const DevicePlace& place) {
    const std::string origin = place.origin.empty() ? "" : fmt::format(" ({})", place.origin);
    return fmt::format("by {}{}", to_string(place.source), origin);
}

/// Measured, else estimated between the device's place and the hub's.
std::optional<double> round_trip_to(const LinkedHub& hub, const DevicePlace& place,
                                    std::string& reason) {
    const std::string& name = hub.name.text();
    if (const auto found = place.round_trips_ms.find(hub.name);
        found != place.round_trips_ms.end()) {
        reason = fmt::format("{}: {:.1f} ms, {}", name, found->second, according_to(place));
        return found->second;
    }
    const auto location = parse_location(hub.location);
    if (!place.point || !location) {
        reason = fmt::format("{}: distance not known{}", name,
                             place.point ? ", it has no location" : "");
        return std::nullopt;
    }
    const double kilometres = kilometres_between(*place.point, *location);
    const double estimate = estimated_round_trip_ms(kilometres);
    reason = fmt::format("{}: {:.1f} ms over {:.0f} km, {}", name, estimate, kilometres,
                         according_to(place));
    return estimate;
}

bool has_no_address(const AllocationInputs& inputs) {
    return inputs.peer_address.empty() && !inputs.place.point &&
           inputs.place.round_trips_ms.empty();
}

DevicePlace place_of(const AllocationFacts& facts) {
    if (!has_no_address(facts.inputs)) {
        return facts.inputs.place;
    }
    DevicePlace place{
        .source = PlaceSource::its_hub, .origin = {}, .point = {}, .round_trips_ms = {}};
    if (facts.current) {
        place.origin = facts.current->text();
        place.round_trips_ms[*facts.current] = 0;
        const LinkedHub* hub = facts.instance.find_hub(*facts.current);
        const auto location = parse_location(hub == nullptr ? "" : hub->location);
        place.point = location ? std::optional(*location) : std::nullopt;
    }
    return place;
}

std::vector<Distance> distances_known(const AllocationFacts& facts, const Candidates& candidates,
                                      Allocation& allocation) {
    const DevicePlace place = place_of(facts);
    std::vector<Distance> known;
    for (const LinkedHub* hub : candidates.hubs) {
        std::string reason;
        if (const auto round_trip = round_trip_to(*hub, place, reason)) {
            known.push_back({.hub = hub, .round_trip_ms = *round_trip});
        }
        allocation.reasons.push_back(std::move(reason));
    }
    return known;
}

/// As good as the shortest.
std::vector<const LinkedHub*> nearest(const std::vector<Distance>& known) {
    const double shortest =
        std::ranges::min_element(known, {}, &Distance::round_trip_ms)->round_trip_ms;
    const double tie_ms = std::max(latency_tie_ms, shortest / 10);
    std::vector<const LinkedHub*> hubs;
    for (const Distance& one : known) {
        if (one.round_trip_ms - shortest < tie_ms) {
            hubs.push_back(one.hub);
        }
    }
    return hubs;
}

} // namespace

void choose_by_latency(const AllocationFacts& facts, const Candidates& candidates,
                       Allocation& allocation) {
    allocation.policy = AllocationPolicy::geo_latency;
    const std::vector<Distance> known = distances_known(facts, candidates, allocation);
    if (known.empty()) {
        allocation.reasons.emplace_back("no distance is known: chosen by weight");
        choose_by_weight(facts, candidates, allocation);
        return;
    }
    const std::vector<const LinkedHub*> ties = nearest(known);
    const auto here = std::ranges::find_if(
        ties, [&](const LinkedHub* hub) { return facts.current == hub->name; });
    if (ties.size() > 1) {
        allocation.reasons.push_back(
            fmt::format("{} hubs are as good as equally near: {}", ties.size(),
                        here != ties.end() ? "the device stays" : "chosen by weight"));
    }
    // A device at a hub that ties is not moved for the sake of a millisecond, now and back again.
    allocation.hub = here != ties.end() ? (*here)->name : highest_score(ties, facts.id)->name;
}

} // namespace muster::provisioning
