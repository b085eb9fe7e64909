// What queries cost: the indexes are used, nothing is sorted, and rows of before are found by them.

#include "hub/documents.h"
#include "store/sql/queries/candidates.h"
#include "store/sqlite/database.h"
#include "store/sqlite/migration.h"
#include "store/suite.h"
#include "store/temporary_folder.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

namespace muster::store::sqlite {

namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class QueryPlanTest : public testing::Test {
  protected:
    void SetUp() override { std::ofstream(file_).flush(); }

    std::unique_ptr<Connection> raw() {
        auto opened = Connection::open(file_, Access::writing);
        EXPECT_TRUE(opened);
        return std::move(*opened);
    }

    Result<std::unique_ptr<Stores>> open() {
        return open_sqlite_stores({.file = file_, .readers = 2, .keys = sample_keys()});
    }

    /// The engine's own words.
    std::string plan(std::string_view condition, query::Source source = query::Source::devices) {
        EXPECT_TRUE(open());
        const auto database = Database::open({.file = file_, .readers = 1});
        const auto parsed = query::parse_condition(condition, query::Dialect::twin);
        const sql::TwinCandidates candidates(**database, hub_1, source, &*parsed);
        const auto& statement = candidates.statement();
        std::vector<sql::Value> values{std::string_view("hub"), std::string_view(""),
                                       std::int64_t{100}};
        values.insert(values.end(), statement.values.begin(), statement.values.end());
        std::string steps;
        const auto ran = raw()->run_dynamic(
            "EXPLAIN QUERY PLAN " + statement.text, values,
            [&](const sql::Row& row) { steps += std::string(row.text(3)) + "\n"; });
        EXPECT_TRUE(ran) << ran.error().cause;
        return steps;
    }

    TemporaryFolder folder_;
    const std::filesystem::path file_ = folder_.path() / "muster.db";
};

const auto sorts_nothing = Not(HasSubstr("TEMP B-TREE"));
const auto scans_nothing = Not(HasSubstr("SCAN device"));

TEST_F(QueryPlanTest, LooksUpTags) {
    EXPECT_THAT(plan("tags.site = 'north' AND tags.floor > 3"),
                AllOf(HasSubstr("USING COVERING INDEX sqlite_autoindex_twin_tag_1 "
                                "(hub=? AND is_module=? AND path=? AND value=? AND device>?)"),
                      sorts_nothing, scans_nothing));
    EXPECT_THAT(plan("tags.site IN ['north', 'south', 'west']"),
                AllOf(HasSubstr("MERGE (UNION ALL)"), scans_nothing));
}

TEST_F(QueryPlanTest, LooksUpIdsPresenceAndStatus) {
    EXPECT_THAT(plan("deviceId = 'a'"), AllOf(HasSubstr("SEARCH d USING INDEX "
                                                        "sqlite_autoindex_device_1 (hub=? AND "
                                                        "id=?"),
                                              sorts_nothing, scans_nothing));
    EXPECT_THAT(plan("deviceId IN ['a', 'b']"),
                AllOf(HasSubstr("(hub=? AND id=?)"), scans_nothing));
    EXPECT_THAT(plan("STARTS_WITH(deviceId, 'a')"), AllOf(sorts_nothing, scans_nothing));
    EXPECT_THAT(plan("connectionState = 'Connected'"),
                AllOf(HasSubstr("presence_connected"), sorts_nothing, scans_nothing));
    EXPECT_THAT(plan("status = 'disabled'"),
                AllOf(HasSubstr("device_disabled"), sorts_nothing, scans_nothing));
}

TEST_F(QueryPlanTest, WalksAlongTheKeyOtherwise) {
    EXPECT_THAT(plan("properties.reported.fw = '1'"),
                AllOf(HasSubstr("sqlite_autoindex_device_1 (hub=? AND id>?)"), sorts_nothing));
}

TEST_F(QueryPlanTest, TakesNoTextOfTheQueryIntoTheStatement) {
    const auto database = [&] {
        EXPECT_TRUE(open());
        return std::move(*Database::open({.file = file_, .readers = 1}));
    }();
    for (const std::string_view text :
         {"tags.[[x'; DROP TABLE twin --]] = 'y\\'; DROP TABLE twin --'",
          "deviceId IN ['DROP', '\"']", "STARTS_WITH(deviceId, 'DROP')",
          "tags.DROP IN ['DROP', 'b']", "deviceId < 'DROP' AND deviceId >= 'DROP'"}) {
        const auto condition = query::parse_condition(text, query::Dialect::twin);
        ASSERT_TRUE(condition) << condition.error().detail;
        sql::TwinCandidates candidates(*database, hub_1, query::Source::devices, &*condition);
        EXPECT_THAT(candidates.statement().text, Not(HasSubstr("DROP")));
        EXPECT_TRUE(candidates.next("'; DROP TABLE twin", 10));
    }
}

TEST_F(QueryPlanTest, FillsTablesOfBefore) {
    constexpr std::size_t schema_before = 3;
    ASSERT_TRUE(migrate(*raw(), sql::migrations().first(schema_before)));
    auto connection = raw();
    ASSERT_TRUE(connection->execute("BEGIN"));
    for (int i = 0; i < 1200; ++i) {
        auto made = device_with_twin(fmt::format("dev-{:04}", i));
        made.twin.tags = {{"site", i % 2 == 0 ? "north" : "south"}};
        const std::string id = made.device.id.text();
        const std::string device = sample_keys()->seal(to_text(to_stored_document(made.device)),
                                                       "device/" + hub_1.text() + '/' + id);
        ASSERT_TRUE(connection->execute(
            fmt::format("INSERT INTO device (hub, id, version, status, document)"
                        " VALUES ('{}', '{}', 1, 'enabled', '{}')",
                        hub_1.text(), id, device)));
        ASSERT_TRUE(connection->execute(
            fmt::format("INSERT INTO twin (hub, device, version, document)"
                        " VALUES ('{}', '{}', 1, '{}')",
                        hub_1.text(), id, to_text(to_stored_document(made.twin)))));
    }
    ASSERT_TRUE(connection->execute("COMMIT"));
    connection.reset();
    auto stores = open();
    ASSERT_TRUE(stores) << stores.error().cause;
    const auto answer = [&](std::string_view text) {
        const auto page = (*stores)->twin_queries().run(hub_1, *query::parse_query(text), {});
        return page ? to_text(page->rows.front()) : describe(page.error());
    };
    EXPECT_EQ(answer("SELECT COUNT() AS n FROM devices WHERE tags.site = 'north'"), R"({"n":600})");
    EXPECT_EQ(answer("SELECT COUNT() AS n FROM devices WHERE status = 'enabled'"), R"({"n":1200})");
    EXPECT_EQ(*raw()->query_integer("SELECT COUNT(*) FROM device_filling"), 0);
    EXPECT_EQ(
        *raw()->query_integer("SELECT COUNT(*) FROM device WHERE"
                              " json_extract(facts, '$.authentication.primaryKey') = ''"
                              " AND json_extract(facts, '$.authentication.secondaryKey') = ''"),
        1200);
}

} // namespace
} // namespace muster::store::sqlite
