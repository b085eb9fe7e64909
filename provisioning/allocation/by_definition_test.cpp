#include "provisioning/allocation/test_facts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace muster::provisioning {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// dps-service 9.3
class Custom : public ::testing::Test {
  protected:
    Custom() {
        one_.terms.allocation_policy = AllocationPolicy::custom;
        define({{"webhookUrl", "https://functions.example.org/choose?code=secret"},
                {"apiVersion", "2021-10-01"}});
    }

    void define(JsonObject definition) { one_.terms.custom_allocation = std::move(definition); }

    void rule(const char* text, const char* fallback = nullptr) {
        JsonObject definition{{"webhookUrl", "https://functions.example.org/choose"},
                              {"apiVersion", "2021-10-01"},
                              {"rule", text}};
        if (fallback != nullptr) {
            definition["fallbackPolicy"] = fallback;
        }
        define(std::move(definition));
    }

    void answered(std::string_view hub) {
        one_.inputs.answer =
            FunctionAnswer{.hub = hub.empty() ? std::nullopt : std::optional(HubName(hub)),
                           .twin = {},
                           .payload = {}};
    }

    std::set<std::string> hubs_chosen() {
        std::set<std::string> hubs;
        for (int i = 0; i < 100; ++i) {
            one_.id = numbered_device(i);
            hubs.insert(one_.hub());
        }
        return hubs;
    }

    AllocationCase one_{{linked("hub-1.net"), linked("hub-2.net"), linked("hub-3.net")}};
};

TEST_F(Custom, TheFunctionIsAskedOnce) {
    EXPECT_TRUE(one_.allocated().ask_function);
    EXPECT_EQ(one_.hub(), "");
    EXPECT_EQ(one_.allocated().policy, AllocationPolicy::custom);
    answered("hub-2.net");
    EXPECT_FALSE(one_.allocated().ask_function);
    EXPECT_EQ(one_.hub(), "hub-2.net");
    EXPECT_THAT(one_.allocated().reasons, ElementsAre("hub-2.net: named by the function"));
}

TEST_F(Custom, TheAnswerIsMatchedWithoutCaseAndSpelledAsLinked) {
    one_.instance.hubs[1] = linked("Hub-2.Net");
    answered("HUB-2.nEt");
    EXPECT_EQ(one_.allocated().hub->spelled(), "Hub-2.Net");
}

TEST_F(Custom, AnAnswerThatIsNoCandidateIsNoHub) {
    answered("hub-9.net");
    EXPECT_EQ(one_.hub(), "");
    EXPECT_FALSE(one_.allocated().ask_function);
    EXPECT_THAT(one_.allocated().excluded,
                Contains("hub-9.net: not among the hubs of the enrollment"));

    one_.terms.hubs = {HubName("hub-1.net"), HubName("gone.net")};
    answered("hub-2.net");
    EXPECT_EQ(one_.hub(), "") << "linked, but not one of the enrollment's";
    answered("gone.net");
    EXPECT_EQ(one_.hub(), "");

    one_.terms.hubs.clear();
    one_.instance.hubs[1].apply_allocation_policy = false;
    answered("hub-2.net");
    EXPECT_EQ(one_.hub(), "");
    one_.inputs.loads = {{HubName("hub-3.net"), 1'000'000}};
    answered("hub-3.net");
    EXPECT_EQ(one_.hub(), "");
    EXPECT_THAT(one_.allocated().excluded, Contains(HasSubstr("hub-3.net: full")));
}

TEST_F(Custom, TheFunctionIsToldOfTheCandidatesOnly) {
    one_.instance.hubs[0].apply_allocation_policy = false;
    one_.inputs.loads = {{HubName("hub-3.net"), 1'000'000}};
    EXPECT_THAT(candidates_for_function(one_.facts()), ElementsAre(HubName("hub-2.net")));
    one_.current = HubName("hub-3.net");
    EXPECT_THAT(candidates_for_function(one_.facts()),
                ElementsAre(HubName("hub-2.net"), HubName("hub-3.net")));
}

TEST_F(Custom, YouChooseMeansTheFallbackPolicyOrHashed) {
    answered("");
    AllocationCase hashed({linked("hub-1.net"), linked("hub-2.net"), linked("hub-3.net")});
    for (int i = 0; i < 100; ++i) {
        one_.id = hashed.id = numbered_device(i);
        EXPECT_EQ(one_.hub(), hashed.hub());
    }
    EXPECT_EQ(one_.allocated().policy, AllocationPolicy::hashed);
    define({{"webhookUrl", "https://functions.example.org/choose"},
            {"apiVersion", "2021-10-01"},
            {"fallbackPolicy", "static"}});
    one_.terms.hubs = {HubName("hub-3.net"), HubName("hub-1.net")};
    EXPECT_EQ(one_.hub(), "hub-3.net");
    EXPECT_EQ(one_.allocated().policy, AllocationPolicy::fixed);
}

