#include "hub/configurations/rule.h"
#include "hub/fixture.h"

namespace muster::hub {

namespace {

/// Weakest first, all of them meant.
class ConfigurationRule : public testing::Test {
  protected:
    void add(std::string_view id, int priority, std::string_view content, int minute = 0) {
        Configuration one;
        one.id = ConfigurationId(std::string(id));
        one.priority = priority;
        one.created = noon() + std::chrono::minutes(minute);
        one.condition = "*";
        one.content = JsonObject{{"deviceContent", object(content)}};
        configurations.push_back(one);
    }

    void remove(std::string_view id) {
        std::erase_if(configurations, [&](const auto& one) { return one.id.text() == id; });
    }

    Reconfigured run(const TwinLimits& limits = {}) {
        active = active_configurations(configurations, {}).value();
        std::vector<Wish> wishes;
        for (const auto& one : active) {
            wishes.push_back({.of = &one, .settings = &one.settings.at(""), .state = {}});
        }
        return reconfigure(twin, wishes, noon(), limits);
    }

    /// Changes the twin, and checks that doing it again changes nothing.
    std::string apply() {
        const Reconfigured next = run();
        twin = next.twin;
        const Reconfigured again = run();
        EXPECT_EQ(again.twin.version, twin.version);
        EXPECT_TRUE(again.patch.empty());
        return to_text(twin.desired.values);
    }

    std::string states() { return to_text(to_configurations_document(twin.configured)); }

    std::vector<Configuration> configurations;
    std::vector<ActiveConfiguration> active;
    Twin twin = new_twin({}, object(R"({"own":1})"), {}, noon());
};

} // namespace

TEST_F(ConfigurationRule, SetsWhatItSaysAndTellsTheDeviceOnlyThat) {
    add("c", 1, R"({"properties.desired.net":{"apn":"iot"}})");
    const Reconfigured next = run();
    EXPECT_EQ(to_text(next.patch), R"({"net":{"apn":"iot"}})");
    EXPECT_EQ(next.twin.version, twin.version + 1);
    EXPECT_EQ(next.twin.desired.version, twin.desired.version + 1);
    EXPECT_EQ(apply(), R"({"own":1,"net":{"apn":"iot"}})");
    EXPECT_EQ(states(), R"({"c":{"status":"Applied"}})");
}

TEST_F(ConfigurationRule, NothingIsDoneTwiceOrForNobody) {
    const Reconfigured next = run();
    EXPECT_EQ(next.twin.version, twin.version);
}

TEST_F(ConfigurationRule, TheHigherPriorityStandsPlaceByPlace) {
    add("low", 1, R"({"properties.desired.a":1,"properties.desired.b":1})");
    add("high", 2, R"({"properties.desired.a":2})");
    EXPECT_EQ(object(apply()), object(R"({"own":1,"b":1,"a":2})"));
    EXPECT_EQ(states(), R"({"high":{"status":"Applied"},"low":{"status":"Applied"}})");
    add("highest", 3, R"({"properties.desired.a":3,"properties.desired.b":3})");
    EXPECT_EQ(object(apply()), object(R"({"own":1,"a":3,"b":3})"));
    EXPECT_EQ(states(), R"({"high":{"status":"Targeted"},"highest":{"status":"Applied"},)"
                        R"("low":{"status":"Targeted"}})");
}

TEST_F(ConfigurationRule, OfEqualsTheNewerStands) {
    add("older", 1, R"({"properties.desired.a":"older"})", 0);
    add("newer", 1, R"({"properties.desired.a":"newer"})", 1);
    EXPECT_EQ(object(apply()), object(R"({"own":1,"a":"newer"})"));
}

TEST_F(ConfigurationRule, WhatLeavesTakesItsSettingsAlong) {
    add("low", 1, R"({"properties.desired.net.apn":"low"})");
    add("high", 2, R"({"properties.desired.net.apn":"high","properties.desired.net.dns.a":1})");
    apply();
    remove("high");
    EXPECT_EQ(object(apply()), object(R"({"own":1,"net":{"apn":"low"}})"));
    remove("low");
    EXPECT_EQ(object(apply()), object(R"({"own":1})"));
    EXPECT_EQ(twin.configured, Configured());
}

TEST_F(ConfigurationRule, WhoSetsAPlaceSetsAllOfIt) {
    twin = new_twin({}, object(R"({"net":{"own":1}})"), {}, noon());
    add("low", 1, R"({"properties.desired.net.apn":"low"})");
    EXPECT_EQ(object(apply()), object(R"({"net":{"own":1,"apn":"low"}})"));
    add("high", 2, R"({"properties.desired.net":{"dns":1}})");
    EXPECT_EQ(object(apply()), object(R"({"net":{"dns":1}})"));
    add("highest", 3, R"({"properties.desired.net.apn":"highest"})");
    EXPECT_EQ(object(apply()), object(R"({"net":{"dns":1,"apn":"highest"}})"));
}

TEST_F(ConfigurationRule, WhatSomebodyElseWroteIsPutRight) {
    add("c", 1, R"({"properties.desired.a":1})");
    apply();
    twin = apply_patch(twin, desired_update(R"({"a":7})"), noon()).value();
    EXPECT_EQ(object(apply()), object(R"({"own":1,"a":1})"));
}

TEST_F(ConfigurationRule, ATwinThatWouldGrowTooLargeStaysAsItIs) {
    add("c", 1, R"({"properties.desired.a":"0123456789"})");
    const Reconfigured next = run({.section_bytes_max = 15});
    ASSERT_TRUE(next.error.has_value());
    EXPECT_EQ(next.twin.desired.version, twin.desired.version);
    twin = next.twin;
    EXPECT_EQ(states(), R"({"c":{"status":"Targeted"}})");
    EXPECT_EQ(run({.section_bytes_max = 15}).twin.version, twin.version);
}

TEST_F(ConfigurationRule, ArraysAndNumbersAreComparedByValue) {
    add("c", 1, R"({"properties.desired.a":[1,{"b":null}],"properties.desired.n":1.5})");
    apply();
    EXPECT_TRUE(run().patch.empty());
}

} // namespace muster::hub
