#include "hub/fakes.h"
#include "hub/limits/limiter.h"

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <span>

namespace muster::hub {
namespace {

using namespace std::chrono_literals;

const HubName name{"hub1.example.org"};

SteadyTime at(std::chrono::milliseconds time) {
    return SteadyTime(1h) + time;
}

// ---- the bucket ----

TEST(TokenBucketTest, GivesABurstAtOnceAndThenAtItsRate) {
    TokenBucket bucket({.per_second = 10, .burst = 3});
    for (int i = 0; i < 3; ++i) {
        const Turn turn = bucket.take(1, 0ms, at(0ms));
        EXPECT_TRUE(turn.admitted);
        EXPECT_EQ(turn.wait, 0ms);
    }
    EXPECT_FALSE(bucket.take(1, 0ms, at(0ms)).admitted);
    EXPECT_FALSE(bucket.take(1, 0ms, at(99ms)).admitted);
    EXPECT_TRUE(bucket.take(1, 0ms, at(101ms)).admitted);
    EXPECT_FALSE(bucket.take(1, 0ms, at(101ms)).admitted);
}

TEST(TokenBucketTest, FillsNoFurtherThanABurst) {
    TokenBucket bucket({.per_second = 10, .burst = 2});
    EXPECT_TRUE(bucket.take(2, 0ms, at(0ms)).admitted);
    EXPECT_TRUE(bucket.take(2, 0ms, at(24h)).admitted);
    EXPECT_FALSE(bucket.take(1, 0ms, at(24h)).admitted);
}

// E.3: what is above the rate waits for its turn, one after the other, and only a full queue
// refuses.
TEST(TokenBucketTest, LetsTheNextWaitInTurn) {
    TokenBucket bucket({.per_second = 10, .burst = 1});
    EXPECT_EQ(bucket.take(1, 300ms, at(0ms)).wait, 0ms);
    EXPECT_EQ(bucket.take(1, 300ms, at(0ms)).wait, 100ms);
    EXPECT_EQ(bucket.take(1, 300ms, at(0ms)).wait, 200ms);
    EXPECT_EQ(bucket.take(1, 300ms, at(0ms)).wait, 300ms);
    const Turn refused = bucket.take(1, 300ms, at(0ms));
    EXPECT_FALSE(refused.admitted);
    EXPECT_EQ(refused.wait, 100ms) << "then there is room again";
    EXPECT_EQ(bucket.take(1, 300ms, at(100ms)).wait, 300ms);
}

TEST(TokenBucketTest, TakesWhatIsLargerThanItselfForItself) {
    TokenBucket bucket({.per_second = 10, .burst = 5});
    EXPECT_TRUE(bucket.take(1000, 0ms, at(0ms)).admitted);
    EXPECT_FALSE(bucket.take(1, 0ms, at(0ms)).admitted);
    EXPECT_TRUE(bucket.take(1000, 0ms, at(500ms)).admitted);
}

TEST(TokenBucketTest, IsNotConfusedByATimeThatStandsBack) {
    TokenBucket bucket({.per_second = 10, .burst = 1});
    EXPECT_TRUE(bucket.take(1, 0ms, at(1000ms)).admitted);
    EXPECT_FALSE(bucket.take(1, 0ms, at(0ms)).admitted);
    EXPECT_FALSE(bucket.take(1, 0ms, at(1050ms)).admitted);
    EXPECT_TRUE(bucket.take(1, 0ms, at(1100ms)).admitted);
}

TEST(TokenBucketTest, GivesWhatThereIs) {
    TokenBucket bucket({.per_second = 10, .burst = 5});
    EXPECT_EQ(bucket.take_up_to(3, at(1000ms)), 3U);
    EXPECT_EQ(bucket.take_up_to(3, at(1000ms)), 2U);
    EXPECT_EQ(bucket.take_up_to(3, at(1050ms)), 0U) << "half a token";
    EXPECT_EQ(bucket.take_up_to(3, at(1100ms)), 1U);
    EXPECT_TRUE(bucket.take(2, 1000ms, at(1100ms)).admitted) << "in advance";
    EXPECT_EQ(bucket.take_up_to(3, at(1200ms)), 0U) << "what is promised is not given away";
}

TEST(TokenBucketTest, TakesBackWhatIsNotUsed) {
    TokenBucket bucket({.per_second = 10, .burst = 5});
    EXPECT_TRUE(bucket.take(1000, 0ms, at(0ms)).admitted);
    bucket.give_back(1000);
    EXPECT_TRUE(bucket.take(5, 0ms, at(0ms)).admitted);
    bucket.give_back(3);
    EXPECT_EQ(bucket.take_up_to(9, at(0ms)), 3U);
}

// ---- the tiers ----

double per_second(Tier tier, int units, Operation operation) {
    return limits_of(tier, units).of(operation).per_second;
}

TEST(TiersTest, AreThoseThatArePublished) { // E.1, E.2
    EXPECT_NEAR(per_second(Tier::s1, 1, Operation::registry), 1.67, 0.01);
    EXPECT_NEAR(per_second(Tier::s3, 2, Operation::registry), 166.67, 0.01);
    EXPECT_DOUBLE_EQ(per_second(Tier::s1, 1, Operation::connection), 100);
    EXPECT_DOUBLE_EQ(per_second(Tier::b1, 10, Operation::telemetry), 120);
    EXPECT_DOUBLE_EQ(per_second(Tier::s2, 2, Operation::telemetry), 240);
    EXPECT_DOUBLE_EQ(per_second(Tier::s3, 1, Operation::connection), 6000);
    EXPECT_DOUBLE_EQ(per_second(Tier::s1, 1, Operation::method), 160 * 1024);
    EXPECT_DOUBLE_EQ(per_second(Tier::s1, 50, Operation::twin_read), 100) << "for the whole hub";
    EXPECT_DOUBLE_EQ(per_second(Tier::s2, 20, Operation::twin_update), 100);
    EXPECT_NEAR(per_second(Tier::f1, 1, Operation::query), 20.0 / 60, 0.01);
    EXPECT_EQ(limits_of(Tier::f1, 1).quota->messages, 8000);
    EXPECT_EQ(limits_of(Tier::f1, 1).quota->step_bytes, 512U);
    EXPECT_EQ(limits_of(Tier::s1, 2).quota->messages, 800'000);
    EXPECT_EQ(limits_of(Tier::s3, 10).quota->messages, 3'000'000'000);
}

TEST(TiersTest, EveryOperationHasARate) {
    for (const Tier tier : {Tier::f1, Tier::b2, Tier::s3}) {
        for (const Rate& rate : limits_of(tier, 1).rates) {
            EXPECT_GT(rate.per_second, 0);
            EXPECT_GE(rate.burst, 1);
        }
    }
    for (const Rate& rate : generous_limits().rates) {
        EXPECT_GE(rate.per_second, 1000);
    }
    EXPECT_FALSE(generous_limits().quota);
}

TEST(TiersTest, WorkOnSoManyJobsAtOnce) { // E.2
    EXPECT_EQ(limits_of(Tier::s1, 3).jobs_at_once, 1U);
    EXPECT_EQ(limits_of(Tier::s2, 1).jobs_at_once, 5U);
    EXPECT_EQ(limits_of(Tier::s3, 1).jobs_at_once, 10U);
    EXPECT_EQ(generous_limits().jobs_at_once, 10U);
}

TEST(TiersTest, HaveNames) {
    EXPECT_EQ(tier_named("s1"), Tier::s1);
    EXPECT_EQ(tier_named("F1"), Tier::f1);
    EXPECT_EQ(tier_named("S4"), std::nullopt);
    EXPECT_EQ(to_string(Tier::b3), "B3");
    EXPECT_EQ(units_max(Tier::f1), 1);
    EXPECT_EQ(units_max(Tier::s2), 200);
    EXPECT_EQ(units_max(Tier::s3), 10);
}

// ---- the limiter and the quota ----

struct LimiterTest : testing::Test {
    Limits limits() {
        Limits limits = generous_limits();
        limits.rates.at(static_cast<std::size_t>(Operation::query)) = {.per_second = 2, .burst = 1};
        limits.wait_max = 1000ms;
        limits.quota = DailyQuota{.messages = 10, .step_bytes = 4096};
        return limits;
    }

    Limiter limiter() {
        return {name, limits(), {.store = store, .workers = workers, .clock = clock}};
    }

    ManualClock clock{std::chrono::sys_days(std::chrono::year(2030) / 1 / 2) + 23h};
    fakes::Usages store;
    fakes::Workers workers;
};

TEST_F(LimiterTest, ShapesAndThenRefusesWithTheTimeToComeAgain) { // 429001
    Limiter limiter(name, limits(), {.store = store, .workers = workers, .clock = clock});
    EXPECT_EQ(*limiter.admit(Operation::query), 0ms);
    EXPECT_EQ(*limiter.admit(Operation::query), 500ms);
    EXPECT_EQ(*limiter.admit(Operation::query), 1000ms);
    const auto refused = limiter.admit(Operation::query);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::rate_limited);
    EXPECT_EQ(refused.error().retry_after, 1s);
    EXPECT_EQ(*limiter.admit(Operation::registry), 0ms) << "each is counted by itself";
}

TEST_F(LimiterTest, CountsByTheStepUntilMidnight) { // 403002
    Limiter limiter(name, limits(), {.store = store, .workers = workers, .clock = clock});
    EXPECT_TRUE(limiter.charge(0));
    EXPECT_TRUE(limiter.charge(4096));
    EXPECT_TRUE(limiter.charge(7 * 4096 + 1)) << "the tenth";
    const auto refused = limiter.charge(1);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::quota_exceeded);
    EXPECT_EQ(refused.error().retry_after, 1h);
    clock.advance(1h);
    EXPECT_TRUE(limiter.charge(1));
}

TEST_F(LimiterTest, ChargesAllOrNothing) {
    Limiter limiter = this->limiter();
    EXPECT_TRUE(limiter.charge(std::array<std::size_t, 3>{1, 4097, 0})) << "four";
    const auto refused = limiter.charge(std::array<std::size_t, 2>{1, 6 * 4096});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::quota_exceeded);
    EXPECT_TRUE(limiter.charge(6 * 4096)) << "nothing of it was counted";
    EXPECT_FALSE(limiter.charge(1));
    EXPECT_TRUE(limiter.charge(std::span<const std::size_t>()));
}

TEST_F(LimiterTest, TakesNoTurnThatCannotBePaid) {
    Limiter limiter = this->limiter();
    EXPECT_TRUE(limiter.charge(9 * 4096));
    const std::array<std::size_t, 2> sizes{1, 1};
    for (int i = 0; i < 5; ++i) {
        const auto refused = limiter.admit(Operation::query, 1, sizes);
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().code, Code::quota_exceeded);
    }
    EXPECT_EQ(*limiter.admit(Operation::query), 0ms);
}

