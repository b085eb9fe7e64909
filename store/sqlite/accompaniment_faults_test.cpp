// An audit entry, a journal event and the change they tell of exist together or not at all, however
// the disk fails in between.

#include "store/operator_suite.h"
#include "store/sqlite/faulty_disk.h"
#include "store/temporary_folder.h"

namespace muster::store::sqlite {

namespace {

using provisioning::Expected;
using provisioning::Write;

struct Failure {
    FaultyDisk::Operation operation;
    int result_code;
};

constexpr Failure failures[] = {
    {FaultyDisk::Operation::write, SQLITE_FULL},
    {FaultyDisk::Operation::write, SQLITE_IOERR_WRITE},
    {FaultyDisk::Operation::sync, SQLITE_IOERR_FSYNC},
};

class AccompanimentFaults : public testing::Test {
  protected:
    static std::unique_ptr<Stores> open(const std::filesystem::path& file) {
        auto opened =
            open_sqlite_stores({.file = file, .readers = 1, .journal = {}, .keys = sample_keys()});
        EXPECT_TRUE(opened) << opened.error().cause;
        return std::move(*opened);
    }

    /// A fresh file for each failure and each step at which it begins.
    void
    for_every_failure(const std::function<void(const std::filesystem::path& file,
                                               const std::function<void()>& break_disk)>& run) {
        constexpr int steps = 10;
        for (const Failure& failure : failures) {
            for (int step = 0; step < steps; ++step) {
                SCOPED_TRACE(fmt::format("{} at {}", failure.result_code, step));
                const auto file = folder_ / fmt::format("{}-{}.db", failure.result_code, step);
                run(file, [&] { disk_.fail(failure.operation, step, failure.result_code); });
            }
        }
    }

