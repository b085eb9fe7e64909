#include "store/sqlite/connection.h"
#include "store/temporary_folder.h"

#include <gtest/gtest.h>

#include <fstream>
#include <limits>
#include <string>

namespace muster::store::sqlite {

namespace {

constexpr sql::Statement create{"CREATE TABLE thing (id TEXT PRIMARY KEY, size BIGINT, raw BYTEA)"};
constexpr sql::Statement insert{"INSERT INTO thing (id, size, raw) VALUES ($1, $2, $3)"};
constexpr sql::Statement insert_if_new{
    "INSERT INTO thing (id, size) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING"};
constexpr sql::Statement select_size{"SELECT size FROM thing WHERE id = $1"};
constexpr sql::Statement select_raw{"SELECT raw FROM thing WHERE id = $1"};
constexpr sql::Statement set_size{"UPDATE thing SET size = $1 WHERE id = $2"};

class ConnectionTest : public testing::Test {
  protected:
    void SetUp() override {
        std::ofstream(file_).flush();
        auto opened = Connection::open(file_, Access::writing);
        ASSERT_TRUE(opened);
        connection_ = std::move(*opened);
        ASSERT_TRUE(connection_->run(create, {}));
    }

    std::int64_t size_of(std::string_view id) {
        std::int64_t size = -1;
        EXPECT_TRUE(connection_->run(select_size, {id},
                                     [&](const sql::Row& row) { size = row.integer(0); }));
        return size;
    }

    std::string raw_of(std::string_view id) {
        std::string raw = "none";
        EXPECT_TRUE(
            connection_->run(select_raw, {id}, [&](const sql::Row& row) { raw = row.text(0); }));
        return raw;
    }

    TemporaryFolder folder_;
    std::filesystem::path file_ = folder_ / "test.db";
    std::unique_ptr<Connection> connection_;
};

} // namespace

TEST_F(ConnectionTest, TellsHowManyRowsChanged) {
    EXPECT_EQ(connection_->run(insert_if_new, {"a", 1}), 1);
    EXPECT_EQ(connection_->run(insert_if_new, {"a", 2}), 0);
    EXPECT_EQ(connection_->run(set_size, {5, "a"}), 1);
    EXPECT_EQ(connection_->run(set_size, {5, "b"}), 0);
    EXPECT_EQ(connection_->run(select_size, {"a"}), 0);
}

TEST_F(ConnectionTest, NumbersMeanTheNumberAndNotTheOrderOfAppearance) {
    static constexpr sql::Statement swapped{"UPDATE thing SET size = $2 WHERE id = $1"};
    ASSERT_TRUE(connection_->run(insert_if_new, {"a", 1}));
    ASSERT_TRUE(connection_->run(swapped, {"a", 7}));
    EXPECT_EQ(size_of("a"), 7);
}

TEST_F(ConnectionTest, AParameterMayAppearTwice) {
    static constexpr sql::Statement twice{"UPDATE thing SET size = $2 + $2 WHERE id = $1"};
    ASSERT_TRUE(connection_->run(insert_if_new, {"a", 1}));
    ASSERT_TRUE(connection_->run(twice, {"a", 7}));
    EXPECT_EQ(size_of("a"), 14);
}

TEST_F(ConnectionTest, KeepsEveryByteOfTextsAndBytes) {
    const std::string all = std::string("\0a\xff\0", 4) + "z";
    ASSERT_TRUE(connection_->run(insert, {"bytes", 1, sql::Bytes{all}}));
    ASSERT_TRUE(connection_->run(insert, {"empty", 1, sql::Bytes{}}));
    ASSERT_TRUE(connection_->run(insert, {"text", 1, all}));
    EXPECT_EQ(raw_of("bytes"), all);
    EXPECT_EQ(raw_of("empty"), "");
    EXPECT_EQ(raw_of("text"), all);
    EXPECT_EQ(raw_of("missing"), "none");
}

TEST_F(ConnectionTest, KeepsTheEndsOfTheIntegers) {
    constexpr std::int64_t lowest = std::numeric_limits<std::int64_t>::min();
    constexpr std::int64_t highest = std::numeric_limits<std::int64_t>::max();
    ASSERT_TRUE(connection_->run(insert, {"low", lowest, sql::Null{}}));
    ASSERT_TRUE(connection_->run(insert, {"high", highest, sql::Null{}}));
    EXPECT_EQ(size_of("low"), lowest);
    EXPECT_EQ(size_of("high"), highest);
}

TEST_F(ConnectionTest, ATakenKeyIsAlreadyExists) {
    ASSERT_TRUE(connection_->run(insert, {"a", 1, sql::Null{}}));
    const auto again = connection_->run(insert, {"a", 2, sql::Null{}});
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().code, Code::already_exists);
    EXPECT_EQ(size_of("a"), 1);
}

TEST_F(ConnectionTest, AStatementThatDoesNotCompileIsAFaultOfOurs) {
    static constexpr sql::Statement nonsense{"SELECT nothing FROM nowhere"};
    const auto ran = connection_->run(nonsense, {});
    ASSERT_FALSE(ran);
    EXPECT_EQ(ran.error().code, Code::internal);
    EXPECT_NE(ran.error().cause.find("nowhere"), std::string::npos);
}

TEST_F(ConnectionTest, ErrorsNeverShowValues) {
    ASSERT_TRUE(connection_->run(insert, {"the-secret", 1, sql::Null{}}));
    const auto again = connection_->run(insert, {"the-secret", 1, sql::Null{}});
    ASSERT_FALSE(again);
    EXPECT_EQ((again.error().detail + again.error().cause).find("the-secret"), std::string::npos);
}

TEST_F(ConnectionTest, AReadingConnectionCannotWrite) {
    ASSERT_TRUE(connection_->enter_wal_mode());
    auto reader = Connection::open(file_, Access::reading);
    ASSERT_TRUE(reader);
    EXPECT_FALSE((*reader)->run(insert_if_new, {"a", 1}));
    EXPECT_EQ(size_of("a"), -1);
}

TEST_F(ConnectionTest, AMissingFileIsUnavailable) {
    const auto opened = Connection::open(folder_ / "missing.db", Access::reading);
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, Code::unavailable);
    EXPECT_NE(opened.error().cause.find("missing.db"), std::string::npos);
}

} // namespace muster::store::sqlite
