#include "store/sqlite/writer.h"
#include "store/temporary_folder.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <latch>
#include <stdexcept>
#include <string>

namespace muster::store::sqlite {

namespace {

constexpr sql::Statement insert{"INSERT INTO thing (id) VALUES ($1)"};

sql::Work inserting(std::int64_t id) {
    return [id](sql::Connection& connection) -> Result<void> {
        const auto inserted = connection.run(insert, {id});
        return inserted ? Result<void>() : std::unexpected(inserted.error());
    };
}

/// Holds the writer in a first write, so that what comes meanwhile forms the next group.
class WriterTest : public testing::Test {
  protected:
    void SetUp() override {
        std::ofstream(file_).flush();
        auto connection = Connection::open(file_, Access::writing);
        ASSERT_TRUE(connection);
        ASSERT_TRUE((*connection)->enter_wal_mode());
        ASSERT_TRUE((*connection)->execute("CREATE TABLE thing (id BIGINT PRIMARY KEY)"));
        connection_ = std::move(*connection);
    }

    void start(WriterLimits limits = {}) {
        writer_ = std::make_unique<Writer>(std::move(connection_), limits);
        blocker_ = std::jthread([this] {
            EXPECT_TRUE(writer_->write([this](sql::Connection&) -> Result<void> {
                entered_.count_down();
                released_.wait();
                return {};
            }));
        });
        entered_.wait();
    }

    void queue(sql::Work work) {
        const std::size_t before = writer_->waiting_count();
        outcomes_.push_back(std::make_unique<Result<void>>());
        Result<void>& outcome = *outcomes_.back();
        callers_.emplace_back(
            [this, &outcome, work = std::move(work)] { outcome = writer_->write(work); });
        while (writer_->waiting_count() == before) {
            std::this_thread::yield();
        }
    }

    void release_and_wait() {
        released_.count_down();
        blocker_.join();
        callers_.clear();
    }

    std::int64_t rows() {
        return Connection::open(file_, Access::reading)
            .value()
            ->query_integer("SELECT COUNT(*) FROM thing")
            .value_or(-1);
    }

    TemporaryFolder folder_;
    std::filesystem::path file_ = folder_ / "test.db";
    std::unique_ptr<Connection> connection_;
    std::unique_ptr<Writer> writer_;
    std::latch entered_{1};
    std::latch released_{1};
    std::jthread blocker_;
    std::vector<std::unique_ptr<Result<void>>> outcomes_;
    std::vector<std::jthread> callers_;
};

/// Two readers who relieve each other: each reads a state of at least two commits ago when the
/// other begins, so that there is always somebody who needs the log.
class ReadersInTurn {
  public:
    explicit ReadersInTurn(const std::filesystem::path& file) {
        for (int me = 0; me < 2; ++me) {
            threads_.emplace_back([this, file, me] {
                const auto connection = Connection::open(file, Access::reading);
                ASSERT_TRUE(connection);
                while (take_turn(me)) {
                    EXPECT_TRUE((*connection)->run(count, {}, [&](const sql::Row&) { read(me); }));
                }
            });
        }
    }

    ~ReadersInTurn() {
        {
            const std::scoped_lock lock(mutex_);
            stopped_ = true;
        }
        changed_.notify_all();
        threads_.clear();
    }

    void note_commit() {
        {
            const std::scoped_lock lock(mutex_);
            ++commits_;
        }
        changed_.notify_all();
    }

  private:
    static constexpr sql::Statement count{"SELECT COUNT(*) FROM thing"};

    bool take_turn(int me) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return stopped_ || turn_ == me; });
        return !stopped_;
    }

    void read(int me) {
        std::unique_lock lock(mutex_);
        const int begun = ++begun_;
        const int commits = commits_;
        changed_.notify_all();
        outlast(lock, commits + 2);
        turn_ = 1 - me;
        changed_.notify_all();
        changed_.wait(lock, [&] { return stopped_ || begun_ > begun; });
        outlast(lock, commits + 3);
    }

    /// A reader is not for ever, though: no commits may come because the writer waits for it.
    void outlast(std::unique_lock<std::mutex>& lock, int commits) {
        constexpr std::chrono::milliseconds patience{50};
        changed_.wait_for(lock, patience, [&] { return stopped_ || commits_ >= commits; });
    }

    std::mutex mutex_;
    std::condition_variable changed_;
    int turn_ = 0;
    int begun_ = 0;
    int commits_ = 0;
    bool stopped_ = false;
    std::vector<std::jthread> threads_;
};

} // namespace

TEST_F(WriterTest, AGroupCommitsTogether) {
    start();
    for (std::int64_t id = 0; id < 20; ++id) {
        queue(inserting(id));
    }
    EXPECT_EQ(rows(), 0);
    release_and_wait();
    EXPECT_EQ(rows(), 20);
    for (const auto& outcome : outcomes_) {
        EXPECT_TRUE(*outcome);
    }
}

