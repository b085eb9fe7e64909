#include "base/log.h"
#include "base/task.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <latch>
#include <stdexcept>
#include <vector>

namespace muster {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

/// Occupies a thread until it is told to let go.
class Blocker {
  public:
    Task task() {
        return [this] {
            started_.count_down();
            let_go_.wait();
        };
    }

    void wait_until_started() { started_.wait(); }

    void let_go() { let_go_.count_down(); }

  private:
    std::latch started_{1};
    std::latch let_go_{1};
};

TEST(WorkerPool, RunsWhatItAccepted) {
    std::atomic<int> count = 0;
    WorkerPool pool({.threads = 3, .queue_max = 1000});
    for (int i = 0; i < 500; ++i) {
        ASSERT_TRUE(pool.submit([&] { ++count; }));
    }
    pool.stop();
    EXPECT_EQ(count, 500);
}

TEST(WorkerPool, RefusesWhenItsQueueIsFull) {
    WorkerPool pool({.threads = 1, .queue_max = 2});
    Blocker blocker;
    ASSERT_TRUE(pool.submit(blocker.task()));
    blocker.wait_until_started();
    int ran = 0;
    EXPECT_TRUE(pool.submit([&] { ++ran; }));
    EXPECT_TRUE(pool.submit([&] { ++ran; }));
    EXPECT_FALSE(pool.submit([&] { ++ran; }));
    blocker.let_go();
    pool.stop();
    EXPECT_EQ(ran, 2);
}

TEST(WorkerPool, RefusesAfterStop) {
    WorkerPool pool({.threads = 1, .queue_max = 10});
    pool.stop();
    pool.stop();
    EXPECT_FALSE(pool.submit([] {}));
}

TEST(WorkerPool, SurvivesATaskThatThrows) {
    log::start(log::Level::off);
    WorkerPool pool({.threads = 1, .queue_max = 10});
    std::promise<void> done;
    ASSERT_TRUE(pool.submit([] { throw std::runtime_error("a fault"); }));
    ASSERT_TRUE(pool.submit([] { throw 1; }));
    ASSERT_TRUE(pool.submit([&] { done.set_value(); }));
    EXPECT_EQ(done.get_future().wait_for(10s), std::future_status::ready);
    pool.stop();
    log::start(log::Level::warning);
}

TEST(WorkerPool, LetsATaskSubmitAnother) {
    WorkerPool pool({.threads = 1, .queue_max = 1});
    std::promise<bool> done;
    ASSERT_TRUE(pool.submit([&] {
        const bool accepted = pool.submit([&] { done.set_value(true); });
        if (!accepted) {
            done.set_value(false);
        }
    }));
    EXPECT_TRUE(done.get_future().get());
}

TEST(TimerThread, RunsTheEarliestFirst) {
    TimerThread timer;
    Blocker blocker;
    timer.after(0ms, blocker.task());
    blocker.wait_until_started();
    std::vector<int> order;
    std::promise<void> done;
    timer.after(3ms, [&] {
        order.push_back(3);
        done.set_value();
    });
    timer.after(2ms, [&] { order.push_back(2); });
    timer.after(1ms, [&] { order.push_back(1); });
    blocker.let_go();
    done.get_future().wait();
    EXPECT_THAT(order, ElementsAre(1, 2, 3));
}

TEST(TimerThread, ANewEarlierTaskIsNotDelayedByALaterOne) {
    TimerThread timer;
    timer.after(1h, [] {});
    std::promise<void> done;
    timer.after(1ms, [&] { done.set_value(); });
    EXPECT_EQ(done.get_future().wait_for(10s), std::future_status::ready);
}

TEST(TimerThread, DoesNotRunWhatWasCancelled) {
    TimerThread timer;
    Blocker blocker;
    timer.after(0ms, blocker.task());
    blocker.wait_until_started();
    bool ran = false;
    std::promise<void> done;
    const auto ticket = timer.after(0ms, [&] { ran = true; });
    timer.after(1ms, [&] { done.set_value(); });
    timer.cancel(ticket);
    timer.cancel(ticket);
    timer.cancel(12345);
    blocker.let_go();
    done.get_future().wait();
    EXPECT_FALSE(ran);
}

TEST(TimerThread, StopDropsWhatIsNotDue) {
    auto token = std::make_shared<int>(1);
    {
        TimerThread timer;
        timer.after(1h, [token] {});
        EXPECT_EQ(token.use_count(), 2);
        timer.stop();
        timer.stop();
    }
    EXPECT_EQ(token.use_count(), 1);
}

TEST(TimerThread, ATaskMayAskForAnother) {
    TimerThread timer;
    std::promise<void> done;
    timer.after(0ms, [&] { timer.after(0ms, [&] { done.set_value(); }); });
    EXPECT_EQ(done.get_future().wait_for(10s), std::future_status::ready);
}

} // namespace
} // namespace muster
