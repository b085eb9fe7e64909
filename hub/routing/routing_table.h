#pragma once
// The routes of a hub, ready to be held against events. Immutable; thread safe.
//
// The log is the built-in endpoint, `events`: it holds every event, whatever the routes say, so
// nothing can be lost by a rule that was forgotten. Routes to `events` say which events are meant
// for whoever reads the log; an event that no enabled route wants is, too (the fallback).

#include "base/result.h"
#include "hub/routing/event_facts.h"
#include "hub/routing/route.h"
#include "query/condition.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace muster::hub {

class RoutingTable {
  public:
    RoutingTable() = default;

    /// Error: malformed, naming the route and what is wrong with it: a name that is taken, an
    /// endpoint that is not among `endpoints` and not built in, a condition that cannot be read,
    /// with its place; quota_exceeded beyond routes_max.
    static Result<RoutingTable> make(std::vector<Route> routes,
                                     const std::vector<std::string>& endpoints);

    [[nodiscard]] const std::vector<Route>& routes() const { return routes_; }

    /// Whether any enabled route leads to the endpoint. A condition that cannot be evaluated is not
    /// true. Error: what the look-up of the twin says, if the outcome hangs on it.
    [[nodiscard]] Result<bool> leads_to(std::string_view endpoint, const Event& event,
                                        const TwinLookup& twins) const;

    /// The names of the enabled routes that want the event, in their order; none: the fallback.
    /// Error as above.
    [[nodiscard]] Result<std::vector<std::string>> wanted_by(const Event& event,
                                                             const TwinLookup& twins) const;

  private:
    [[nodiscard]] bool wants(std::size_t route, const Event& event, const EventFacts& facts) const;

    std::vector<Route> routes_;
    std::vector<std::optional<query::Condition>> conditions_; // of the routes; nothing: true
};

/// Reads a condition as a route has it. Error: malformed, with the place.
Result<std::optional<query::Condition>> read_route_condition(const std::string& text);

} // namespace muster::hub
