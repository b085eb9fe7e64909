#include "hub/routing/event_facts.h"
#include "hub/routing/fixture.h"
#include "hub/routing/routing_table.h"

namespace muster::hub {

namespace {

using namespace routing_fixture;

bool holds(const std::string& condition, const Event& event, const TwinLookup& twins = no_twins()) {
    const auto read = read_route_condition(condition);
    EXPECT_TRUE(read) << condition << ": " << read.error().detail;
    const EventFacts facts(event, twins);
    return !*read || query::matches(**read, facts);
}

Event wired(const std::string& key, const std::string& value) {
    return telemetry("dev-01", "", {{key, value}});
}

} // namespace

TEST(EventFacts, ApplicationPropertiesGoByNameInAnyCase) {
    const Event event = telemetry("dev-01", "", {{"alarm", "low"}, {"Alarm", "high"}, {"n", "7"}});
    EXPECT_TRUE(holds("alarm = 'high'", event)); // the last one counts
    EXPECT_TRUE(holds("ALARM = 'high'", event));
    EXPECT_FALSE(holds("alarm = 'low'", event));
    EXPECT_FALSE(holds("other = 'high'", event));
    EXPECT_FALSE(holds("other != 'high'", event));
    EXPECT_FALSE(holds("NOT other = 'high'", event));
    EXPECT_FALSE(holds("n = 7", event)); // it is a string
    EXPECT_TRUE(holds("IS_DEFINED(n) AND NOT IS_DEFINED(other)", event));
}

TEST(EventFacts, SystemPropertiesAreNoApplicationProperties) {
    const Event event = telemetry("dev-01", "", {{"$.mid", "m-1"}, {"mid", "own"}});
    EXPECT_TRUE(holds("$messageId = 'm-1'", event));
    EXPECT_TRUE(holds("mid = 'own'", event));
    EXPECT_FALSE(holds("messageId = 'm-1'", event));
    EXPECT_FALSE(holds("[[$.mid]] = 'm-1'", event));
}

TEST(EventFacts, WhatTheSenderSaysOfTheMessage) {
    EXPECT_TRUE(holds("$contentType = 'text/plain'", wired("$.ct", "text/plain")));
    EXPECT_TRUE(holds("$iothub-content-type = 'text/plain'", wired("$.ct", "text/plain")));
    EXPECT_TRUE(holds("$contentEncoding = 'utf-16'", wired("$.ce", "utf-16")));
    EXPECT_TRUE(holds("$correlationId = 'c'", wired("$.cid", "c")));
    EXPECT_TRUE(holds("$userId = 'u'", wired("$.uid", "u")));
    EXPECT_TRUE(holds("$outputName = 'o'", wired("$.on", "o")));
    EXPECT_TRUE(holds("$dt-subject = 's'", wired("$.sub", "s")));
    EXPECT_FALSE(holds("$contentType = 'text/plain'", telemetry("dev-01", "")));
    EXPECT_FALSE(holds("$nonsense = 'x'", wired("$.nonsense", "x")));
}

TEST(EventFacts, WhatTheHubSaysOfTheEvent) {
    Event event = telemetry("dev-01", "");
    event.model_id = "dtmi:a;1";
    EXPECT_TRUE(holds("$connectionDeviceId = 'dev-01'", event));
    EXPECT_TRUE(holds("$iothub-connection-device-id = 'dev-01'", event));
    EXPECT_FALSE(holds("IS_DEFINED($connectionModuleId)", event));
    EXPECT_TRUE(holds("$enqueuedTime > '2030-01-02T03:04:04Z'", event));
    EXPECT_TRUE(holds("$iothub-enqueuedtime < '2030-01-02T03:04:06Z'", event));
    EXPECT_TRUE(holds("$iothub-message-source = 'Telemetry'", event));
    EXPECT_TRUE(holds("$dt-dataschema = 'dtmi:a;1'", event));
    event.identity.module = ModuleId("cam");
    EXPECT_TRUE(holds("$connectionModuleId = 'cam'", event));
    // A device cannot say who it is.
    event.properties = {{"$.cdid", "dev-02"}, {"iothub-connection-device-id", "dev-02"}};
    EXPECT_TRUE(holds("$connectionDeviceId = 'dev-01'", event));
}

TEST(EventFacts, TheBodyIsReadIfItIsJson) {
    const Event event = json_telemetry(R"({"weather":{"wind":[{"speed":12}]},"a b":null})");
    EXPECT_TRUE(holds("$body.weather.wind[0].speed > 11.5", event));
    EXPECT_FALSE(holds("$body.weather.wind[1].speed > 11.5", event));
    EXPECT_TRUE(holds("IS_NULL($body.[[a b]])", event));
    EXPECT_TRUE(holds("IS_OBJECT($body)", event));
    EXPECT_FALSE(holds("$body.Weather.wind[0].speed > 11.5", event)); // exactly
}

TEST(EventFacts, WhatIsNoJsonInUtf8HasNoBody) {
    const std::string body = R"({"a":1})";
    EXPECT_FALSE(holds("$body.a = 1", telemetry("dev-01", body)));
    EXPECT_FALSE(holds("$body.a = 1", telemetry("dev-01", body, {{"$.ct", "text/plain"}})));
    EXPECT_FALSE(
        holds("$body.a = 1",
              telemetry("dev-01", body, {{"$.ct", "application/json"}, {"$.ce", "utf-16"}})));
    EXPECT_FALSE(holds("NOT $body.a = 2", json_telemetry(R"({"a":1)")));
    EXPECT_FALSE(holds("IS_DEFINED($body)", json_telemetry("{\"a\":\"\xff\"}")));
    EXPECT_FALSE(holds("IS_DEFINED($body)", json_telemetry("")));
    EXPECT_TRUE(holds("$body.a = 1", telemetry("dev-01", body, {{"$.ct", "Application/JSON"}})));
}

TEST(EventFacts, TheTwinIsLookedUpOnceAndOnlyIfAskedFor) {
    int lookups = 0;
    const TwinLookup twins = [&](const IdentityId& id) -> Result<std::optional<JsonObject>> {
        ++lookups;
        EXPECT_EQ(id.text(), "dev-01");
        return JsonObject{{"tags", {{"site", "north"}}},
                          {"properties", {{"reported", {{"v", 2}}}}}};
    };
    const Event event = json_telemetry(R"({"v":2})");
    EXPECT_TRUE(holds("$body.v = 2", event, twins));
    EXPECT_EQ(lookups, 0);
    EXPECT_TRUE(
        holds("$twin.tags.site = 'north' AND $twin.properties.reported.v = $body.v", event, twins));
    EXPECT_EQ(lookups, 1);
    EXPECT_FALSE(holds("$twin.tags.site != 'north'", event, no_twins()));
}

TEST(EventFacts, ATwinThatCannotBeReadIsAFailure) {
    const TwinLookup twins = [](const IdentityId&) -> Result<std::optional<JsonObject>> {
        return fail(Code::unavailable, "the store is busy");
    };
    const Event event = telemetry("dev-01", "");
    const auto condition = read_route_condition("$twin.tags.a = 1").value();
    const EventFacts facts(event, twins);
    EXPECT_FALSE(query::matches(*condition, facts));
    ASSERT_TRUE(facts.failure());
    EXPECT_EQ(facts.failure()->detail, "the store is busy");
}

} // namespace muster::hub
