#include "net/wake_queue.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <optional>
#include <random>

namespace muster::net {

namespace {

struct Dreamer final : Sleeper {
    void wake(SteadyTime) override {}
};

SteadyTime at(int seconds) {
    return SteadyTime(std::chrono::seconds(seconds));
}

} // namespace

TEST(WakeQueue, WakesInOrderOfTimeAndOnlyWhatIsDue) {
    WakeQueue queue;
    Dreamer late;
    Dreamer early;
    queue.wake_by(at(20), late);
    queue.wake_by(at(10), early);
    EXPECT_EQ(queue.earliest(), at(10));
    EXPECT_EQ(queue.pop_due(at(9)), nullptr);
    EXPECT_EQ(queue.pop_due(at(10)), &early);
    EXPECT_EQ(queue.pop_due(at(10)), nullptr);
    EXPECT_EQ(queue.pop_due(at(30)), &late);
    EXPECT_EQ(queue.earliest(), std::nullopt);
}

TEST(WakeQueue, KeepsTheEarlierOfTwoWishes) {
    WakeQueue queue;
    Dreamer sleeper;
    queue.wake_by(at(10), sleeper);
    queue.wake_by(at(20), sleeper);
    EXPECT_EQ(queue.earliest(), at(10));
    queue.wake_by(at(5), sleeper);
    EXPECT_EQ(queue.earliest(), at(5));
    EXPECT_EQ(queue.size(), 1U);
}

TEST(WakeQueue, ForgetsADestroyedSleeper) {
    WakeQueue queue;
    Dreamer other;
    queue.wake_by(at(20), other);
    {
        Dreamer sleeper;
        queue.wake_by(at(10), sleeper);
    }
    EXPECT_EQ(queue.pop_due(at(30)), &other);
    EXPECT_EQ(queue.size(), 0U);
}

TEST(WakeQueue, MayGoBeforeItsSleepers) {
    Dreamer sleeper;
    {
        WakeQueue queue;
        queue.wake_by(at(10), sleeper);
    }
    WakeQueue another;
    another.wake_by(at(11), sleeper);
    EXPECT_EQ(another.earliest(), at(11));
}

/// A queue beside the simplest thing that could be right: a list of wishes.
struct QueueAndModel {
    WakeQueue queue;
    std::array<Dreamer, 20> sleepers;
    std::array<std::optional<SteadyTime>, 20> wishes;

    void wake_by(SteadyTime time, std::size_t who) {
        queue.wake_by(time, sleepers[who]);
        wishes[who] = std::min(wishes[who].value_or(time), time);
    }

    void remove(std::size_t who) {
        queue.remove(sleepers[who]);
        wishes[who].reset();
    }

    void pop_due(SteadyTime now) {
        const Sleeper* due = queue.pop_due(now);
        const auto first = *std::ranges::min_element(
            wishes, {}, [](const auto& wish) { return wish.value_or(SteadyTime::max()); });
        ASSERT_EQ(due != nullptr, first.has_value() && *first <= now);
        for (std::size_t who = 0; who < sleepers.size(); ++who) {
            if (&sleepers[who] == due) {
                ASSERT_EQ(wishes[who], first);
                wishes[who].reset();
            }
        }
    }
};

TEST(WakeQueue, EqualsAListUnderRandomUse) {
    for (unsigned seed = 1; seed <= 100; ++seed) {
        SCOPED_TRACE(seed);
        std::mt19937 random(seed);
        QueueAndModel both;
        for (int step = 0; step < 200; ++step) {
            const std::size_t who = random() % both.sleepers.size();
            const SteadyTime time = at(static_cast<int>(random() % 50));
            switch (random() % 3) {
            case 0: both.wake_by(time, who); break;
            case 1: both.remove(who); break;
            default: both.pop_due(time);
            }
        }
    }
}

} // namespace muster::net
