#pragma once
// Words of the configuration file and what they mean.

#include "base/log.h"
#include "provisioning/enrollment.h"

#include <array>
#include <optional>
#include <string_view>

namespace muster::app {

/// hashed, static or geoLatency, in any case: what an instance may have as its default.
std::optional<provisioning::AllocationPolicy> policy_named(std::string_view name);
std::string_view name_of(provisioning::AllocationPolicy policy);

/// What a hub's event log may hold beside telemetry.
constexpr std::array<std::string_view, 3> hub_event_words() {
    return {"twin-changes", "lifecycle", "connections"};
}

inline constexpr int hub_partitions_max = 32;

std::optional<log::Level> level_named(std::string_view name);
std::string_view name_of(log::Level level);

} // namespace muster::app
