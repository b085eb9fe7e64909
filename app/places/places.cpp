#include "app/places/places.h"

namespace muster::app {

using provisioning::DevicePlace;
using provisioning::PlaceSource;

namespace {

/// Whoever may link hubs makes entries.
constexpr std::size_t distances_max = 1000;

} // namespace

void HubDistances::note(const HubName& hub, std::chrono::microseconds connect_time) {
    const double measured = std::chrono::duration<double, std::milli>(connect_time).count();
    const std::scoped_lock lock(mutex_);
    if (smoothed_.size() >= distances_max && !smoothed_.contains(hub)) {
        return;
    }
    const auto [entry, is_first] = smoothed_.try_emplace(hub, measured);
    if (!is_first) {
        entry->second += (measured - entry->second) / 8;
    }
}

std::map<HubName, double> HubDistances::round_trips_ms() const {
    const std::scoped_lock lock(mutex_);
    return smoothed_;
}

DevicePlace Places::locate(std::string_view address) const {
    if (const NetworkPlace* network = map_.find(address)) {
        return {.source = PlaceSource::network_map,
                .origin = network->cidr,
                .point = network->location,
                .round_trips_ms = network->latencies_ms};
    }
    if (auto found = database_ == nullptr ? std::nullopt : database_->find(address)) {
        return {.source = PlaceSource::geo_database,
                .origin = std::move(found->name),
                .point = found->point,
                .round_trips_ms = {}};
    }
    return {.source = PlaceSource::this_node,
            .origin = {},
            .point = {},
            .round_trips_ms = distances_.round_trips_ms()};
}

} // namespace muster::app