TEST_F(LimiterTest, PaysForNoTurnThatIsRefused) {
    Limiter limiter = this->limiter();
    for (int i = 0; i < 3; ++i) {
        EXPECT_TRUE(limiter.admit(Operation::query));
    }
    const std::array<std::size_t, 1> size{1};
    EXPECT_EQ(limiter.admit(Operation::query, 1, size).error().code, Code::rate_limited);
    EXPECT_TRUE(limiter.charge(10 * 4096));
}

TEST_F(LimiterTest, AdmitsAsManyAsCanBePaid) {
    Limiter limiter = this->limiter();
    EXPECT_EQ(limiter.admit_some(Operation::job_device, 3, 2 * 4096), 3U);
    EXPECT_EQ(limiter.admit_some(Operation::job_device, 3, 2 * 4096), 2U);
    EXPECT_EQ(limiter.admit_some(Operation::job_device, 3, 1), 0U);
    clock.advance(1h);
    EXPECT_EQ(limiter.admit_some(Operation::job_device, 3, 1), 3U);
}

TEST_F(LimiterTest, ARestartForgetsNothing) {
    {
        Limiter limiter(name, limits(), {.store = store, .workers = workers, .clock = clock});
        for (int i = 0; i < 6; ++i) {
            EXPECT_TRUE(limiter.charge(1));
            workers.run_all();
        }
    }
    Limiter limiter(name, limits(), {.store = store, .workers = workers, .clock = clock});
    int more = 0;
    while (limiter.charge(1)) {
        ++more;
    }
    EXPECT_LE(more, 4);
    EXPECT_GE(more, 3) << "a step more than was used may count";
}

