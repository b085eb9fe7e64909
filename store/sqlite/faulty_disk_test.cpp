// What the store says and keeps when the disk is full, fails, or loses power.

#include "store/sqlite/faulty_disk.h"
#include "store/suite.h"
#include "store/temporary_folder.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <thread>

namespace muster::store::sqlite {

namespace {

using provisioning::Expected;

class FaultyDiskTest : public testing::Test {
  protected:
    static std::unique_ptr<Stores> open(const std::filesystem::path& file) {
        auto opened = open_sqlite_stores({.file = file, .readers = 2});
        EXPECT_TRUE(opened) << opened.error().cause;
        return std::move(*opened);
    }

    static Result<void> save(Stores& stores, const std::string& id) {
        return stores.registrations().save(scope, record(id), Expected{0});
    }

    static std::string ids(Stores& stores) {
        return ids_of(stores.registrations().all(scope, "", 1'000'000));
    }

    // In this order: the stores close before the disk goes.
    FaultyDisk disk_;
    TemporaryFolder folder_;
    std::filesystem::path file_ = folder_ / "muster.db";
};

struct Failure {
    FaultyDisk::Operation operation;
    int result_code;
};

constexpr Failure failures[] = {
    {FaultyDisk::Operation::write, SQLITE_FULL},
    {FaultyDisk::Operation::write, SQLITE_IOERR_WRITE},
    {FaultyDisk::Operation::sync, SQLITE_IOERR_FSYNC},
};

} // namespace

TEST_F(FaultyDiskTest, AFailureIsUnavailableWithItsCause) {
    for (const Failure& failure : failures) {
        const auto stores = open(file_);
        disk_.fail(failure.operation, 0, failure.result_code);
        const auto saved = save(*stores, "a");
        ASSERT_FALSE(saved);
        EXPECT_EQ(saved.error().code, Code::unavailable);
        EXPECT_NE(saved.error().cause.find(std::to_string(failure.result_code)), std::string::npos)
            << saved.error().cause;
        disk_.heal();
        EXPECT_EQ(ids(*stores), "");
    }
}

TEST_F(FaultyDiskTest, WhereverItFailsNothingAcknowledgedIsLostAndNothingRefusedIsSeen) {
    for (const Failure& failure : failures) {
        for (int step = 0; step < 12; ++step) {
            const std::filesystem::path file =
                folder_ / fmt::format("{}-{}.db", failure.result_code, step);
            auto stores = open(file);
            ASSERT_TRUE(save(*stores, "before"));
            disk_.fail(failure.operation, step, failure.result_code);
            std::string stored = "before";
            for (int round = 0; round < 4; ++round) {
                const std::string id = fmt::format("during-{}", round);
                stored += save(*stores, id) ? " " + id : "";
            }
            disk_.heal();
            EXPECT_EQ(ids(*stores), stored) << failure.result_code << " at " << step;
            ASSERT_TRUE(save(*stores, "healed"));
            stores.reset();
            stores = open(file);
            EXPECT_EQ(ids(*stores), stored + " healed") << failure.result_code << " at " << step;
        }
    }
}

TEST_F(FaultyDiskTest, AMigrationThatFailsIsRepeatedAtTheNextStart) {
    for (int step = 0; step < 20; ++step) {
        const std::filesystem::path file = folder_ / fmt::format("{}.db", step);
        disk_.fail(FaultyDisk::Operation::write, step, SQLITE_FULL);
        const auto opened = open_sqlite_stores({.file = file});
        if (!opened) {
            EXPECT_EQ(opened.error().code, Code::unavailable);
        }
        disk_.heal();
        const auto stores = open(file);
        EXPECT_TRUE(save(*stores, "a"));
    }
}

TEST_F(FaultyDiskTest, WhatWasAcknowledgedSurvivesAPowerCut) {
    constexpr int writers = 6;
    constexpr int rounds = 40;
    constexpr int cuts = 15;
    const auto stores = open(file_);
    std::atomic<int> acknowledged[writers]{};
    std::vector<std::jthread> threads;
    for (int writer = 0; writer < writers; ++writer) {
        threads.emplace_back([&, writer] {
            for (int round = 0; round < rounds; ++round) {
                ASSERT_TRUE(save(*stores, fmt::format("{}-{}", writer, round)));
                acknowledged[writer] = round + 1;
            }
        });
    }
    for (int cut = 0; cut < cuts; ++cut) {
        while (acknowledged[cut % writers] < (cut + 1) * rounds / cuts) {
            std::this_thread::yield();
        }
        int stored_before[writers];
        std::ranges::copy(acknowledged, stored_before);
        const std::filesystem::path after = folder_ / fmt::format("cut-{}", cut);
        disk_.copy_synced_files(after);
        const auto survivors = open(after / "muster.db");
        for (int writer = 0; writer < writers; ++writer) {
            for (int round = 0; round < stored_before[writer]; ++round) {
                const RegistrationId id(fmt::format("{}-{}", writer, round));
                const auto found = survivors->registrations().find(scope, id);
                ASSERT_TRUE(found && *found) << id.text() << " lost at cut " << cut;
            }
        }
    }
}

TEST_F(FaultyDiskTest, ManyWritersShareASync) {
    constexpr int writers = 16;
    constexpr int rounds = 20;
    const auto stores = open(file_);
    const int before = disk_.sync_count();
    race(writers, [&](int writer) {
        for (int round = 0; round < rounds; ++round) {
            EXPECT_TRUE(save(*stores, fmt::format("{}-{}", writer, round)));
        }
    });
    EXPECT_LT(disk_.sync_count() - before, writers * rounds / 2);
}

} // namespace muster::store::sqlite
