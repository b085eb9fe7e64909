#include "provisioning/allocation/by_latency.h"
#include "provisioning/allocation/test_facts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <set>

namespace muster::provisioning {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

const HubName a("a");
const HubName b("b");
const HubName c("c");

class Latency : public ::testing::Test {
  protected:
    Latency() {
        one_.terms.allocation_policy = AllocationPolicy::geo_latency;
        one_.inputs.peer_address = "10.1.2.3";
        one_.inputs.place.source = PlaceSource::network_map;
        one_.inputs.place.origin = "10.1.0.0/16";
    }

    void measured(std::map<HubName, double> round_trips_ms) {
        one_.inputs.place.round_trips_ms = std::move(round_trips_ms);
    }

    /// Every hub that some device is sent to.
    std::set<std::string> hubs_chosen() {
        std::set<std::string> hubs;
        for (int i = 0; i < 100; ++i) {
            one_.id = numbered_device(i);
            hubs.insert(one_.hub());
        }
        return hubs;
    }

    AllocationCase one_{{linked("a"), linked("b"), linked("c")}};
};

TEST_F(Latency, TheShortestRoundTripWins) {
    measured({{a, 40}, {b, 12.5}, {c, 99}});
    EXPECT_THAT(hubs_chosen(), ElementsAre("b"));
    EXPECT_EQ(one_.allocated().policy, AllocationPolicy::geo_latency);
    EXPECT_THAT(one_.allocated().reasons,
                ElementsAre("a: 40.0 ms, by the network map (10.1.0.0/16)",
                            "b: 12.5 ms, by the network map (10.1.0.0/16)",
                            "c: 99.0 ms, by the network map (10.1.0.0/16)"));
}

TEST_F(Latency, WithinFiveMillisecondsHubsTieByWeight) {
    measured({{a, 10}, {b, 14.9}, {c, 15}});
    AllocationCase hashed({linked("a"), linked("b")});
    for (int i = 0; i < 200; ++i) {
        one_.id = hashed.id = numbered_device(i);
        EXPECT_EQ(one_.hub(), hashed.hub());
    }
    EXPECT_THAT(one_.allocated().reasons.back(), HasSubstr("2 hubs are as good as equally near"));
}

TEST_F(Latency, FarAwayATenthIsATie) {
    measured({{a, 200}, {b, 219}, {c, 221}});
    EXPECT_THAT(hubs_chosen(), ElementsAre("a", "b"));
}

TEST_F(Latency, ADeviceStaysAtAHubThatTies) {
    one_.current = b;
    measured({{a, 10}, {b, 14}, {c, 90}});
    EXPECT_THAT(hubs_chosen(), ElementsAre("b"));
    EXPECT_THAT(one_.allocated().reasons.back(), HasSubstr("the device stays"));
    measured({{a, 10}, {b, 16}, {c, 90}});
    EXPECT_THAT(hubs_chosen(), ElementsAre("a"));
}

/// However measurements tremble, a device moves once at most.
TEST_F(Latency, DoesNotMoveToAndFro) {
    constexpr unsigned seed = 77;
    std::mt19937 random(seed);
    std::uniform_real_distribution<double> tremble(0, latency_tie_ms * 0.99);
    one_.current = one_.allocated().hub;
    int moves = 0;
    for (int i = 0; i < 500; ++i) {
        measured({{a, 20 + tremble(random)}, {b, 20 + tremble(random)}, {c, 60}});
        const auto next = one_.allocated().hub;
        moves += next == one_.current ? 0 : 1;
        one_.current = next;
    }
    EXPECT_LE(moves, 1) << "seed " << seed;
}

TEST_F(Latency, WithPlacesTheNearestHubWins) {
    one_.instance.hubs = {linked("a", 1, "West Europe"), linked("b", 1, "-33.87,151.21"),
                          linked("c", 1, "eastus")};
    one_.inputs.place = {.source = PlaceSource::geo_database,
                         .origin = "Auckland, NZ",
                         .point = GeoPoint{-36.85, 174.76},
                         .round_trips_ms = {}};
    EXPECT_THAT(hubs_chosen(), ElementsAre("b"));
    EXPECT_THAT(
        one_.allocated().reasons[1],
        testing::MatchesRegex("b: 3[0-9]\\.[0-9] ms over 21[0-9]{2} km, by the geo database "
                              "\\(Auckland, NZ\\)"));
}

TEST_F(Latency, WhatIsMeasuredWinsOverThePlace) {
    one_.instance.hubs = {linked("a", 1, "0,0"), linked("b", 1, "0,90")};
    one_.inputs.place.point = GeoPoint{0, 1};
    EXPECT_EQ(one_.hub(), "a");
    measured({{b, 2}});
    EXPECT_EQ(one_.hub(), "b");
}

TEST_F(Latency, AHubOfWhichNothingIsKnownIsChosenOnlyIfNothingIsKnownOfAny) {
    measured({{b, 300}});
    EXPECT_THAT(hubs_chosen(), ElementsAre("b"));
    EXPECT_THAT(one_.allocated().reasons, Contains("a: distance not known"));
    one_.instance.hubs[1].apply_allocation_policy = false;
    EXPECT_THAT(hubs_chosen(), ElementsAre("a", "c")) << "better than none";
}

TEST_F(Latency, ALocationThatIsNoPlaceIsNotKnown) {
    one_.instance.hubs = {linked("a", 1, "local"), linked("b", 1, "0,90"), linked("c", 1, "")};
    one_.inputs.place.point = GeoPoint{0, -90};
    EXPECT_EQ(one_.hub(), "b");
    EXPECT_THAT(one_.allocated().reasons, Contains("a: distance not known, it has no location"));
}

// dps-service 9.1: hashed when there is no data
TEST_F(Latency, WithoutAnyKnowledgeItIsHashed) {
    AllocationCase hashed({linked("a"), linked("b"), linked("c")});
    one_.inputs.place = {};
    for (int i = 0; i < 200; ++i) {
        one_.id = hashed.id = numbered_device(i);
        EXPECT_EQ(one_.hub(), hashed.hub());
    }
    EXPECT_EQ(one_.allocated().policy, AllocationPolicy::hashed);
    EXPECT_THAT(one_.allocated().reasons, Contains("no distance is known: chosen by weight"));
}

TEST_F(Latency, AFullHubIsNotNear) {
    measured({{a, 1}, {b, 50}, {c, 100}});
    one_.inputs.loads = {{a, 1'000'000}};
    EXPECT_THAT(hubs_chosen(), ElementsAre("b"));
}

class LatencyOfAMove : public Latency {
  protected:
    LatencyOfAMove() {
        one_.inputs = {}; // no request, no address
        one_.current = a;
    }
};

TEST_F(LatencyOfAMove, ADeviceWithoutAnAddressStays) {
    EXPECT_THAT(hubs_chosen(), ElementsAre("a"));
    one_.instance.hubs = {linked("a", 1, "0,0"), linked("b", 1, "0,2")};
    EXPECT_THAT(hubs_chosen(), ElementsAre("a"));
    EXPECT_THAT(one_.allocated().reasons[0], "a: 0.0 ms, by the place of its hub (a)");
}

TEST_F(LatencyOfAMove, DrainedItGoesToTheHubThatIsNext) {
    one_.instance.hubs = {linked("a", 1, "0,0"), linked("b", 1, "0,60"), linked("c", 1, "0,-20")};
    one_.instance.hubs[0].apply_allocation_policy = false;
    EXPECT_THAT(hubs_chosen(), ElementsAre("c"));
}

TEST_F(LatencyOfAMove, OfAHubWithoutALocationItGoesByWeight) {
    one_.instance.hubs[0].apply_allocation_policy = false;
    EXPECT_THAT(hubs_chosen(), ElementsAre("b", "c"));
}

} // namespace
} // namespace muster::provisioning
