#pragma once
// A routing rule: which events of a hub go to which endpoint.

#include "hub/events/event.h"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace muster::hub {

inline constexpr std::size_t routes_max = 100;   // per hub, as in the real service
inline constexpr std::size_t endpoints_max = 16; // per hub, without the built-in one

/// The endpoint that every hub has: its own event log.
inline constexpr std::string_view built_in_endpoint = "events";

struct Route {
    std::string name;
    std::optional<EventSource> source; // nothing: events of every source
    std::string condition;             // query/condition.h, Dialect::routing; empty: always true
    std::string endpoint;
    bool enabled = true;
};

/// The words of a configuration: "all", "telemetry", "twin-changes", "lifecycle", "connections".
std::string_view route_source_name(std::optional<EventSource> source);

/// Error: malformed, naming the words there are.
Result<std::optional<EventSource>> parse_route_source(std::string_view text);

} // namespace muster::hub
