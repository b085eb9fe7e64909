#include "hub/routing/routing_table.h"

#include "base/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace muster::hub {

namespace {

std::unexpected<Error> fault_in(const Route& route, const std::string& what) {
    return fail(Code::malformed, fmt::format("route '{}': {}", route.name, what));
}

bool is_known(const std::string& endpoint, const std::vector<std::string>& endpoints) {
    return endpoint == built_in_endpoint ||
           std::ranges::find(endpoints, endpoint) != endpoints.end();
}

} // namespace

Result<std::optional<query::Condition>> read_route_condition(const std::string& text) {
    // "true" is how the real service spells a route without a condition.
    if (trim(text).empty() || equal_ignoring_case(trim(text), "true")) {
        return std::nullopt;
    }
    auto condition = query::parse_condition(text, query::Dialect::routing);
    if (!condition) {
        return std::unexpected(std::move(condition).error());
    }
    return std::move(*condition);
}

Result<RoutingTable> RoutingTable::make(std::vector<Route> routes,
                                        const std::vector<std::string>& endpoints) {
    if (routes.size() > routes_max) {
        return fail(Code::quota_exceeded, fmt::format("more than {} routes", routes_max));
    }
    RoutingTable table;
    for (Route& route : routes) {
        if (std::ranges::find(table.routes_, route.name, &Route::name) != table.routes_.end()) {
            return fault_in(route, "there are two of this name");
        }
        if (!is_known(route.endpoint, endpoints)) {
            return fault_in(route, fmt::format("there is no endpoint '{}'", route.endpoint));
        }
        auto condition = read_route_condition(route.condition);
        if (!condition) {
            return fault_in(route, condition.error().detail);
        }
        table.conditions_.push_back(std::move(*condition));
        table.routes_.push_back(std::move(route));
    }
    return table;
}

bool RoutingTable::wants(std::size_t route, const Event& event, const EventFacts& facts) const {
    const Route& rule = routes_[route];
    const bool may_be = rule.enabled && (!rule.source || *rule.source == event.source);
    return may_be && (!conditions_[route] || query::matches(*conditions_[route], facts));
}

Result<bool> RoutingTable::leads_to(std::string_view endpoint, const Event& event,
                                    const TwinLookup& twins) const {
    const EventFacts facts(event, twins);
    for (std::size_t route = 0; route < routes_.size(); ++route) {
        if (routes_[route].endpoint == endpoint && wants(route, event, facts)) {
            return true;
        }
    }
    if (facts.failure()) {
        return std::unexpected(*facts.failure());
    }
    return false;
}

Result<std::vector<std::string>> RoutingTable::wanted_by(const Event& event,
                                                         const TwinLookup& twins) const {
    const EventFacts facts(event, twins);
    std::vector<std::string> names;
    for (std::size_t route = 0; route < routes_.size(); ++route) {
        if (wants(route, event, facts)) {
            names.push_back(routes_[route].name);
        }
    }
    if (facts.failure()) {
        return std::unexpected(*facts.failure());
    }
    return names;
}

} // namespace muster::hub
