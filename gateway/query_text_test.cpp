#include "base/json.h"
#include "gateway/query_text.h"

#include <gtest/gtest.h>

namespace muster::gateway {
namespace {

std::string body_of(std::string_view text) {
    return to_text(JsonObject{{"query", text}});
}

std::string verdict_of(std::string_view text) {
    return read_query_text(body_of(text)).value().verdict;
}

TEST(QueryText, SaysWhetherItFilters) {
    // DPS-SERVICE-34, and the texts that clients really send (dps-service 5.1)
    for (const auto* text : {"*", "SELECT *", "select *", "SELECT * FROM enrollments",
                             "SELECT * FROM enrollmentGroups", "", "  "}) {
        EXPECT_EQ(verdict_of(text), "everything") << text;
    }
    EXPECT_EQ(verdict_of("select * from enrollments where provisioningStatus = 'disabled'"),
              "filtered");
    EXPECT_EQ(read_query_text("").value().verdict, "everything");
    EXPECT_EQ(read_query_text("{}").value().verdict, "everything");
    EXPECT_EQ(read_query_text(R"({"query":null})").value().verdict, "everything");
}

TEST(QueryText, ReturnsEverythingForWhatItCannotRead) {
    for (const auto* text : {"nonsense", "SELECT * FROM enrollments WHERE",
                             "SELECT * WHERE registrationId", "DROP TABLE enrollments"}) {
        const auto query = read_query_text(body_of(text)).value();
        EXPECT_TRUE(query.filter.matches_everything()) << text;
        EXPECT_TRUE(query.verdict.starts_with("ignored; ")) << query.verdict;
    }
    EXPECT_TRUE(read_query_text(R"({"query":1})").value().verdict.starts_with("ignored; "));
}

TEST(QueryText, FiltersByWhatItSays) {
    const auto query =
        read_query_text(body_of("SELECT * WHERE provisioningStatus = 'disabled'")).value();
    EXPECT_TRUE(query.filter.matches({{"provisioningStatus", "disabled"}}));
    EXPECT_FALSE(query.filter.matches({{"provisioningStatus", "enabled"}}));
}

TEST(QueryText, IsNeverAppliedToRegistrations) {
    const auto query =
        read_unfiltered_query_text(body_of("SELECT * WHERE provisioningStatus = 'x'")).value();
    EXPECT_TRUE(query.filter.matches_everything());
    EXPECT_TRUE(query.verdict.starts_with("ignored; ")) << query.verdict;
    EXPECT_EQ(read_unfiltered_query_text(body_of("select * from enrollmentGroups")).value().verdict,
              "everything");
}

TEST(QueryText, MakesVerdictsThatFitAHeader) {
    for (const auto& text :
         {std::string("SELECT * WHERE \r\nx-evil: 1\r\n\r\n"), std::string("WHERE \xc3\xa4 \x01"),
          "SELECT * WHERE " + std::string(4000, 'a'), std::string(20'000, '(')}) {
        const auto verdict = verdict_of(text);
        EXPECT_LE(verdict.size(), 256U);
        for (const char c : verdict) {
            EXPECT_TRUE(c >= ' ' && c <= '~') << verdict;
        }
    }
}

TEST(QueryText, RefusesBodiesThatAreNoQuery) {
    for (const auto* body : {"{", "[]", "null", "SELECT *"}) {
        const auto query = read_query_text(body);
        ASSERT_FALSE(query) << body;
        EXPECT_EQ(query.error().code, Code::malformed);
    }
}

} // namespace
} // namespace muster::gateway