TEST_F(WriterTest, OneThatFailsIsUndoneAlone) {
    start();
    queue(inserting(1));
    queue([](sql::Connection& connection) -> Result<void> {
        EXPECT_TRUE(connection.run(insert, {2}));
        return fail(Code::conflict, "no");
    });
    queue(inserting(1)); // taken within the same group
    queue(inserting(3));
    release_and_wait();
    EXPECT_TRUE(*outcomes_[0]);
    EXPECT_EQ(outcomes_[1]->error().code, Code::conflict);
    EXPECT_EQ(outcomes_[2]->error().code, Code::already_exists);
    EXPECT_TRUE(*outcomes_[3]);
    EXPECT_EQ(rows(), 2);
}

TEST_F(WriterTest, OneThatThrowsIsUndoneAlone) {
    start();
    queue([](sql::Connection& connection) -> Result<void> {
        EXPECT_TRUE(connection.run(insert, {1}));
        throw std::runtime_error("thrown");
    });
    queue(inserting(2));
    release_and_wait();
    EXPECT_EQ(outcomes_[0]->error().code, Code::internal);
    EXPECT_EQ(outcomes_[0]->error().cause, "thrown");
    EXPECT_TRUE(*outcomes_[1]);
    EXPECT_EQ(rows(), 1);
}

TEST_F(WriterTest, WhenTheTransactionIsLostEveryoneOfTheGroupHears) {
    static constexpr sql::Statement roll_back{"ROLLBACK"};
    start();
    queue(inserting(1));
    queue([](sql::Connection& connection) -> Result<void> {
        EXPECT_TRUE(connection.run(roll_back, {})); // as the engine does on a full disk
        return fail(Code::unavailable, "full", "disk full");
    });
    queue(inserting(2));
    release_and_wait();
    for (const auto& outcome : outcomes_) {
        ASSERT_FALSE(*outcome);
        EXPECT_EQ(outcome->error().code, Code::unavailable);
        EXPECT_EQ(outcome->error().cause, "disk full");
    }
    EXPECT_EQ(rows(), 0);
    EXPECT_TRUE(writer_->write(inserting(3)));
    EXPECT_EQ(rows(), 1);
}

TEST_F(WriterTest, AFullQueueRefusesAtOnce) {
    start({.group_rows_max = 2, .queue_max = 3});
    for (std::int64_t id = 0; id < 3; ++id) {
        queue(inserting(id));
    }
    const Result<void> refused = writer_->write(inserting(3));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::unavailable);
    release_and_wait();
    EXPECT_EQ(rows(), 3);
    EXPECT_TRUE(writer_->write(inserting(3)));
}

TEST_F(WriterTest, AGroupIsBoundedAndTheRestFollows) {
    start({.group_rows_max = 2, .queue_max = 100});
    for (std::int64_t id = 0; id < 9; ++id) {
        queue(inserting(id));
    }
    release_and_wait();
    EXPECT_EQ(rows(), 9);
}

TEST_F(WriterTest, AWriteIsVisibleToAReadAfterIt) {
    writer_ = std::make_unique<Writer>(std::move(connection_), WriterLimits{});
    for (std::int64_t id = 1; id <= 20; ++id) {
        ASSERT_TRUE(writer_->write(inserting(id)));
        ASSERT_EQ(rows(), id);
    }
}

TEST_F(WriterTest, TheLogStaysShortAlthoughThereIsAlwaysAReader) {
    constexpr LogLimits limits{.step_pages = 20, .pages_max = 100};
    constexpr std::uintmax_t page_bytes = 4096 + 24; // with the frame's header
    ASSERT_TRUE(connection_->execute("CREATE TABLE blob (bytes BYTEA)"));
    Writer writer(std::move(connection_), {.log = limits});
    ReadersInTurn readers(file_);
    static constexpr sql::Statement add{"INSERT INTO blob (bytes) VALUES ($1)"};
    const std::string bytes(40'000, 'x');
    std::uintmax_t longest = 0;
    for (int round = 0; round < 60; ++round) {
        ASSERT_TRUE(writer.write([&](sql::Connection& connection) -> Result<void> {
            const auto added = connection.run(add, {sql::Bytes{bytes}});
            return added ? Result<void>() : std::unexpected(added.error());
        }));
        readers.note_commit();
        longest = std::max(longest, std::filesystem::file_size(file_.string() + "-wal"));
    }
    // The limit, and what one write and the one before it can add.
    EXPECT_LE(longest, (limits.pages_max + 40) * page_bytes);
}

} // namespace muster::store::sqlite
