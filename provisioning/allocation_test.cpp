#include "provisioning/allocation.h"

#include <gtest/gtest.h>

#include <map>

namespace muster::provisioning {
namespace {

using enum AllocationPolicy;

constexpr int devices = 20'000;

RegistrationId device(int number) {
    return RegistrationId("device-" + std::to_string(number));
}

Candidate candidate(std::string_view name, int weight = 1) {
    return {.hub = HubName(name), .weight = weight};
}

std::map<HubName, int> spread(const std::vector<Candidate>& candidates) {
    std::map<HubName, int> counts;
    for (int i = 0; i < devices; ++i) {
        ++counts[*choose_hub(hashed, candidates, device(i))];
    }
    return counts;
}

/// Pearson's statistic against the shares that the weights promise.
double chi_square(const std::vector<Candidate>& candidates) {
    double weights = 0;
    for (const Candidate& one : candidates) {
        weights += one.weight;
    }
    const auto counts = spread(candidates);
    double sum = 0;
    for (const Candidate& one : candidates) {
        const double expected = devices * one.weight / weights;
        const double seen = counts.contains(one.hub) ? counts.at(one.hub) : 0;
        sum += (seen - expected) * (seen - expected) / expected;
    }
    return sum;
}

Instance instance_of(std::vector<LinkedHub> hubs) {
    Instance instance;
    instance.hubs = std::move(hubs);
    return instance;
}

const Instance three_hubs =
    instance_of({{.name = HubName("a"), .weight = 1},
                 {.name = HubName("b"), .weight = 2},
                 {.name = HubName("c"), .weight = 3, .apply_allocation_policy = false}});

std::vector<std::string> names(const Candidates& candidates) {
    std::vector<std::string> result;
    for (const Candidate& one : candidates.hubs) {
        result.push_back(one.hub.text());
    }
    return result;
}

using Names = std::vector<std::string>;

// dps-service 14, 11: weighted rendezvous on the registration id
TEST(Hashing, ScoreIsTheDocumentedFormula) {
    // Computed by a program of another language from the formula alone.
    const RegistrationId id("dev-1");
    EXPECT_DOUBLE_EQ(rendezvous_score(candidate("hub-1.example.net"), id), 0.5433700223721586);
    EXPECT_DOUBLE_EQ(rendezvous_score(candidate("hub-1.example.net", 3), id), 1.6301100671164757);
    EXPECT_DOUBLE_EQ(rendezvous_score(candidate("hub-2.example.net"), id), 2.3242859443314052);
    EXPECT_EQ(
        choose_hub(hashed,
                   std::vector{candidate("hub-1.example.net"), candidate("hub-2.example.net")}, id),
        HubName("hub-2.example.net"));
}

TEST(Hashing, DisregardsCaseAndOrder) {
    const std::vector forward{candidate("a"), candidate("b"), candidate("c")};
    const std::vector backward{candidate("c"), candidate("B"), candidate("A")};
    for (int i = 0; i < 200; ++i) {
        const std::string upper = "DEVICE-" + std::to_string(i);
        EXPECT_EQ(choose_hub(hashed, forward, device(i)),
                  choose_hub(hashed, backward, RegistrationId(upper)));
    }
}

TEST(Hashing, EqualWeightsShareEqually) {
    // 9 degrees of freedom: 27.9 is passed by chance once in a thousand.
    std::vector<Candidate> candidates;
    for (int i = 0; i < 10; ++i) {
        candidates.push_back(candidate("hub-" + std::to_string(i)));
    }
    EXPECT_LT(chi_square(candidates), 27.9);
}

TEST(Hashing, SharesFollowTheWeights) {
    // 3 degrees of freedom: 16.3 is passed by chance once in a thousand.
    EXPECT_LT(
        chi_square({candidate("a", 1), candidate("b", 2), candidate("c", 3), candidate("d", 10)}),
        16.3);
    EXPECT_LT(chi_square({candidate("a", 1000), candidate("b", 500)}), 10.9);
}

TEST(Hashing, AHubThatJoinsTakesItsShareAndMovesNothingElse) {
    const std::vector before{candidate("a"), candidate("b"), candidate("c")};
    const std::vector after{candidate("a"), candidate("b"), candidate("c"), candidate("d")};
    int moved = 0;
    for (int i = 0; i < devices; ++i) {
        const auto old_hub = choose_hub(hashed, before, device(i));
        const auto new_hub = choose_hub(hashed, after, device(i));
        if (old_hub != new_hub) {
            EXPECT_EQ(new_hub, HubName("d"));
            ++moved;
        }
    }
    EXPECT_NEAR(moved, devices / 4, devices / 100);
}

TEST(Hashing, AHubThatLeavesGivesAwayOnlyItsOwn) {
    const std::vector before{candidate("a"), candidate("b"), candidate("c")};
    const std::vector after{candidate("a"), candidate("c")};
    for (int i = 0; i < 2000; ++i) {
        const auto old_hub = choose_hub(hashed, before, device(i));
        if (old_hub != HubName("b")) {
            EXPECT_EQ(choose_hub(hashed, after, device(i)), old_hub);
        }
    }
}

TEST(Hashing, MoreWeightOnlyAttracts) {
    const std::vector before{candidate("a", 2), candidate("b", 2)};
    const std::vector after{candidate("a", 3), candidate("b", 2)};
    for (int i = 0; i < 2000; ++i) {
        if (choose_hub(hashed, before, device(i)) == HubName("a")) {
            EXPECT_EQ(choose_hub(hashed, after, device(i)), HubName("a"));
        }
    }
}

TEST(Policies, NoCandidateNoHub) {
    for (const AllocationPolicy policy : {hashed, geo_latency, fixed, custom}) {
        EXPECT_FALSE(choose_hub(policy, {}, device(1)));
    }
}

TEST(Policies, FixedTakesOneAndOnlyOne) {
    EXPECT_EQ(choose_hub(fixed, std::vector{candidate("a")}, device(1)), HubName("a"));
    EXPECT_FALSE(choose_hub(fixed, std::vector{candidate("a"), candidate("b")}, device(1)));
}

TEST(Policies, LatencyIsHashedAndCustomDecidedElsewhere) {
    const std::vector candidates{candidate("a"), candidate("b")};
    for (int i = 0; i < 100; ++i) {
        EXPECT_EQ(choose_hub(geo_latency, candidates, device(i)),
                  choose_hub(hashed, candidates, device(i)));
        EXPECT_FALSE(choose_hub(custom, candidates, device(i)));
    }
}

TEST(Policies, TheEnrollmentGoesBeforeTheInstance) {
    Instance instance;
    instance.default_policy = fixed;
    EXPECT_EQ(effective_policy({}, instance), fixed);
    EXPECT_EQ(effective_policy({.allocation_policy = hashed}, instance), hashed);
}

TEST(CandidatesOf, AreEveryLinkedHubThatTakesDevices) {
    const Candidates candidates = candidates_for({}, three_hubs);
    EXPECT_EQ(names(candidates), (Names{"a", "b"}));
    EXPECT_EQ(candidates.hubs[1].weight, 2);
    EXPECT_EQ(candidates.excluded, (Names{"c: takes no new devices"}));
}

TEST(CandidatesOf, AreThoseTheEnrollmentNames) {
    const Candidates candidates = candidates_for(
        {.allocation_policy = hashed, .hubs = {HubName("B"), HubName("c"), HubName("gone")}},
        three_hubs);
    EXPECT_EQ(names(candidates), (Names{"b"}));
    EXPECT_EQ(candidates.excluded, (Names{"c: takes no new devices", "gone: not linked"}));
}

TEST(CandidatesOf, FixedIsTheFirstNamedThenTheLegacyHubThenASoleOne) {
    const auto chosen = [](const EnrollmentTerms& terms, const Instance& instance) {
        return choose_hub(fixed, candidates_for(terms, instance).hubs, device(1));
    };
    EnrollmentTerms terms{.allocation_policy = fixed, .hubs = {HubName("b"), HubName("a")}};
    terms.legacy_hub = HubName("a");
    EXPECT_EQ(chosen(terms, three_hubs), HubName("b"));
    terms.hubs.clear();
    EXPECT_EQ(chosen(terms, three_hubs), HubName("a"));
    terms.legacy_hub.reset();
    EXPECT_FALSE(chosen(terms, three_hubs)) << "two hubs: which one is meant?";
    EXPECT_EQ(chosen(terms, instance_of({{.name = HubName("only")}})), HubName("only"));
}

TEST(CandidatesOf, ALegacyHubStandsAloneUnderAnyPolicy) {
    EnrollmentTerms terms{.allocation_policy = hashed};
    terms.legacy_hub = HubName("b");
    EXPECT_EQ(names(candidates_for(terms, three_hubs)), (Names{"b"}));
}

} // namespace
} // namespace muster::provisioning
