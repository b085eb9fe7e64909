#include "store/sqlite/database.h"
#include "store/sqlite/migration.h"
#include "store/suite.h"
#include "store/temporary_folder.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>
#include <fstream>
#include <string>
#include <thread>

namespace muster::store::sqlite {

namespace {

constexpr std::array first{sql::Statement{"CREATE TABLE thing (id TEXT PRIMARY KEY)"},
                           sql::Statement{"INSERT INTO thing (id) VALUES ('from the first')"}};
constexpr std::array second{sql::Statement{"ALTER TABLE thing ADD COLUMN size BIGINT"},
                            sql::Statement{"UPDATE thing SET size = 2"}};
constexpr std::array broken{sql::Statement{"ALTER TABLE thing ADD COLUMN size BIGINT"},
                            sql::Statement{"UPDATE nothing SET size = 2"}};

class MigrationTest : public testing::Test {
  protected:
    void SetUp() override { std::ofstream(file_).flush(); }

    std::unique_ptr<Connection> open() {
        auto opened = Connection::open(file_, Access::writing);
        EXPECT_TRUE(opened);
        return std::move(*opened);
    }

    std::int64_t version() { return open()->query_integer("PRAGMA user_version").value_or(-1); }

    TemporaryFolder folder_;
    std::filesystem::path file_ = folder_ / "test.db";
};

} // namespace

TEST_F(MigrationTest, FromNothingToTheCurrentSchemaAndNoFurther) {
    const auto current = static_cast<std::int64_t>(sql::migrations().size());
    ASSERT_TRUE(migrate(*open(), sql::migrations()));
    EXPECT_EQ(version(), current);
    EXPECT_EQ(open()->query_integer("SELECT COUNT(*) FROM registration"), 0);
    ASSERT_TRUE(migrate(*open(), sql::migrations()));
    EXPECT_EQ(version(), current);
}

TEST_F(MigrationTest, EveryVersionLeadsToTheCurrentOneAndKeepsWhatIsThere) {
    constexpr std::array both{sql::Migration{first}, sql::Migration{second}};
    ASSERT_TRUE(migrate(*open(), std::span(both).first(1)));
    ASSERT_EQ(version(), 1);
    ASSERT_TRUE(migrate(*open(), both));
    EXPECT_EQ(version(), 2);
    EXPECT_EQ(open()->query_integer("SELECT size FROM thing WHERE id = 'from the first'"), 2);
}

TEST_F(MigrationTest, ADatabaseOfTheFirstSchemaIsCountedAndKept) {
    ASSERT_TRUE(migrate(*open(), sql::migrations().first(1)));
    const std::string document = describe(record("a"));
    ASSERT_TRUE(open()->execute(fmt::format(R"(
INSERT INTO enrollment (scope, folded_id, id, version, document) VALUES
    ('0ne00000001', 'a', 'A', 1, '{{}}'), ('0ne00000001', 'b', 'b', 1, '{{}}'),
    ('0ne00000002', 'a', 'a', 1, '{{}}');
INSERT INTO enrollment_group (scope, folded_id, version, document) VALUES
    ('0ne00000001', 'g', 1, '{{}}'), ('0ne00000003', 'g', 1, '{{}}');
INSERT INTO registration (scope, folded_id, version, status, unfinished, document) VALUES
    ('0ne00000001', 'a', 1, 'assigned', 0, '{0}'), ('0ne00000001', 'x', 1, 'assigned', 0, '{0}'),
    ('0ne00000001', 'y', 1, 'assigned', 0, '{0}'))",
                                            document)));
    const auto stores = open_sqlite_stores({.file = file_});
    ASSERT_TRUE(stores);
    EXPECT_EQ(version(), static_cast<std::int64_t>(sql::migrations().size()));
    const auto counts = [&](const char* of) {
        return describe((*stores)->enrollments().counts(IdScope(of)));
    };
    EXPECT_EQ(counts("0ne00000001"), "2 enrollments, 1 groups, 3 registrations");
    EXPECT_EQ(counts("0ne00000002"), "1 enrollments, 0 groups, 0 registrations");
    EXPECT_EQ(counts("0ne00000003"), "0 enrollments, 1 groups, 0 registrations");
    EXPECT_EQ(counts("0ne00000004"), "0 enrollments, 0 groups, 0 registrations");

    auto& enrollments = (*stores)->enrollments();
    ASSERT_TRUE(enrollments.save(scope, individual("c"), provisioning::Expected{0}));
    ASSERT_TRUE(enrollments.erase_individual(scope, RegistrationId("a"), provisioning::Expected{1},
                                             nothing_remains));
    EXPECT_EQ(counts("0ne00000001"), "2 enrollments, 1 groups, 2 registrations");
}