TEST_F(LimiterTest, WritesSeldom) {
    Limits many = limits();
    many.quota->messages = 400'000;
    Limiter limiter(name, many, {.store = store, .workers = workers, .clock = clock});
    for (int i = 0; i < 4000; ++i) {
        EXPECT_TRUE(limiter.charge(1));
        workers.run_all();
    }
    EXPECT_LE(store.saves, 12);
    EXPECT_GE(store.kept->messages, 4000);
}

TEST_F(LimiterTest, ServesOnIfTheUsageCannotBeRead) {
    store.failure = Error{.code = Code::unavailable, .detail = "made to fail"};
    Limiter limiter(name, limits(), {.store = store, .workers = workers, .clock = clock});
    EXPECT_TRUE(limiter.charge(1));
}

// What was counted before stays counted, though it could not be read at first.
TEST_F(LimiterTest, AddsWhatCannotBeReadAtFirst) {
    const std::int64_t today =
        std::chrono::floor<std::chrono::days>(clock.wall()).time_since_epoch().count();
    store.kept = Usage{.day = today, .messages = 7};
    store.failure = Error{.code = Code::unavailable, .detail = "made to fail"};
    Limiter limiter = this->limiter();
    EXPECT_TRUE(limiter.charge(1));
    workers.run_all();
    EXPECT_EQ(store.saves, 0) << "it would replace what is not known";
    store.failure.reset();
    EXPECT_TRUE(limiter.charge(1));
    workers.run_all();
    EXPECT_GE(store.kept->messages, 9);
    EXPECT_TRUE(limiter.charge(1));
    EXPECT_FALSE(limiter.charge(1));
}

TEST_F(LimiterTest, StoresAgainWhatCouldNotBeStored) {
    Limits many = limits();
    many.quota->messages = 400'000;
    Limiter limiter(name, many, {.store = store, .workers = workers, .clock = clock});
    store.failure = Error{.code = Code::unavailable, .detail = "made to fail"};
    EXPECT_TRUE(limiter.charge(1));
    workers.run_all();
    store.failure.reset();
    EXPECT_TRUE(limiter.charge(1));
    workers.run_all();
    ASSERT_TRUE(store.kept);
    EXPECT_GE(store.kept->messages, 2);
}

TEST(MethodCostTest, IsInStepsOfFourKilobytes) {
    EXPECT_DOUBLE_EQ(method_cost(0), 4096);
    EXPECT_DOUBLE_EQ(method_cost(4096), 4096);
    EXPECT_DOUBLE_EQ(method_cost(4097), 8192);
}

} // namespace
} // namespace muster::hub
