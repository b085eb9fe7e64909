#include "provisioning/allocation.h"
#include "provisioning/allocation/test_facts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace muster::provisioning {
namespace {

using enum AllocationPolicy;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

AllocationCase three_hubs() {
    AllocationCase one({linked("a"), linked("b", 2), linked("c", 3)});
    one.instance.hubs[2].apply_allocation_policy = false;
    return one;
}

std::vector<std::string> candidates(const AllocationCase& one) {
    std::vector<std::string> names;
    for (const HubName& name : candidates_for_function(one.facts())) {
        names.push_back(name.text());
    }
    return names;
}

TEST(Policies, TheEnrollmentGoesBeforeTheInstance) {
    Instance instance;
    instance.default_policy = fixed;
    EXPECT_EQ(effective_policy({}, instance), fixed);
    EXPECT_EQ(effective_policy({.allocation_policy = hashed}, instance), hashed);
}

TEST(Policies, NoCandidateNoHub) {
    for (const AllocationPolicy policy : {hashed, geo_latency, fixed, custom}) {
        AllocationCase one;
        one.terms.allocation_policy = policy;
        EXPECT_EQ(one.hub(), "");
        EXPECT_THAT(one.allocated().excluded, IsEmpty());
    }
}

// dps-service 9.1: candidates
TEST(CandidatesOf, AreEveryLinkedHubThatTakesDevices) {
    const AllocationCase one = three_hubs();
    EXPECT_THAT(candidates(one), ElementsAre("a", "b"));
    EXPECT_THAT(one.allocated().excluded, ElementsAre("c: takes no new devices"));
}

TEST(CandidatesOf, AreThoseTheEnrollmentNames) {
    AllocationCase one = three_hubs();
    one.terms.hubs = {HubName("B"), HubName("c"), HubName("gone"), HubName("b")};
    EXPECT_THAT(candidates(one), ElementsAre("b"));
    EXPECT_THAT(one.allocated().excluded,
                ElementsAre("c: takes no new devices", "gone: not linked"));
    EXPECT_EQ(one.hub(), "b");
}

TEST(CandidatesOf, ALegacyHubStandsAloneUnderAnyPolicy) {
    AllocationCase one = three_hubs();
    one.terms.legacy_hub = HubName("b");
    EXPECT_THAT(candidates(one), ElementsAre("b"));
    one.terms.hubs = {HubName("a")};
    EXPECT_THAT(candidates(one), ElementsAre("a"));
}

TEST(CandidatesOf, AreNotFull) {
    AllocationCase one({linked("a"), linked("b")});
    one.instance.hubs[0].devices_max = 100;
    one.inputs.loads = {{HubName("a"), 99}, {HubName("b"), 999'999}};
    EXPECT_THAT(candidates(one), ElementsAre("a", "b"));
    one.inputs.loads = {{HubName("a"), 100}, {HubName("b"), 1'000'000}};
    EXPECT_THAT(candidates(one), IsEmpty());
    EXPECT_THAT(one.allocated().excluded,
                ElementsAre("a: full, it has 100 devices of at most 100",
                            "b: full, it has 1000000 devices of at most 1000000"));
}

TEST(CandidatesOf, AFullHubKeepsTheDevicesItHas) {
    AllocationCase one({linked("a")});
    one.instance.hubs[0].devices_max = 5;
    one.inputs.loads = {{HubName("a"), 7}};
    EXPECT_EQ(one.hub(), "");
    one.current = HubName("a");
    EXPECT_EQ(one.hub(), "a");
    one.instance.hubs[0].apply_allocation_policy = false;
    EXPECT_EQ(one.hub(), "") << "not full, but closed";
}

TEST(CandidatesOf, WhatAFullHubCannotTakeGoesToTheOthersByWeight) {
    AllocationCase one({linked("a"), linked("b"), linked("c")});
    AllocationCase without({linked("b"), linked("c")});
    one.inputs.loads = {{HubName("a"), 1'000'000}};
    for (int i = 0; i < 500; ++i) {
        one.id = without.id = numbered_device(i);
        EXPECT_EQ(one.hub(), without.hub());
    }
}

TEST(Static, IsTheFirstNamedAndNoOther) {
    AllocationCase one = three_hubs();
    one.terms.allocation_policy = fixed;
    one.terms.hubs = {HubName("b"), HubName("a")};
    EXPECT_EQ(one.hub(), "b");
    EXPECT_EQ(one.allocated().policy, fixed);
    one.terms.hubs = {HubName("c"), HubName("a")};
    EXPECT_EQ(one.hub(), "");
    EXPECT_THAT(one.allocated().excluded, Contains("c: takes no new devices"));
    one.terms.hubs = {HubName("gone"), HubName("a")};
    EXPECT_EQ(one.hub(), "");
}

TEST(Static, WithNoneNamedIsTheOnlyOneThatTakesDevices) {
    AllocationCase one = three_hubs();
    one.instance.default_policy = fixed;
    EXPECT_EQ(one.hub(), "") << "two hubs: which one is meant?";
    EXPECT_THAT(one.allocated().reasons, ElementsAre(HasSubstr("not exactly one is linked")));
    one.instance.hubs[1].apply_allocation_policy = false;
    EXPECT_EQ(one.hub(), "a");
    one.terms.legacy_hub = HubName("c");
    EXPECT_EQ(one.hub(), "") << "the enrollment means another one, which is closed";
}

TEST(Static, DoesNotMeanAnotherHubWhenOneIsFull) {
    AllocationCase one({linked("a"), linked("b")});
    one.instance.default_policy = fixed;
    one.inputs.loads = {{HubName("a"), 1'000'000}};
    EXPECT_EQ(one.hub(), "");
    one.instance.hubs.pop_back();
    EXPECT_EQ(one.hub(), "");
    EXPECT_THAT(one.allocated().excluded, ElementsAre(HasSubstr("a: full")));
}

} // namespace
} // namespace muster::provisioning