TEST_F(MigrationTest, TelemetryOfBeforeIsInTheEventLog) {
    ASSERT_TRUE(migrate(*open(), sql::migrations().first(3)));
    ASSERT_TRUE(open()->execute(R"(
INSERT INTO telemetry (hub, sequence, enqueued, device, properties, auth_method, generation_id,
        model_id, body) VALUES
    ('hub-1.example', 8, 1900000000000000, 'dev', '%24.ct=text&a=b', '{}', '1', 'dtmi', X'00FF'),
    ('hub-1.example', 9, 1900000001000000, 'dev', '', '{}', '1', '', X'');
INSERT INTO hub_telemetry (hub, last_sequence) VALUES
    ('hub-1.example', 9), ('hub-2.example', 7))"));
    const auto stores = open_sqlite_stores({.file = file_});
    ASSERT_TRUE(stores) << stores.error().cause;
    hub::EventStore& events = (*stores)->events();
    hub::Event oldest{.sequence = 8,
                      .identity = DeviceId("dev"),
                      .enqueued = from_unix_seconds(1'900'000'000),
                      .properties = {{"$.ct", "text"}, {"a", "b"}},
                      .auth_method = "{}",
                      .generation_id = "1",
                      .model_id = "dtmi",
                      .body = std::string("\0\xff", 2)};
    const auto kept = events.read(hub_1, {});
    ASSERT_TRUE(kept && kept->size() == 2);
    EXPECT_EQ(describe(kept->front()), describe(oldest));
    EXPECT_EQ(describe(events.extent(hub_1, {})), "8..9");
    EXPECT_EQ(describe(events.extent(hub_2, {})), "8..7");
    // What it counts for is known, or the bound on bytes would never drop it.
    hub::EventBatch next{.events = {hub_event("dev", from_unix_seconds(1'900'000'002))},
                         .retention = {.bytes_max = 400}};
    ASSERT_TRUE(events.append(hub_1, next));
    EXPECT_EQ(next.last_sequence(), 10);
    EXPECT_EQ(describe(events.extent(hub_1, {})), "10..10");
}

TEST_F(MigrationTest, AFailingMigrationChangesNothing) {
    constexpr std::array both{sql::Migration{first}, sql::Migration{broken}};
    ASSERT_TRUE(migrate(*open(), std::span(both).first(1)));
    EXPECT_FALSE(migrate(*open(), both));
    EXPECT_EQ(version(), 1);
    EXPECT_FALSE(open()->query_integer("SELECT size FROM thing"));
}

TEST_F(MigrationTest, TwoProcessesMayMigrateAtOnce) {
    constexpr std::array both{sql::Migration{first}, sql::Migration{second}};
    const auto one = open();
    const auto other = open();
    Result<void> one_migrated;
    std::jthread beside([&] { one_migrated = migrate(*one, both); });
    const Result<void> other_migrated = migrate(*other, both);
    beside.join();
    EXPECT_TRUE(one_migrated) << one_migrated.error().cause;
    EXPECT_TRUE(other_migrated) << other_migrated.error().cause;
    EXPECT_EQ(version(), 2);
}

TEST_F(MigrationTest, ANewerSchemaIsRefused) {
    ASSERT_TRUE(migrate(*open(), sql::migrations()));
    ASSERT_TRUE(open()->execute("PRAGMA user_version = 1000"));
    const auto opened = open_sqlite_stores({.file = file_});
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, Code::unsupported);
    EXPECT_NE(opened.error().detail.find("1000"), std::string::npos);
    EXPECT_EQ(version(), 1000);
}

TEST_F(MigrationTest, SomebodyElsesDatabaseIsLeftAlone) {
    ASSERT_TRUE(open()->execute("CREATE TABLE cookies (host TEXT)"));
    const auto opened = open_sqlite_stores({.file = file_});
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, Code::unsupported);
    EXPECT_EQ(open()->query_integer("SELECT journal_mode = 'delete' FROM pragma_journal_mode"), 1);
    EXPECT_EQ(open()->query_integer("SELECT COUNT(*) FROM sqlite_master"), 1);
}

TEST_F(MigrationTest, AFileThatIsNoDatabaseIsCalledThat) {
    std::ofstream(file_) << std::string(8192, 'x');
    const auto opened = open_sqlite_stores({.file = file_});
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, Code::internal);
    EXPECT_NE(opened.error().detail.find("not a database"), std::string::npos);
}

TEST_F(MigrationTest, ADamagedDatabaseIsCalledThat) {
    ASSERT_TRUE(open_sqlite_stores({.file = file_}));
    {
        // Behind the header everything becomes noise.
        std::fstream damaged(file_, std::ios::in | std::ios::out | std::ios::binary);
        damaged.seekp(100);
        damaged << std::string(std::filesystem::file_size(file_) - 100, '\x5a');
    }
    const auto opened = open_sqlite_stores({.file = file_});
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, Code::internal);
    EXPECT_NE(opened.error().detail.find("damaged"), std::string::npos) << opened.error().cause;
}

TEST_F(MigrationTest, TheFileIsItsOwnersOnly) {
    const std::filesystem::path fresh = folder_ / "fresh.db";
    const auto stores = open_sqlite_stores({.file = fresh});
    ASSERT_TRUE(stores);
    using std::filesystem::perms;
    const std::filesystem::path log = fresh.string() + "-wal";
    EXPECT_EQ(std::filesystem::status(fresh).permissions(), perms::owner_read | perms::owner_write);
    EXPECT_EQ(std::filesystem::status(log).permissions(), perms::owner_read | perms::owner_write);
}

TEST_F(MigrationTest, AMissingFolderIsUnavailableAndNamed) {
    const auto opened = open_sqlite_stores({.file = folder_ / "no" / "test.db"});
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, Code::unavailable);
    EXPECT_NE(opened.error().cause.find("test.db"), std::string::npos);
}

} // namespace muster::store::sqlite
