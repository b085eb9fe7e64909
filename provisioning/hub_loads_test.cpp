#include "base/check.h"
#include "provisioning/hub_loads.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <latch>
#include <thread>

namespace muster::provisioning {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

const IdScope scope("0ne00TEST01");
const HubName a("a");
const HubName b("b");

/// Only counts; nothing else is asked of it here.
class CountingStore final : public RegistrationStore {
  public:
    Result<std::vector<HubCount>> hub_counts(const IdScope& of) override {
        EXPECT_EQ(of, scope);
        ++asked;
        if (while_counting) {
            while_counting();
        }
        return counts;
    }

    Result<std::optional<RegistrationRecord>> find(const IdScope&, const RegistrationId&) override {
        return unexpected();
    }

    Result<void> save(const IdScope&, const RegistrationRecord&, const Write&) override {
        return unexpected();
    }

    Result<void> erase(const IdScope&, const RegistrationId&, const Write&) override {
        return unexpected();
    }

    Result<std::vector<RegistrationRecord>> of_group(const IdScope&, const EnrollmentGroupId&,
                                                     const std::string&, std::size_t) override {
        return unexpected();
    }

    Result<std::vector<RegistrationRecord>> at_hub(const IdScope&, const HubName&,
                                                   const std::string&, std::size_t) override {
        return unexpected();
    }

    Result<std::vector<RegistrationRecord>> all(const IdScope&, const std::string&,
                                                std::size_t) override {
        return unexpected();
    }

    Result<std::vector<RegistrationRecord>> unfinished(const IdScope&, const std::string&,
                                                       std::size_t) override {
        return unexpected();
    }

    std::atomic<int> asked = 0;
    std::function<void()> while_counting;
    Result<std::vector<HubCount>> counts = std::vector<HubCount>{};

  private:
    static std::unexpected<Error> unexpected() {
        ADD_FAILURE() << "a counter has no need of that";
        return fail(Code::internal, "not expected");
    }
};

class HubLoadsOf : public ::testing::Test {
  protected:
    HubLoadsOf() { store_.counts = std::vector<HubCount>{{a, 10}, {b, 20}}; }

    ManualClock clock_{from_unix_seconds(1'893'456'000)};
    CountingStore store_;
    HubLoadCounter counter_{scope, store_, clock_};
};

TEST_F(HubLoadsOf, AreCountedNowAndThen) {
    EXPECT_THAT(counter_.loads(), ElementsAre(Pair(a, 10), Pair(b, 20)));
    store_.counts = std::vector<HubCount>{{a, 11}};
    clock_.advance(hub_loads_recount - 1us);
    EXPECT_THAT(counter_.loads(), ElementsAre(Pair(a, 10), Pair(b, 20)));
    EXPECT_EQ(store_.asked, 1);
    clock_.advance(1us);
    EXPECT_THAT(counter_.loads(), ElementsAre(Pair(a, 11)));
    EXPECT_EQ(store_.asked, 2);
}

TEST_F(HubLoadsOf, FollowWhatThisProcessDoes) {
    EXPECT_THAT(counter_.loads(), ElementsAre(Pair(a, 10), Pair(b, 20)));
    counter_.moved(std::nullopt, a);
    counter_.moved(a, b);
    counter_.moved(a, b);
    counter_.moved(b, std::nullopt);
    counter_.moved(b, b);
    EXPECT_THAT(counter_.loads(), ElementsAre(Pair(a, 9), Pair(b, 21)));
    EXPECT_EQ(store_.asked, 1);
}

TEST_F(HubLoadsOf, AStoreThatFailsLeavesWhatWasKnown) {
    const auto known = counter_.loads();
    store_.counts = fail(Code::unavailable, "disk full");
    clock_.advance(hub_loads_recount);
    EXPECT_EQ(counter_.loads(), known);
    EXPECT_EQ(counter_.loads(), known);
    EXPECT_EQ(store_.asked, 2) << "not at every registration";
    store_.counts = std::vector<HubCount>{{b, 1}};
    clock_.advance(hub_loads_retry);
    EXPECT_THAT(counter_.loads(), ElementsAre(Pair(b, 1)));
}

TEST_F(HubLoadsOf, AStoreThatHasNeverCountedKnowsOfNone) {
    store_.counts = fail(Code::unavailable, "disk full");
    EXPECT_THAT(counter_.loads(), IsEmpty());
    counter_.moved(std::nullopt, a);
    EXPECT_THAT(counter_.loads(), ElementsAre(Pair(a, 1)));
}

TEST_F(HubLoadsOf, WhatHappensDuringACountIsNotLost) {
    store_.while_counting = [&] { counter_.moved(std::nullopt, a); };
    EXPECT_THAT(counter_.loads(), ElementsAre(Pair(a, 11), Pair(b, 20)));
}

/// Deterministic: the count is held until everybody else has been served.
TEST_F(HubLoadsOf, OneCountsWhileTheOthersGoOn) {
    const auto known = counter_.loads();
    std::latch counting(1);
    std::latch served(1);
    store_.counts = std::vector<HubCount>{{a, 99}};
    store_.while_counting = [&] {
        counting.count_down();
        served.wait();
    };
    clock_.advance(hub_loads_recount);
    auto counted = std::async(std::launch::async, [&] { return counter_.loads(); });
    counting.wait();
    for (int i = 0; i < 10; ++i) {
        EXPECT_EQ(counter_.loads(), known);
    }
    counter_.moved(std::nullopt, b);
    served.count_down();
    EXPECT_THAT(counted.get(), ElementsAre(Pair(a, 99), Pair(b, 1)));
    EXPECT_EQ(store_.asked, 2);
}

TEST_F(HubLoadsOf, TheFirstCountIsWaitedFor) {
    std::latch counting(1);
    std::latch go_on(1);
    store_.while_counting = [&] {
        counting.count_down();
        go_on.wait();
    };
    std::vector<std::future<HubLoads>> others;
    auto first = std::async(std::launch::async, [&] { return counter_.loads(); });
    counting.wait();
    for (int i = 0; i < 4; ++i) {
        others.push_back(std::async(std::launch::async, [&] { return counter_.loads(); }));
    }
    go_on.count_down();
    for (auto& other : others) {
        EXPECT_THAT(other.get(), ElementsAre(Pair(a, 10), Pair(b, 20)));
    }
    EXPECT_EQ(store_.asked, 1);
}

TEST_F(HubLoadsOf, NothingIsMiscountedUnderConcurrency) {
    constexpr int threads = 8;
    constexpr int rounds = 2000;
    {
        std::vector<std::jthread> workers;
        for (int worker = 0; worker < threads; ++worker) {
            workers.emplace_back([&] {
                for (int i = 0; i < rounds; ++i) {
                    counter_.loads();
                    counter_.moved(std::nullopt, a);
                    counter_.moved(a, b);
                }
            });
        }
    }
    EXPECT_EQ(counter_.loads().at(b), 20 + threads * rounds);
    // Those that came during the one count are in it once more at most.
    EXPECT_EQ(counter_.loads().at(a), 10);
    EXPECT_EQ(store_.asked, 1);
}

} // namespace
} // namespace muster::provisioning
