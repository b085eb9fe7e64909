#include "gateway/administration/page.h"

#include <gtest/gtest.h>

namespace muster::gateway {
namespace {

JsonObject document_of(ListPage page) {
    const auto response = std::move(page).finish();
    EXPECT_EQ(response.status, 200U);
    return parse_json_object(response.body, {.bytes_max = 2 * list_bytes_max}).value();
}

TEST(ListPage, IsAListEvenIfItIsEmpty) {
    EXPECT_EQ(to_text(document_of(ListPage("things", 2))), R"({"things":[]})");
}

TEST(ListPage, EndsWithItsCount) {
    ListPage page("things", 2);
    EXPECT_EQ(page.rows_wanted(), 3U);
    EXPECT_TRUE(page.add({{"a", 1}}, "one"));
    EXPECT_TRUE(page.add({{"a", 2}}, "t\"wo"));
    EXPECT_EQ(page.rows_wanted(), 1U);
    EXPECT_FALSE(page.add({{"a", 3}}, "three"));
    EXPECT_EQ(to_text(document_of(std::move(page))),
              R"({"things":[{"a":1},{"a":2}],"next":"t\"wo"})");
}

TEST(ListPage, HasNoNextPageIfNothingFollows) {
    ListPage page("things", 2);
    EXPECT_TRUE(page.add({{"a", 1}}, "one"));
    EXPECT_TRUE(page.add({{"a", 2}}, "two"));
    EXPECT_FALSE(document_of(std::move(page)).contains("next"));
}

TEST(ListPage, EndsWithItsBytes) {
    ListPage page("things", list_items_max);
    const std::string large(list_bytes_max / 2, 'x');
    EXPECT_TRUE(page.add({{"a", large}}, "one"));
    EXPECT_TRUE(page.add({{"a", large}}, "two"));
    EXPECT_FALSE(page.add({{"a", 1}}, "three"));
    EXPECT_EQ(document_of(std::move(page)).at("next"), Json("two"));
}

TEST(ListPage, ReadsStoresInBoundedPieces) {
    EXPECT_EQ(ListPage("things", list_items_max).rows_wanted(), list_rows_read_max);
}

} // namespace
} // namespace muster::gateway
