#include "hub/routing/fixture.h"
#include "hub/routing/routing_table.h"

namespace muster::hub {

namespace {

using namespace routing_fixture;

const std::vector<std::string> endpoints{"store", "alarms"};

Route route(std::string name, std::string condition, std::string endpoint = "store") {
    return {.name = std::move(name),
            .source = std::nullopt,
            .condition = std::move(condition),
            .endpoint = std::move(endpoint)};
}

std::string mistake(std::vector<Route> routes) {
    const auto table = RoutingTable::make(std::move(routes), endpoints);
    return table ? "none" : table.error().detail;
}

} // namespace

TEST(RoutingTable, RefusesWhatCannotBeMeant) {
    EXPECT_EQ(mistake({route("a", "")}), "none");
    EXPECT_EQ(mistake({route("a", ""), route("a", "x = 1")}),
              "route 'a': there are two of this name");
    EXPECT_EQ(mistake({route("a", "", "stroe")}), "route 'a': there is no endpoint 'stroe'");
    EXPECT_EQ(mistake({route("a", "", "events")}), "none");
    const std::string place = mistake({route("a", "x = 1\n  AND y ==")});
    EXPECT_TRUE(place.starts_with("route 'a': line 2, column 10")) << place;
    std::vector<Route> many;
    for (std::size_t number = 0; number <= routes_max; ++number) {
        many.push_back(route(std::to_string(number), ""));
    }
    EXPECT_EQ(RoutingTable::make(many, endpoints).error().code, Code::quota_exceeded);
    many.pop_back();
    EXPECT_TRUE(RoutingTable::make(many, endpoints));
}

TEST(RoutingTable, AnyRouteToAnEndpointIsEnough) {
    const auto table =
        RoutingTable::make({route("a", "x = 'a'"), route("b", "x = 'b'"),
                            route("c", "x = 'c'", "alarms"), route("d", " TRUE ", "alarms")},
                           endpoints)
            .value();
    const Event event = telemetry("dev-01", "", {{"x", "b"}});
    EXPECT_TRUE(table.leads_to("store", event, no_twins()).value());
    EXPECT_TRUE(table.leads_to("alarms", event, no_twins()).value());
    EXPECT_FALSE(table.leads_to("events", event, no_twins()).value());
    EXPECT_EQ(table.wanted_by(event, no_twins()).value(), (std::vector<std::string>{"b", "d"}));
}

TEST(RoutingTable, DisabledRoutesAndOtherSourcesDoNotCount) {
    Route disabled = route("off", "");
    disabled.enabled = false;
    Route twins_only = route("twins", "");
    twins_only.source = EventSource::twin_change;
    const auto table = RoutingTable::make({disabled, twins_only}, endpoints).value();
    Event event = telemetry("dev-01", "");
    EXPECT_FALSE(table.leads_to("store", event, no_twins()).value());
    event.source = EventSource::twin_change;
    EXPECT_TRUE(table.leads_to("store", event, no_twins()).value());
}

TEST(RoutingTable, AConditionThatCannotBeEvaluatedIsNotTrue) {
    const auto table =
        RoutingTable::make({route("a", "$body.x = 1"), route("b", "x + 1 > 2")}, endpoints).value();
    EXPECT_FALSE(table.leads_to("store", telemetry("d", "no json"), no_twins()).value());
}

TEST(RoutingTable, ATwinThatCannotBeReadDecidesNothing) {
    const TwinLookup broken = [](const IdentityId&) -> Result<std::optional<JsonObject>> {
        return fail(Code::unavailable, "the store is busy");
    };
    const auto table =
        RoutingTable::make({route("a", "$twin.tags.a = 1"), route("b", "x = 'y'")}, endpoints)
            .value();
    // Another route wants it anyway.
    EXPECT_TRUE(table.leads_to("store", telemetry("d", "", {{"x", "y"}}), broken).value());
    const auto unknown = table.leads_to("store", telemetry("d", ""), broken);
    ASSERT_FALSE(unknown);
    EXPECT_EQ(unknown.error().code, Code::unavailable);
}

TEST(RouteSource, IsReadAsItIsWritten) {
    for (const auto* word : {"all", "telemetry", "twin-changes", "lifecycle", "connections"}) {
        EXPECT_EQ(route_source_name(parse_route_source(word).value()), word);
    }
    EXPECT_FALSE(parse_route_source("DeviceMessages"));
    EXPECT_FALSE(parse_route_source(""));
}

} // namespace muster::hub