TEST_F(Custom, ARuleDecidesBeforeTheFunction) {
    rule("when registrationId = 'dev-1' then hub('hub-3.net') otherwise policy('webhook')");
    EXPECT_EQ(one_.hub(), "hub-3.net");
    EXPECT_FALSE(one_.allocated().ask_function);
    EXPECT_EQ(one_.allocated().policy, AllocationPolicy::custom);
    EXPECT_THAT(one_.allocated().reasons, ElementsAre("rule: clause 1 applies"));
    one_.id = RegistrationId("dev-2");
    EXPECT_TRUE(one_.allocated().ask_function);
    EXPECT_EQ(one_.hub(), "");
}

/// What the rule saw may be gone by the time the function has answered.
TEST_F(Custom, ARuleThatAskedIsNotConsultedAgain) {
    rule("when time.hour < 12 then policy('webhook') otherwise hub('hub-1.net')");
    one_.inputs.now = WallTime(std::chrono::hours(11));
    EXPECT_TRUE(one_.allocated().ask_function);
    one_.inputs.now = WallTime(std::chrono::hours(13));
    answered("hub-2.net");
    EXPECT_EQ(one_.hub(), "hub-2.net");
}

TEST_F(Custom, SeveralHubsOfARuleShareByWeight) {
    rule("otherwise hubs('hub-1.net', 'hub-3.net', 'gone.net')");
    EXPECT_THAT(hubs_chosen(), ElementsAre("hub-1.net", "hub-3.net"));
    EXPECT_EQ(one_.allocated().policy, AllocationPolicy::hashed);
    EXPECT_THAT(one_.allocated().excluded, Contains(HasSubstr("gone.net: ")));
    one_.inputs.loads = {{HubName("hub-1.net"), 1'000'000}};
    EXPECT_THAT(hubs_chosen(), ElementsAre("hub-3.net"));
}

TEST_F(Custom, OneHubOfARuleThatCannotTakeTheDeviceIsNoHub) {
    rule("otherwise hub('hub-1.net')");
    EXPECT_EQ(one_.hub(), "hub-1.net");
    one_.instance.hubs[0].apply_allocation_policy = false;
    EXPECT_EQ(one_.hub(), "");
    EXPECT_FALSE(one_.allocated().ask_function);
    EXPECT_THAT(one_.allocated().excluded, Contains("hub-1.net: takes no new devices"));
}

TEST_F(Custom, APolicyOfARuleIsFollowed) {
    rule("otherwise policy('geoLatency')");
    one_.inputs.place.round_trips_ms = {{HubName("hub-2.net"), 3}, {HubName("hub-1.net"), 30}};
    EXPECT_EQ(one_.hub(), "hub-2.net");
    EXPECT_EQ(one_.allocated().policy, AllocationPolicy::geo_latency);
    rule("otherwise policy('static')");
    one_.terms.hubs = {HubName("hub-3.net"), HubName("hub-2.net")};
    EXPECT_EQ(one_.hub(), "hub-3.net");
}

TEST_F(Custom, WithoutAClauseThatAppliesTheInstanceDecides) {
    rule("when registrationId = 'other' then hub('hub-1.net')");
    one_.instance.default_policy = AllocationPolicy::fixed;
    one_.terms.hubs = {HubName("hub-2.net")};
    EXPECT_EQ(one_.hub(), "hub-2.net");
    EXPECT_EQ(one_.allocated().policy, AllocationPolicy::fixed);
    EXPECT_THAT(one_.allocated().reasons, Contains(HasSubstr("no clause applies")));
}

TEST_F(Custom, ADefinitionThatCannotBeReadIsNoHub) {
    one_.terms.custom_allocation.reset();
    EXPECT_EQ(one_.hub(), "");
    EXPECT_FALSE(one_.allocated().ask_function);
    EXPECT_THAT(one_.allocated().reasons, ElementsAre(HasSubstr("customAllocationDefinition")));
    define({{"webhookUrl", 5}});
    EXPECT_EQ(one_.hub(), "");
    EXPECT_FALSE(one_.allocated().ask_function);
    EXPECT_FALSE(one_.allocated().reasons.empty());
    rule("when then hub(");
    EXPECT_EQ(one_.hub(), "");
    EXPECT_FALSE(one_.allocated().ask_function);
}

TEST_F(Custom, NothingSecretIsAmongTheReasons) {
    for (const char* hub : {"", "hub-1.net", "hub-9.net"}) {
        answered(hub);
        const Allocation allocation = one_.allocated();
        for (const std::string& reason : allocation.reasons) {
            EXPECT_THAT(reason, testing::Not(HasSubstr("secret")));
        }
    }
}

} // namespace
} // namespace muster::provisioning