    // In this order: the stores close before the disk goes.
    FaultyDisk disk_;
    TemporaryFolder folder_;
};

/// The resources that the chain of the scope tells of, which must be whole.
std::string audited(Stores& stores, const IdScope& tenant) {
    const auto chain = chain_of(stores, tenant);
    EXPECT_EQ(verdict_on(chain), "");
    std::string resources;
    for (const provisioning::AuditEntry& entry : chain) {
        const auto text = parse_json_object(entry.text);
        resources += string_member(*text, "resource").value() + " ";
    }
    return resources;
}

std::string noted(Stores& stores) {
    auto events = stores.journal().find(scope, {}, 0, 1000);
    std::string ids;
    for (auto at = events->rbegin(); at != events->rend(); ++at) {
        ids += at->registration_id + " ";
    }
    return ids;
}

template <class T>
std::string stored(const Result<std::vector<T>>& values) {
    std::string ids;
    for (const T& value : *values) {
        ids += value.id.text() + " ";
    }
    return ids;
}

provisioning::AdminToken token(const std::string& id) {
    return {.id = id,
            .name = id,
            .role = {},
            .reach = {},
            .secret_hash = std::string(64, '0'),
            .created = sample_moment,
            .expires = {},
            .created_by = "token:root"};
}

} // namespace

TEST_F(AccompanimentFaults, ARegistrationItsEntryAndItsEventAreOne) {
    for_every_failure([&](const auto& file, const auto& break_disk) {
        auto stores = open(file);
        std::string acknowledged;
        const auto save = [&](const std::string& id) {
            const auto what = change("registration.assign", id);
            const auto happened = event(id);
            const auto write = Write(Expected{0}).audited(what).noted(happened);
            if (stores->registrations().save(scope, record(id), write)) {
                acknowledged += id + " ";
            }
        };
        save("a");
        break_disk();
        for (const std::string id : {"b", "c", "d", "e"}) {
            save(id);
        }
        disk_.heal();
        save("f");
        for (int time = 0; time < 2; ++time) {
            EXPECT_EQ(stored(stores->registrations().all(scope, "", 100)), acknowledged);
            EXPECT_EQ(audited(*stores, scope), acknowledged);
            EXPECT_EQ(noted(*stores), acknowledged);
            stores.reset();
            stores = open(file);
        }
    });
}

TEST_F(AccompanimentFaults, AnEnrollmentAndItsEntryAreOne) {
    for_every_failure([&](const auto& file, const auto& break_disk) {
        auto stores = open(file);
        std::string acknowledged;
        break_disk();
        for (const std::string id : {"a", "b", "c", "d"}) {
            const auto what = change("enrollment.create", id);
            const auto write = Write(Expected{0}).audited(what);
            acknowledged +=
                stores->enrollments().save(scope, individual(id), write) ? id + " " : "";
        }
        disk_.heal();
        EXPECT_EQ(stored(stores->enrollments().individuals(scope, "", 100)), acknowledged);
        EXPECT_EQ(audited(*stores, scope), acknowledged);
    });
}

TEST_F(AccompanimentFaults, ATokenAndItsEntryAreOne) {
    for_every_failure([&](const auto& file, const auto& break_disk) {
        auto stores = open(file);
        std::string acknowledged;
        break_disk();
        for (const std::string id : {"a", "b", "c", "d"}) {
            acknowledged += stores->tokens().add(token(id), change("issue", id)) ? id + " " : "";
        }
        disk_.heal();
        std::string tokens;
        for (const provisioning::AdminToken& found : *stores->tokens().all()) {
            tokens += found.id + " ";
        }
        EXPECT_EQ(tokens, acknowledged);
        EXPECT_EQ(audited(*stores, provisioning::server_chain), acknowledged);
    });
}

// The chain may have become shorter, from its end; nothing else may have changed.
TEST_F(AccompanimentFaults, AnInstanceIsErasedWithItsChainAndSaysSoOrNot) {
    for_every_failure([&](const auto& file, const auto& break_disk) {
        auto stores = open(file);
        const auto created = change("instance.create", "new");
        ASSERT_TRUE(stores->instances().save(instance(scope, "plant"),
                                             Write(Expected{0}).audited(created)));
        break_disk();
        const bool erased = stores->instances().erase(scope, change("erase", "gone")).has_value();
        disk_.heal();
        stores.reset();
        stores = open(file);
        EXPECT_EQ(stores->instances().all()->empty(), erased);
        EXPECT_EQ(audited(*stores, provisioning::server_chain), erased ? "new gone " : "new ");
        const auto left = chain_of(*stores, scope);
        EXPECT_EQ(verdict_on(left), "");
        EXPECT_TRUE(!erased || left.empty());
        if (!erased) {
            EXPECT_TRUE(stores->instances().erase(scope, change("erase", "gone")));
            EXPECT_EQ(audited(*stores, provisioning::server_chain), "new gone ");
        }
    });
}

// Longer than what is deleted at once: the disk fails after the first part has gone.
TEST_F(AccompanimentFaults, WhatIsLeftOfALongChainIsAChain) {
    constexpr int writers = 64; // they share syncs
    constexpr int rounds = 65;
    auto stores = open(folder_ / "long.db");
    ASSERT_TRUE(stores->instances().save(instance(scope, "plant"), Expected{0}));
    race(writers, [&](int) {
        for (int round = 0; round < rounds; ++round) {
            ASSERT_TRUE(stores->audit().append(scope, change("policy.rotate")));
        }
    });
    disk_.fail(FaultyDisk::Operation::sync, 1, SQLITE_IOERR_FSYNC);
    EXPECT_EQ(code_of(stores->instances().erase(scope, change("erase"))), Code::unavailable);
    disk_.heal();
    stores.reset();
    stores = open(folder_ / "long.db");
    const auto left = chain_of(*stores, scope);
    EXPECT_EQ(verdict_on(left), "");
    EXPECT_FALSE(left.empty());
    EXPECT_LT(left.size(), static_cast<std::size_t>(writers * rounds));
    EXPECT_TRUE(stores->instances().erase(scope, change("erase")));
    EXPECT_TRUE(chain_of(*stores, scope).empty());
}

TEST_F(AccompanimentFaults, APurgeIsDoneInWholeSteps) {
    for_every_failure([&](const auto& file, const auto& break_disk) {
        auto stores = open(file);
        for (const std::string id : {"a", "b", "c", "d", "e"}) {
            const auto happened = event(id);
            ASSERT_TRUE(stores->registrations().save(scope, record(id),
                                                     Write(Expected{0}).noted(happened)));
        }
        break_disk();
        std::size_t purged = 0;
        for (int time = 0; time < 4; ++time) {
            purged += stores->instances().purge(scope, 2) ? 2U : 0U;
        }
        disk_.heal();
        const auto left = stores->registrations().all(scope, "", 100)->size() +
                          stores->journal().find(scope, {}, 0, 100)->size();
        EXPECT_EQ(left, 10 - purged);
        EXPECT_EQ(stores->enrollments().counts(scope)->registrations,
                  static_cast<std::int64_t>(stores->registrations().all(scope, "", 100)->size()));
        stores.reset();
        stores = open(file);
        while (*stores->instances().purge(scope, 2)) {
        }
        EXPECT_EQ(stored(stores->registrations().all(scope, "", 100)) + noted(*stores), "");
    });
}

} // namespace muster::store::sqlite
