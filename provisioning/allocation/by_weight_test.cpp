#include "provisioning/allocation/by_weight.h"
#include "provisioning/allocation/test_facts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>

namespace muster::provisioning {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

using Hubs = std::vector<LinkedHub>;

std::vector<const LinkedHub*> pointers(const Hubs& hubs) {
    std::vector<const LinkedHub*> result;
    for (const LinkedHub& hub : hubs) {
        result.push_back(&hub);
    }
    return result;
}

HubName chosen(const Hubs& hubs, const RegistrationId& id) {
    return highest_score(pointers(hubs), id)->name;
}

/// Pearson's statistic against the shares that the weights promise. The ids are given, so the
/// figure is always the same.
double chi_square(const Hubs& hubs, int devices, const std::string& prefix) {
    std::map<HubName, int> counts;
    for (int i = 0; i < devices; ++i) {
        ++counts[chosen(hubs, RegistrationId(prefix + std::to_string(i)))];
    }
    double weights = 0;
    for (const LinkedHub& hub : hubs) {
        weights += hub.weight;
    }
    double sum = 0;
    for (const LinkedHub& hub : hubs) {
        const double expected = devices * hub.weight / weights;
        const double off = counts[hub.name] - expected;
        sum += off * off / expected;
    }
    return sum;
}

Hubs equal_hubs(int count) {
    Hubs hubs;
    for (int i = 0; i < count; ++i) {
        hubs.push_back(linked("hub-" + std::to_string(i) + ".example.net"));
    }
    return hubs;
}

// dps-service 14, 11: weighted rendezvous on the registration id
TEST(Hashing, ScoreIsTheDocumentedFormula) {
    // Computed by a program of another language from the formula alone.
    const RegistrationId id("dev-1");
    const HubName first("hub-1.example.net");
    const HubName second("hub-2.example.net");
    EXPECT_DOUBLE_EQ(rendezvous_score({first, 1}, id), 0.5433700223721586);
    EXPECT_DOUBLE_EQ(rendezvous_score({first, 3}, id), 1.6301100671164757);
    EXPECT_DOUBLE_EQ(rendezvous_score({second, 1}, id), 2.3242859443314052);
    AllocationCase one({linked(first.text()), linked(second.text())});
    EXPECT_EQ(one.hub(), second.text());
    EXPECT_THAT(one.allocated().reasons,
                ElementsAre("hub-1.example.net: score 0.5434 with weight 1",
                            "hub-2.example.net: score 2.3243 with weight 1"));
}

TEST(Hashing, DisregardsCaseAndOrder) {
    const Hubs forward{linked("a"), linked("b"), linked("c")};
    const Hubs backward{linked("c"), linked("B"), linked("A")};
    for (int i = 0; i < 200; ++i) {
        EXPECT_EQ(chosen(forward, numbered_device(i)),
                  chosen(backward, RegistrationId("DEVICE-" + std::to_string(i))));
    }
}

struct Spread {
    const char* ids;
    Hubs hubs;
    double bound; // passed by chance once in a thousand
};

TEST(Hashing, SharesFollowTheWeightsWhateverTheIdsLookLike) {
    const Hubs four{linked("a", 1), linked("b", 2), linked("c", 3), linked("d", 10)};
    const Spread spreads[] = {
        {"device-", equal_hubs(2), 10.83},
        {"device-", equal_hubs(10), 27.88},
        {"", equal_hubs(10), 27.88},
        {"4c:75:25:00:00:0", equal_hubs(5), 18.47},
        {"device-", four, 16.27},
        {"urn:plant:pump:", four, 16.27},
        {"device-", {linked("a", 1000), linked("b", 500)}, 10.83},
        {"device-", {linked("a", 1000), linked("b", 1)}, 10.83},
        {"", {linked("same", 7), linked("same1", 7), linked("same2", 7)}, 13.82},
    };
    for (const Spread& spread : spreads) {
        EXPECT_LT(chi_square(spread.hubs, 100'000, spread.ids), spread.bound)
            << spread.ids << " over " << spread.hubs.size();
    }
}

TEST(Hashing, AHubThatJoinsTakesItsShareAndMovesNothingElse) {
    const Hubs before = equal_hubs(3);
    Hubs after = before;
    after.push_back(linked("new", 2));
    constexpr int devices = 50'000;
    int moved = 0;
    for (int i = 0; i < devices; ++i) {
        const HubName old_hub = chosen(before, numbered_device(i));
        const HubName new_hub = chosen(after, numbered_device(i));
        if (old_hub != new_hub) {
            EXPECT_EQ(new_hub, HubName("new"));
            ++moved;
        }
    }
    EXPECT_NEAR(moved, devices * 2 / 5, devices / 100);
}

/// Any change of the hubs moves only what must: to a hub that got more attractive, or away from one
/// that got less so.
TEST(Hashing, EveryChangeMovesOnlyWhatItMust) {
    constexpr unsigned seed = 987'001;
    std::mt19937 random(seed);
    const auto below = [&](unsigned bound) { return static_cast<int>(random() % bound); };
    for (int round = 0; round < 100; ++round) {
        std::map<std::string, int> weights;
        for (int i = 0; i < 2 + below(6); ++i) {
            weights["hub-" + std::to_string(below(20))] = 1 + below(1000);
        }
        const auto hubs_of = [](const std::map<std::string, int>& all) {
            Hubs hubs;
            for (const auto& [name, weight] : all) {
                hubs.push_back(linked(name, weight));
            }
            return hubs;
        };
        const Hubs before = hubs_of(weights);
        const std::string changed = "hub-" + std::to_string(below(20));
        const int old_weight = weights.contains(changed) ? weights[changed] : 0;
        const int new_weight = weights.size() == 1 || below(3) > 0 ? 1 + below(1000) : 0;
        new_weight == 0 ? static_cast<void>(weights.erase(changed))
                        : static_cast<void>(weights[changed] = new_weight);
        const Hubs after = hubs_of(weights);
        for (int i = 0; i < 100; ++i) {
            const HubName old_hub = chosen(before, numbered_device(i));
            const HubName new_hub = chosen(after, numbered_device(i));
            if (old_hub != new_hub) {
                EXPECT_EQ(new_weight > old_weight ? new_hub : old_hub, HubName(changed))
                    << "seed " << seed << ", round " << round;
            }
        }
    }
}

TEST(Hashing, StaysWhateverElseIsKnown) {
    AllocationCase one({linked("a"), linked("b"), linked("c")});
    for (int i = 0; i < 200; ++i) {
        one.id = numbered_device(i);
        one.current.reset();
        one.inputs = {};
        const std::string first = one.hub();
        one.current = HubName("b");
        one.inputs.loads = {{HubName("a"), i * 1000}, {HubName("b"), 5}};
        one.inputs.peer_address = "192.0.2.1";
        one.inputs.place.round_trips_ms = {{HubName("c"), 0.1}};
        one.inputs.now = WallTime(std::chrono::hours(i));
        EXPECT_EQ(one.hub(), first);
    }
}

class EvenLoad : public ::testing::Test {
  protected:
    EvenLoad() { one_.instance.even_load = true; }

    AllocationCase one_{{linked("a", 1), linked("b", 2), linked("c", 1)}};
};

TEST_F(EvenLoad, TakesTheHubWithTheFewestForItsWeight) {
    one_.inputs.loads = {{HubName("a"), 10}, {HubName("b"), 19}, {HubName("c"), 11}};
    EXPECT_EQ(one_.hub(), "b");
    EXPECT_THAT(one_.allocated().reasons, ElementsAre("a: 10 devices for weight 1, 10.0 each",
                                                      "b: 19 devices for weight 2, 9.5 each",
                                                      "c: 11 devices for weight 1, 11.0 each"));
    EXPECT_EQ(one_.allocated().policy, AllocationPolicy::hashed);
    one_.inputs.loads.erase(HubName("c"));
    EXPECT_EQ(one_.hub(), "c") << "a hub nobody has counted has none";
}

TEST_F(EvenLoad, KeepsADeviceThatHasAHub) {
    one_.current = HubName("a");
    one_.inputs.loads = {{HubName("a"), 500'000}};
    EXPECT_EQ(one_.hub(), "a");
    EXPECT_THAT(one_.allocated().reasons.back(), HasSubstr("a: stays"));
    one_.instance.hubs[0].apply_allocation_policy = false;
    EXPECT_NE(one_.hub(), "a");
}

TEST_F(EvenLoad, TiesFallToTheScore) {
    AllocationCase plain({linked("a", 1), linked("c", 1)});
    one_.inputs.loads = {{HubName("a"), 5}, {HubName("b"), 11}, {HubName("c"), 5}};
    std::set<std::string> seen;
    for (int i = 0; i < 100; ++i) {
        one_.id = plain.id = numbered_device(i);
        EXPECT_EQ(one_.hub(), plain.hub());
        seen.insert(one_.hub());
    }
    EXPECT_THAT(seen, ElementsAre("a", "c"));
}

TEST_F(EvenLoad, FillsEvenlyWhateverWasThereBefore) {
    HubLoads& loads = one_.inputs.loads;
    loads = {{HubName("a"), 300}, {HubName("b"), 0}, {HubName("c"), 50}};
    for (int i = 0; i < 1650; ++i) {
        one_.id = numbered_device(i);
        ++loads[*one_.allocated().hub];
    }
    EXPECT_EQ(loads[HubName("a")], 500);
    EXPECT_EQ(loads[HubName("b")], 1000);
    EXPECT_EQ(loads[HubName("c")], 500);
}

} // namespace
} // namespace muster::provisioning
