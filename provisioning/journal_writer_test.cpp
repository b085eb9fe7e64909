#include "provisioning/fake_journal.h"
#include "provisioning/fakes.h"
#include "provisioning/journal_writer.h"

#include <gtest/gtest.h>

#include <thread>

namespace muster::provisioning {
namespace {

const IdScope scope{"0ne00TEST01"};
const IdScope other_scope{"0ne00TEST02"};

struct Writing : testing::Test {
    void add(int count, const IdScope& to = scope) {
        for (int i = 0; i < count; ++i) {
            DeviceEvent event;
            event.registration_id = "dev-" + std::to_string(i);
            writer->add(to, event);
        }
    }

    std::size_t written(const IdScope& to = scope) { return store.of(to).size(); }

    FakeJournal store;
    ManualWorkers workers;
    ManualTimers timers;
    std::shared_ptr<JournalWriter> writer = std::make_shared<JournalWriter>(store, workers, timers);
};

TEST_F(Writing, WaitsForCompanyButNotLong) {
    add(3);
    EXPECT_EQ(workers.waiting(), 0U);
    EXPECT_EQ(timers.waiting(), 1U) << "one timer for all of them";
    ASSERT_TRUE(timers.run_next());
    EXPECT_EQ(timers.now(), JournalWriter::batch_interval);
    workers.run_all();
    EXPECT_EQ(written(), 3U);
    EXPECT_EQ(store.appends(), 1);
    add(1);
    EXPECT_EQ(timers.waiting(), 1U) << "and again";
}

TEST_F(Writing, AFullBatchGoesAtOnce) {
    add(JournalWriter::batch_events);
    EXPECT_EQ(workers.waiting(), 1U);
    workers.run_all();
    EXPECT_EQ(written(), JournalWriter::batch_events);
    ASSERT_TRUE(timers.run_next());
    workers.run_all();
    EXPECT_EQ(store.appends(), 1) << "nothing waits any more";
}

TEST_F(Writing, FlushingWritesNow) {
    add(2);
    add(1, other_scope);
    writer->flush();
    EXPECT_EQ(written(), 2U);
    EXPECT_EQ(written(other_scope), 1U);
    EXPECT_EQ(store.of(scope)[1].registration_id, "dev-1") << "in order";
}

TEST_F(Writing, AFloodIsCutAndCounted) {
    add(JournalWriter::waiting_max + 100);
    writer->flush();
    EXPECT_EQ(written(), JournalWriter::waiting_max);
    add(1);
    writer->flush();
    EXPECT_EQ(written(), JournalWriter::waiting_max + 1);
}

TEST_F(Writing, AStoreThatIsDownLosesTheBatchOnly) {
    store.is_down = true;
    add(5);
    writer->flush();
    store.is_down = false;
    add(1);
    writer->flush();
    EXPECT_EQ(written(), 1U);
}

TEST_F(Writing, OverloadIsWaitedOut) {
    workers.full = true;
    add(1);
    ASSERT_TRUE(timers.run_next());
    EXPECT_EQ(timers.waiting(), 1U) << "tries again";
    workers.full = false;
    ASSERT_TRUE(timers.run_next());
    workers.run_all();
    EXPECT_EQ(written(), 1U);
}

TEST_F(Writing, NothingRunsOnceItsOwnerIsGone) {
    add(1);
    writer.reset();
    ASSERT_TRUE(timers.run_next());
    workers.run_all();
    EXPECT_EQ(store.appends(), 0);
}

TEST(WritingAtOnce, LosesNothing) {
    FakeJournal store;
    WorkerPool workers({.threads = 2, .queue_max = 1000});
    TimerThread timers;
    const auto writer = std::make_shared<JournalWriter>(store, workers, timers);
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < 4; ++i) {
            threads.emplace_back([&] {
                for (int j = 0; j < 500; ++j) {
                    writer->add(scope, DeviceEvent());
                }
                writer->flush();
            });
        }
    }
    EXPECT_EQ(store.of(scope).size(), 2000U) << "each thread flushed what it had added";
    timers.stop();
    workers.stop();
}

} // namespace
} // namespace muster::provisioning
