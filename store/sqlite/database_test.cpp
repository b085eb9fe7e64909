#include "store/sqlite/database.h"
#include "store/suite.h"
#include "store/temporary_folder.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <atomic>

namespace muster::store::sqlite {

namespace {

using provisioning::Expected;

class DatabaseTest : public testing::Test {
  protected:
    std::unique_ptr<Stores> open(std::size_t readers = 2) {
        auto opened = open_sqlite_stores({.file = file_, .readers = readers});
        EXPECT_TRUE(opened);
        return std::move(*opened);
    }

    void spoil(std::string_view statement) {
        auto connection = Connection::open(file_, Access::writing);
        ASSERT_TRUE(connection);
        ASSERT_TRUE((*connection)->execute(statement));
    }

    TemporaryFolder folder_;
    std::filesystem::path file_ = folder_ / "muster.db";
};

} // namespace

TEST_F(DatabaseTest, ADamagedDocumentIsAnErrorThatShowsNoneOfIt) {
    const auto stores = open();
    ASSERT_TRUE(stores->enrollments().save(scope, individual("a"), Expected{0}));
    for (const std::string_view document : {"{\"the-secret\":", "{\"the-secret\":1}", "[1]", ""}) {
        spoil(fmt::format("UPDATE enrollment SET document = '{}'", document));
        const auto found = stores->enrollments().find_individual(scope, RegistrationId("a"));
        ASSERT_FALSE(found) << document;
        EXPECT_EQ(found.error().code, Code::internal);
        EXPECT_EQ(found.error().detail, "stored data cannot be read");
        EXPECT_EQ(found.error().cause.find("the-secret"), std::string::npos);
        EXPECT_EQ(code_of(stores->enrollments().individuals(scope, "", 10)), Code::internal);
    }
}

TEST_F(DatabaseTest, ADamagedSessionIsAnError) {
    const auto stores = open();
    ASSERT_TRUE(stores->devices().create(hub_1, device_with_twin("dev")));
    ASSERT_TRUE(stores->sessions().save(hub_1, DeviceId("dev"), {{"a", 1}}));
    for (const std::string_view subscriptions : {"a", "a=", "a=3", "a=x", "%=1"}) {
        spoil(fmt::format("UPDATE session SET subscriptions = '{}'", subscriptions));
        EXPECT_EQ(code_of(stores->sessions().load(hub_1, DeviceId("dev"))), Code::internal);
    }
}

TEST_F(DatabaseTest, ReadersShareAConnectionAndSeeWhatTheyWrote) {
    const auto stores = open(1);
    race(8, [&](int number) {
        for (int round = 0; round < 10; ++round) {
            const std::string id = fmt::format("{}-{}", number, round);
            ASSERT_TRUE(stores->registrations().save(scope, record(id), Expected{0}));
            EXPECT_EQ(describe(stores->registrations().find(scope, RegistrationId(id))),
                      describe(record(id)));
        }
    });
}

TEST_F(DatabaseTest, HotQueriesUseTheirIndexes) {
    open().reset();
    auto connection = Connection::open(file_, Access::writing);
    ASSERT_TRUE(connection);
    static constexpr sql::Statement queries[] = {
        {"EXPLAIN QUERY PLAN SELECT document FROM registration"
         " WHERE scope = $1 AND unfinished = 1 ORDER BY folded_id LIMIT $2"},
        {"EXPLAIN QUERY PLAN SELECT document FROM registration"
         " WHERE scope = $1 AND folded_group = $2 AND folded_id > $3 ORDER BY folded_id LIMIT 5"},
        {"EXPLAIN QUERY PLAN SELECT document FROM device"
         " WHERE hub = $1 AND id > $2 ORDER BY id LIMIT $3"},
    };
    const auto plan = [&](const sql::Statement& query, std::initializer_list<sql::Value> values) {
        std::string text;
        EXPECT_TRUE((*connection)->run(query, values, [&](const sql::Row& row) {
            text += std::string(row.text(3)) + "\n";
        }));
        return text;
    };
    EXPECT_EQ(plan(queries[0], {"s", 1}),
              "SEARCH registration USING INDEX registration_unfinished (scope=?)\n");
    EXPECT_EQ(plan(queries[1], {"s", "g", ""}), "SEARCH registration USING INDEX registration_group"
                                                " (scope=? AND folded_group=? AND folded_id>?)\n");
    EXPECT_EQ(plan(queries[2], {"h", "", 1}),
              "SEARCH device USING INDEX sqlite_autoindex_device_1 (hub=? AND id>?)\n");
}

} // namespace muster::store::sqlite
