#include "base/text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace muster {
namespace {

using testing::ElementsAre;

TEST(Text, LowersAsciiOnly) {
    EXPECT_EQ(to_lower("HUB-1.Example.ORG"), "hub-1.example.org");
    EXPECT_EQ(to_lower("\xC3\x84"), "\xC3\x84");
    EXPECT_EQ(to_lower("@[`{"), "@[`{");
}

TEST(Text, ComparesIgnoringCase) {
    EXPECT_TRUE(equal_ignoring_case("MQTT", "mqtt"));
    EXPECT_FALSE(equal_ignoring_case("mqtt", "mqtt "));
    EXPECT_FALSE(equal_ignoring_case("@", "`"));
    EXPECT_TRUE(starts_with_ignoring_case("Bearer x", "bearer"));
    EXPECT_FALSE(starts_with_ignoring_case("Bear", "bearer"));
    EXPECT_TRUE(starts_with_ignoring_case("x", ""));
}

TEST(Text, Trims) {
    EXPECT_EQ(trim(" \t\r\n a b \v\f"), "a b");
    EXPECT_EQ(trim("  "), "");
    EXPECT_EQ(trim(""), "");
}

TEST(Text, Splits) {
    EXPECT_THAT(split("a/b//c/", '/'), ElementsAre("a", "b", "", "c", ""));
    EXPECT_THAT(split("", '/'), ElementsAre(""));
    EXPECT_EQ(split_once("sig=a=b", '='),
              std::pair(std::string_view("sig"), std::string_view("a=b")));
    EXPECT_EQ(split_once("sig", '='), std::nullopt);
}

TEST(Text, KnowsUtf8) {
    for (const std::string_view text : {"", "ascii", "\xC3\xA4", "\xE2\x82\xAC", "\xF0\x9F\x98\x80",
                                        "\xF4\x8F\xBF\xBF", "\xED\x9F\xBF", "\xEE\x80\x80"}) {
        EXPECT_TRUE(is_valid_utf8(text)) << testing::PrintToString(text);
    }
    EXPECT_TRUE(is_valid_utf8(std::string_view("\0", 1)));
}

TEST(Text, RefusesWhatIsNotUtf8) {
    for (const std::string_view text :
         {"\x80", "\xC3", "\xC3(", "\xC0\xAF", "\xC1\xBF", "\xE0\x80\xAF", "\xE0\x9F\xBF",
          "\xED\xA0\x80", "\xED\xBF\xBF", "\xE2\x82", "\xE2\x82(", "\xF0\x8F\xBF\xBF",
          "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xF0\x9F\x98", "\xFF", "\xFE"}) {
        EXPECT_FALSE(is_valid_utf8(text)) << testing::PrintToString(text);
    }
}

TEST(Text, ParsesDecimalNumbers) {
    EXPECT_EQ(parse_decimal("0"), 0U);
    EXPECT_EQ(parse_decimal("007"), 7U);
    EXPECT_EQ(parse_decimal("18446744073709551615"), 18446744073709551615U);
    for (const std::string_view text :
         {"", "-1", "+1", " 1", "1 ", "1.0", "0x1", "1e3", "18446744073709551616"}) {
        EXPECT_EQ(parse_decimal(text), std::nullopt) << text;
    }
}

} // namespace
} // namespace muster
