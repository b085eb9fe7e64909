#include "net/wake_queue.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <random>
#include <vector>

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

// Against the simplest thing that could be right, over random wishes, removals and wakings.
TEST(WakeQueue, EqualsASortedListUnderRandomUse) {
    for (unsigned seed = 1; seed <= 100; ++seed) {
        SCOPED_TRACE(seed);
        std::mt19937 random(seed);
        WakeQueue queue;
        std::vector<std::unique_ptr<Dreamer>> sleepers;
        std::vector<std::optional<SteadyTime>> model(20);
        for (std::size_t index = 0; index < model.size(); ++index) {
            sleepers.push_back(std::make_unique<Dreamer>());
        }
        for (int step = 0; step < 200; ++step) {
            const std::size_t who = random() % model.size();
            const SteadyTime time = at(static_cast<int>(random() % 50));
            switch (random() % 3) {
            case 0:
                queue.wake_by(time, *sleepers[who]);
                model[who] = std::min(model[who].value_or(time), time);
                break;
            case 1:
                queue.remove(*sleepers[who]);
                model[who].reset();
                break;
            default:
                Sleeper* due = queue.pop_due(time);
                const auto first = std::ranges::min_element(
                    model, {}, [](const auto& wish) { return wish.value_or(SteadyTime::max()); });
                ASSERT_EQ(due != nullptr, first->has_value() && **first <= time);
                if (due != nullptr) {
                    const auto woken = std::ranges::find_if(
                        sleepers, [due](const auto& each) { return each.get() == due; });
                    auto& wish = model[static_cast<std::size_t>(woken - sleepers.begin())];
                    ASSERT_EQ(wish, *first);
                    wish.reset();
                }
            }
        }
    }
}

} // namespace muster::net
