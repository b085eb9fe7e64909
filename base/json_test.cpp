#include "base/json.h"
#include "base/random.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

namespace muster {
namespace {

using testing::HasSubstr;

std::string nested_arrays(std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
}

TEST(Json, ReadsAndWritesEveryKind) {
    constexpr std::string_view text =
        R"({"a":null,"b":[true,false],"c":{"d":"x","e":-1},"f":[],"g":{},"h":21.3})";
    EXPECT_EQ(to_text(*parse_json(text)), text);
    EXPECT_EQ(to_text(*parse_json_object(text)), text);
    EXPECT_EQ(to_text(*parse_json(" \t\r\n1\t\r\n ")), "1");
    EXPECT_EQ(to_text(*parse_json(R"("")")), R"("")");
}

TEST(Json, RefusesWhatIsNotOneDocument) {
    for (const std::string_view text : {"",           " ",
                                        "{",          "}",
                                        "{}}",        "{} {}",
                                        "1 2",        "{}x",
                                        "[1,]",       "[,1]",
                                        "{\"a\":1,}", "{a:1}",
                                        "{'a':1}",    "{\"a\" 1}",
                                        "[1 2]",      "nul",
                                        "True",       "NaN",
                                        "Infinity",   "-",
                                        "+1",         "01",
                                        "1.",         ".5",
                                        "1e",         "0x1",
                                        "\"a",        "\"\\x\"",
                                        "\"\\u12\"",  "\"a\nb\"",
                                        "// a\n1",    "/* a */ 1",
                                        "1 // a",     "\xEF\xBB\xBF{}",
                                        "[1]\v",      "\"\t\""}) {
        const auto value = parse_json(text);
        ASSERT_FALSE(value.has_value()) << text;
        EXPECT_EQ(value.error().code, Code::malformed);
    }
    EXPECT_FALSE(parse_json(std::string_view("{}\0", 3)).has_value());
}

TEST(Json, RefusesInvalidUtf8) {
    for (const std::string_view text :
         {"\"\xC3\"", "\"\xC0\xAF\"", "\"\xED\xA0\x80\"", "\"\xFF\"", "{\"\x80\":1}", "\"\\ud800\"",
          "\"\\udc00\"", "\"\\ud800x\""}) {
        EXPECT_FALSE(parse_json(text).has_value()) << testing::PrintToString(text);
    }
    EXPECT_EQ(to_text(*parse_json("\"\\ud83d\\ude00\"")), "\"\xF0\x9F\x98\x80\"");
}

TEST(Json, RefusesDuplicateKeysAtAnyDepth) {
    for (const std::string_view text :
         {R"({"a":1,"a":2})", R"({"a":1,"a":1})", R"({"a":{},"b":{"c":1,"d":2,"c":3}})",
          R"([{"a":1},{"a":1,"a":1}])", R"({"a":1,"\u0061":2})", R"({"a":{"b":1,"b":1},"a":2})",
          R"({"":1,"":2})"}) {
        const auto value = parse_json(text);
        ASSERT_FALSE(value.has_value()) << text;
        EXPECT_THAT(value.error().detail, HasSubstr("twice"));
    }
    EXPECT_TRUE(parse_json(R"({"a":1,"A":2,"b":{"a":3},"c":[{"a":4},{"a":5}]})").has_value());
}

TEST(Json, RefusesDuplicatesInLargeObjectsToo) {
    std::string text = "{";
    for (int i = 0; i < 100; ++i) {
        text += "\"k" + std::to_string(i) + "\":0,";
    }
    EXPECT_TRUE(parse_json(text + "\"k100\":0}").has_value());
    EXPECT_FALSE(parse_json(text + "\"k50\":0}").has_value());
}

TEST(Json, BoundsDepth) {
    EXPECT_TRUE(parse_json(nested_arrays(32)).has_value());
    EXPECT_EQ(parse_json(nested_arrays(33)).error().code, Code::malformed);
    EXPECT_FALSE(parse_json(nested_arrays(40000)).has_value());
    EXPECT_TRUE(parse_json(nested_arrays(3), {.depth_max = 3}).has_value());
    EXPECT_FALSE(parse_json(nested_arrays(4), {.depth_max = 3}).has_value());
}

TEST(Json, BoundsSize) {
    EXPECT_TRUE(parse_json("[1,2]", {.bytes_max = 5}).has_value());
    EXPECT_EQ(parse_json("[1,2] ", {.bytes_max = 5}).error().code, Code::too_large);
}

TEST(Json, KeepsIntegersExactly) {
    for (const std::string_view text : {"0", "-1", "9223372036854775807", "-9223372036854775808",
                                        "9007199254740993", "18446744073709551615"}) {
        EXPECT_EQ(to_text(*parse_json(text)), text);
    }
}

TEST(Json, WritesDoublesAsTheyWereSent) {
    for (const std::string_view text :
         {"21.3", "0.1", "-0.001", "3.141592653589793", "5.0", "123456789.125", "1e+300"}) {
        EXPECT_EQ(to_text(*parse_json(text)), text);
    }
    EXPECT_EQ(to_text(*parse_json("1E2")), "100.0");
    EXPECT_EQ(to_text(*parse_json("18446744073709551616")), "18446744073709551616.0");
    EXPECT_EQ(to_text(*parse_json("1e-5000")), "0.0");
    EXPECT_EQ(to_text(Json(std::numeric_limits<double>::infinity())), "null");
}

TEST(Json, RefusesNumbersBeyondDouble) {
    EXPECT_FALSE(parse_json("1e309").has_value());
    EXPECT_FALSE(parse_json("-1e99999").has_value());
    EXPECT_FALSE(parse_json(std::string(400, '9')).has_value());
}

TEST(Json, RoundTripsAnyDouble) {
    SeededRandom random(4);
    for (int i = 0; i < 10000; ++i) {
        double number = 0;
        std::memcpy(&number, random.bytes(sizeof number).data(), sizeof number);
        if (!std::isfinite(number)) {
            continue;
        }
        const std::string text = to_text(Json(number));
        const auto value = parse_json(text);
        ASSERT_TRUE(value.has_value()) << text;
        ASSERT_EQ(std::bit_cast<std::uint64_t>(value->get_double()),
                  std::bit_cast<std::uint64_t>(number))
            << text;
    }
}

TEST(Json, EscapesWhatMustBeEscaped) {
    constexpr std::string_view text = R"("\"\\\b\f\n\r\t\u0000\u001f/\u007f")";
    EXPECT_EQ(to_text(*parse_json(text)), "\"\\\"\\\\\\b\\f\\n\\r\\t\\u0000\\u001f/\x7F\"");
}

TEST(JsonObjects, MustBeObjects) {
    EXPECT_TRUE(parse_json_object("{}").has_value());
    for (const std::string_view text : {"[]", "1", "\"{}\"", "null", "true", "{"}) {
        EXPECT_EQ(parse_json_object(text).error().code, Code::malformed) << text;
    }
}

TEST(JsonMembers, NullMeansNotSet) {
    const JsonObject object = *parse_json_object(R"({"a":null,"b":"text","c":1,"d":""})");
    EXPECT_EQ(find_member(object, "a"), nullptr);
    EXPECT_EQ(find_member(object, "x"), nullptr);
    ASSERT_NE(find_member(object, "c"), nullptr);
    EXPECT_EQ(string_member(object, "b"), "text");
    EXPECT_EQ(string_member(object, "a", "default"), "default");
    EXPECT_EQ(string_member(object, "x"), "");
    EXPECT_EQ(string_member(object, "d", "default"), "");
    EXPECT_EQ(string_member(object, "c").error().code, Code::malformed);
}

} // namespace
} // namespace muster
