// Databases of before registrations had columns for their hubs.

#include "store/sqlite/migration.h"
#include "store/suite.h"
#include "store/temporary_folder.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

namespace muster::store::sqlite {

namespace {

constexpr std::size_t schema_before = 2;

enum class Documents { sealed, clear };

class FillingTest : public testing::TestWithParam<Documents> {
  protected:
    void SetUp() override {
        std::ofstream(file_).flush();
        ASSERT_TRUE(migrate(*raw(), sql::migrations().first(schema_before)));
    }

    std::unique_ptr<Connection> raw() {
        auto opened = Connection::open(file_, Access::writing);
        EXPECT_TRUE(opened);
        return std::move(*opened);
    }

    Result<std::unique_ptr<Stores>>
    open(std::shared_ptr<const crypto::KeyRing> keys = sample_keys()) {
        return open_sqlite_stores({.file = file_, .readers = 2, .keys = std::move(keys)});
    }

    /// As the version before stored it.
    static std::string row(const provisioning::RegistrationRecord& record) {
        const std::string& id = record.id.folded();
        const std::string text = describe(record);
        const std::string document =
            GetParam() == Documents::clear
                ? text
                : sample_keys()->seal(text, "registration/" + scope.text() + '/' + id);
        return fmt::format("('{}', '{}', {}, 'x', {}, '{}')", scope.text(), id,
                           record.stamp.version, record.plan ? 1 : 0, document);
    }

    void insert(const std::string& rows) {
        ASSERT_TRUE(raw()->execute("INSERT INTO registration"
                                   " (scope, folded_id, version, status, unfinished, document)"
                                   " VALUES " +
                                   rows));
    }

    static provisioning::RegistrationRecord moving(std::string_view id) {
        auto made = record(id);
        made.status = provisioning::RegistrationStatus::assigning;
        provisioning::DeviceProvision provision;
        provision.device_id = DeviceId(std::string(id));
        provision.credential = provisioning::HubThumbprints{std::string(64, 'A'), ""};
        made.plan = provisioning::Plan{.kind = {}, .hub = hub_2, .provision = provision};
        return made;
    }

    static std::string counts(Stores& stores) {
        return describe(stores.registrations().hub_counts(scope));
    }

    TemporaryFolder folder_;
    std::filesystem::path file_ = folder_ / "old.db";
};

} // namespace

INSTANTIATE_TEST_SUITE_P(Forms, FillingTest, testing::Values(Documents::sealed, Documents::clear));

TEST_P(FillingTest, RowsOfBeforeAreFoundByTheirHubs) {
    insert(row(record("a")) + "," + row(moving("b")));
    for (int times = 0; times < 2; ++times) { // the second time nothing is left to do
        const auto stores = open();
        ASSERT_TRUE(stores) << stores.error().cause;
        EXPECT_EQ(counts(**stores), "[hub-1.example: 1; hub-2.example: 1; ]");
        EXPECT_EQ(ids_of((*stores)->registrations().at_hub(scope, hub_1, "", 10)), "a b");
        EXPECT_EQ(ids_of((*stores)->registrations().unfinished(scope, "", 10)), "b");
        EXPECT_EQ(ids_of((*stores)->registrations().all(scope, "", 10)), "a b");
        EXPECT_EQ(raw()->query_integer("SELECT COUNT(*) FROM registration_filling"), 0);
    }
}

// More than one unit of work takes.
TEST_P(FillingTest, ManyRowsAreFilled) {
    constexpr int count = 2500;
    std::string rows;
    for (int number = 0; number < count; ++number) {
        rows += (rows.empty() ? "" : ",") + row(record(fmt::format("dev-{:04}", number)));
    }
    insert(rows);
    const auto stores = open();
    ASSERT_TRUE(stores);
    EXPECT_EQ(counts(**stores), fmt::format("[hub-1.example: {}; ]", count));
}

TEST_P(FillingTest, GoesOnWhereItWasInterrupted) {
    insert(row(record("a")) + "," + row(record("b")) + "," + row(record("c")));
    ASSERT_TRUE(migrate(*raw(), sql::migrations()));
    ASSERT_TRUE(raw()->execute(fmt::format( // as after a first unit of work
        "UPDATE registration SET hub = 'h', assigned_hub = 'h' WHERE folded_id = 'a';"
        "UPDATE registration_filling SET scope = '{}', folded_id = 'a'",
        scope.text())));
    const auto stores = open();
    ASSERT_TRUE(stores);
    EXPECT_EQ(counts(**stores), "[h: 1; hub-1.example: 2; ]");
}

TEST_P(FillingTest, OneThatCannotBeReadDoesNotHinderTheOthers) {
    insert(row(record("a")) + ",('0ne00000001', 'bad', 1, 'assigned', 0, '{}')," +
           row(record("c")));
    const auto stores = open();
    ASSERT_TRUE(stores);
    EXPECT_EQ(counts(**stores), "[hub-1.example: 2; ]");
    EXPECT_EQ(code_of((*stores)->registrations().find(scope, RegistrationId("bad"))),
              Code::internal);
}

TEST_P(FillingTest, TheKeysOfAnotherDatabaseSkipNothing) {
    insert(row(record("a")));
    SeededRandom random(99);
    const auto others = std::make_shared<const crypto::KeyRing>(random);
    EXPECT_EQ(open(others).has_value(), GetParam() == Documents::clear);
    const auto stores = open();
    ASSERT_TRUE(stores);
    EXPECT_EQ(counts(**stores), "[hub-1.example: 1; ]");
}

TEST_P(FillingTest, ANewDatabaseHasNothingToFill) {
    ASSERT_TRUE(open());
    EXPECT_EQ(raw()->query_integer("SELECT COUNT(*) FROM registration_filling"), 0);
}

// A million rows must not be walked through for a count or a page.
TEST_P(FillingTest, EveryQuestionHasItsIndex) {
    ASSERT_TRUE(open());
    const auto plan_of = [&](std::string_view query) {
        const std::string text = "EXPLAIN QUERY PLAN " + std::string(query);
        const sql::Statement statement{text};
        std::string plan;
        EXPECT_TRUE(raw()->run(statement, {}, [&](const sql::Row& row) { plan += row.text(3); }));
        return plan;
    };
    EXPECT_THAT(plan_of("SELECT hub, COUNT(*) FROM registration"
                        " WHERE scope = 's' AND hub IS NOT NULL GROUP BY hub ORDER BY hub"),
                testing::StartsWith("SEARCH registration USING COVERING INDEX registration_hub"));
    EXPECT_THAT(plan_of("SELECT folded_id, document FROM registration WHERE scope = 's'"
                        " AND assigned_hub = 'h' AND folded_id > 'a' ORDER BY folded_id LIMIT 9"),
                testing::AllOf(testing::HasSubstr("INDEX registration_assigned_hub"),
                               testing::HasSubstr("folded_id>?")));
    EXPECT_THAT(plan_of("SELECT folded_id, document FROM registration WHERE scope = 's'"
                        " AND unfinished = 1 AND folded_id > 'a' ORDER BY folded_id LIMIT 9"),
                testing::HasSubstr("INDEX registration_unfinished"));
}

} // namespace muster::store::sqlite
