#include "provisioning/fleet/operation.h"
#include "provisioning/fleet/operation_document.h"
#include "provisioning/fleet/pacer.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

namespace muster::provisioning {
namespace {

using namespace std::chrono_literals;

const SteadyTime start{std::chrono::hours(1)};

struct RoomCase {
    const char* name;
    OperationLimits limits;
    std::int64_t begun;
    std::int64_t under_way;
    std::chrono::milliseconds elapsed;
    std::int64_t room;
};

TEST(MayBegin, KeepsRateBurstAndConcurrency) {
    const OperationLimits fifty{.per_second = 50, .concurrency = 64};
    const OperationLimits slow{.per_second = 0.5, .concurrency = 64};
    const OperationLimits narrow{.per_second = 50, .concurrency = 2};
    const RoomCase cases[] = {
        {"the first at once", fifty, 0, 0, 0ms, 1},
        {"not the second", fifty, 1, 1, 0ms, 0},
        {"until its time has come", fifty, 1, 1, 19ms, 0},
        {"as now", fifty, 1, 1, 20ms, 1},
        {"a tenth of a second's worth", fifty, 0, 0, 100ms, 5},
        {"and no more", fifty, 0, 0, 10s, 5},
        {"one at least", slow, 0, 0, 10s, 1},
        {"in its time", slow, 1, 0, 1999ms, 0},
        {"every two seconds", slow, 1, 0, 2s, 1},
        {"room for one", narrow, 10, 1, 10s, 1},
        {"room for none", narrow, 10, 2, 10s, 0},
        {"limits were lowered", narrow, 10, 30, 10s, 0},
        {"ahead of time", fifty, 1000, 0, 1s, 0},
        {"the clock stands before the start", fifty, 1, 0, -5s, 0},
    };
    for (const RoomCase& one : cases) {
        const Pace pace{.since = start, .begun = one.begun, .under_way = one.under_way};
        EXPECT_EQ(may_begin(one.limits, pace, start + one.elapsed), one.room) << one.name;
    }
}

/// Property: however irregular the steps, the rate is met within a tenth over any long run, and a
/// stall is not made up for beyond a tenth of a second's worth.
TEST(Pacer, IsEvenOverALongRun) {
    for (const unsigned seed : {1U, 2U, 3U, 4U}) {
        std::mt19937 random(seed);
        for (const double rate : {0.5, 7.0, 50.0, 990.0, 10'000.0}) {
            const OperationLimits limits{.per_second = rate, .concurrency = 1024};
            Pacer pacer;
            pacer.restart(start);
            std::int64_t begun = 0;
            auto now = start;
            const auto most = std::max(1.0, rate / 10);
            const auto end = start + 60s;
            while (now < end) {
                const auto room = pacer.room(limits, 0, now);
                EXPECT_LE(static_cast<double>(room), most) << "seed " << seed << " rate " << rate;
                for (std::int64_t i = 0; i < room; ++i) {
                    pacer.begun();
                    ++begun;
                }
                now += pacer.delay(limits, now) + std::chrono::microseconds(random() % 10'000);
            }
            EXPECT_NEAR(static_cast<double>(begun), rate * 60, std::max(1.0, rate * 6))
                << "seed " << seed << " rate " << rate;
        }
    }
}

TEST(Pacer, MakesUpForNoStall) {
    const OperationLimits limits{.per_second = 100, .concurrency = 1024};
    Pacer pacer;
    pacer.restart(start);
    std::int64_t begun = 0;
    for (auto now = start + 30s; now < start + 31s; now += 10ms) {
        for (auto room = pacer.room(limits, 0, now); room > 0; --room) {
            pacer.begun();
            ++begun;
        }
    }
    EXPECT_GE(begun, 100);
    EXPECT_LE(begun, 100 + 11 + 1);
}

TEST(EstimatedEnd, FollowsTheRateOfTheStretch) {
    const WallTime now = from_unix_seconds(1'893'456'000);
    FleetOperation operation;
    operation.progress = {.total = 1000, .looked_at = 200, .moved = 90, .failed = 0};
    const Pace pace{.since = start, .begun = 100, .under_way = 10};
    // 100 of 200 had to move: 400 of the rest, and 10 on their way, at 10 a second.
    EXPECT_EQ(estimated_end(operation, pace, start + 10s, now), now + 41s);
    EXPECT_FALSE(estimated_end(operation, pace, start + 1s, now)) << "too early to tell";
    EXPECT_FALSE(estimated_end(operation, {.since = start}, start + 10s, now)) << "no rate";
    for (const auto state : {OperationState::paused, OperationState::held, OperationState::done,
                             OperationState::stopping, OperationState::stopped}) {
        operation.state = state;
        EXPECT_FALSE(estimated_end(operation, pace, start + 10s, now)) << to_string(state);
    }
}

TEST(EstimatedEnd, CountsMoreThanWereExpectedAsNothingLeft) {
    const WallTime now = from_unix_seconds(1'893'456'000);
    FleetOperation operation;
    operation.progress = {.total = 10, .looked_at = 20, .moved = 20};
    const Pace pace{.since = start, .begun = 20, .under_way = 0};
    EXPECT_EQ(estimated_end(operation, pace, start + 10s, now), now);
}

TEST(CheckLimits, NamesTheLimitThatIsWrong) {
    const auto detail = [](const OperationLimits& limits) {
        const auto checked = check_limits(limits);
        return checked ? std::string() : checked.error().detail.substr(0, 6);
    };
    EXPECT_EQ(detail({}), "");
    EXPECT_EQ(detail({.per_second = 0.01, .concurrency = 1, .failures_max = 1}), "");
    EXPECT_EQ(detail({.per_second = 10'000, .concurrency = 1024}), "");
    for (const double rate :
         {0.0, -1.0, 0.009, 10'001.0, std::nan(""), std::numeric_limits<double>::infinity()}) {
        EXPECT_EQ(detail({.per_second = rate}), "perSec") << rate;
    }
    EXPECT_EQ(detail({.concurrency = 0}), "concur");
    EXPECT_EQ(detail({.concurrency = 1025}), "concur");
    EXPECT_EQ(detail({.failures_max = 0}), "failur");
}

FleetOperation full_operation() {
    FleetOperation operation;
    operation.id = "op-0a1b2c3d";
    operation.kind = OperationKind::gather;
    operation.state = OperationState::stopped;
    operation.hub = HubName("hub-1");
    operation.group = EnrollmentGroupId("G-1");
    operation.limits = {.per_second = 2.5, .concurrency = 3, .failures_max = 4};
    operation.progress = {.total = 6,
                          .looked_at = 5,
                          .moved = 4,
                          .stayed = 3,
                          .failed = 2,
                          .failed_since_resumed = 1};
    operation.after = "dev-5";
    operation.failures = {"dev-1: no", "dev-2: no"};
    operation.begun_by = {"token:ci"};
    operation.begun = from_unix_seconds(1'893'456'000);
    operation.ended = from_unix_seconds(1'893'456'001);
    operation.version = 7;
    return operation;
}

TEST(OperationDocument, ComesBackAsItWas) {
    const auto document = to_document(full_operation());
    const auto read = fleet_operation_from(document);
    ASSERT_TRUE(read) << read.error().detail;
    EXPECT_EQ(to_document(*read), document);
    EXPECT_EQ(read->group->text(), "G-1");
    EXPECT_DOUBLE_EQ(read->limits.per_second, 2.5);
    EXPECT_EQ(read->progress.failed_since_resumed, 1);
    FleetOperation bare;
    bare.id = "op-1";
    EXPECT_EQ(to_document(fleet_operation_from(to_document(bare)).value()), to_document(bare));
}

TEST(OperationDocument, RefusesWhatIsNone) {
    const auto with = [](std::string_view member, Json value) {
        auto document = to_document(full_operation());
        document[member] = std::move(value);
        return fleet_operation_from(document);
    };
    for (const auto& [member, value] : {std::pair<const char*, Json>{"id", nullptr},
                                        {"kind", "explode"},
                                        {"state", 1},
                                        {"limits", {{"perSecond", "fast"}}},
                                        {"limits", {{"perSecond", 0}}},
                                        {"progress", {{"moved", "many"}}},
                                        {"failures", {1}},
                                        {"begun", "soon"},
                                        {"ended", "later"},
                                        {"version", "x"}}) {
        const auto read = with(member, value);
        ASSERT_FALSE(read) << member;
        EXPECT_EQ(read.error().code, Code::malformed) << member;
    }
}

TEST(ReadLimits, KeepsWhatIsNotGiven) {
    const OperationLimits current{.per_second = 5, .concurrency = 6, .failures_max = 7};
    const auto read = read_limits({{"concurrency", 9}}, current);
    ASSERT_TRUE(read);
    EXPECT_DOUBLE_EQ(read->per_second, 5);
    EXPECT_EQ(read->concurrency, 9);
    EXPECT_EQ(read->failures_max, 7);
    EXPECT_FALSE(read_limits({{"concurrency", 4'294'967'297}}, current)) << "no wrapping around";
    EXPECT_FALSE(read_limits({{"failuresMax", -1}}, current));
}

} // namespace
} // namespace muster::provisioning
