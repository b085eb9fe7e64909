#include "query/condition.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace muster::query {
namespace {

JsonObject twin() {
    return *parse_json_object(R"({
        "deviceId": "dev-01", "status": "enabled", "statusReason": null, "version": 9,
        "capabilities": {"iotEdge": true}, "parentScopes": ["ms-azure-iot-edge://edge1-1"],
        "tags": {"site": "north", "floor": 3, "Floor": 4, "ratio": 0.5, "on": true, "off": false,
                 "a b": {"c-d": 1}, "list": [1, "two", {"x": 3}], "big": 4503599627370495,
                 "word": "Grüße", "in": 1, "nothing": null},
        "properties": {"desired": {"period": 60, "$version": 5}, "reported": {"fw": "1.2"}},
        "configurations": {"chillers-north": {"status": "Applied"}}})",
                              {.bytes_max = 4096, .depth_max = 16});
}

std::string outcome_of(std::string_view text) {
    const auto condition = parse_condition(text, Dialect::twin);
    if (!condition) {
        return condition.error().detail;
    }
    const JsonObject document = twin();
    const auto result = outcome(*condition, DocumentFacts(document));
    return !result ? "undefined" : *result ? "true" : "false";
}

struct Case {
    std::string_view text;
    std::string_view outcome;
};

void expect_all(std::initializer_list<Case> cases) {
    for (const Case& each : cases) {
        EXPECT_EQ(outcome_of(each.text), each.outcome) << each.text;
    }
}

TEST(Condition, ComparesValuesOfOneType) {
    expect_all({{"tags.site = 'north'", "true"},
                {"tags.site = \"north\"", "true"},
                {"tags.site != 'north'", "false"},
                {"tags.site <> 'south'", "true"},
                {"tags.site < 'o'", "true"},
                {"tags.site >= 'north'", "true"},
                {"tags.floor = 3.0", "true"},
                {"tags.floor = 0x3", "true"},
                {"tags.floor > 2.5", "true"},
                {"tags.floor <= 2.5", "false"},
                {"tags.ratio < 1", "true"},
                {"3 = tags.floor", "true"},
                {"tags.on = true", "true"},
                {"tags.on != false", "true"},
                {"tags.on > false", "false"},
                {"tags.list = [1, 'two']", "false"},
                {"[1, 'two'] = [1, 'two']", "true"},
                {"tags.big = 4503599627370495", "true"},
                {"tags.big + 1 > 4503599627370495", "true"},
                {"9007199254740993 > 9007199254740992.0", "true"},
                {"tags.floor BETWEEN 3 AND 4 AND tags.on", "true"},
                {"tags.floor BETWEEN 4 AND 5", "false"}});
}

TEST(Condition, ComparesNothingOfDifferentTypes) {
    expect_all({{"tags.floor = '3'", "false"},
                {"tags.floor != '3'", "false"},
                {"tags.floor > '2'", "false"},
                {"NOT tags.floor = '3'", "true"},
                {"tags.on = 1", "false"},
                {"tags = tags", "false"},
                {"tags != tags", "false"},
                {"tags.list != 1", "false"},
                {"statusReason = null", "true"},
                {"statusReason != null", "false"},
                {"tags.site != null", "true"},
                {"tags.site = null", "false"},
                {"statusReason < 1", "false"}});
}

TEST(Condition, LeavesUndefinedWhatIsNotThere) {
    expect_all({{"tags.none = 1", "undefined"},
                {"tags.none != 1", "undefined"},
                {"tags.none = null", "undefined"},
                {"tags.none = undefined", "undefined"},
                {"tags.none IN [1]", "undefined"},
                {"tags.none NIN [1]", "undefined"},
                {"NOT tags.none = 1", "undefined"},
                {"tags.none + 1 = 1", "undefined"},
                {"tags.none.x.y = 1", "undefined"},
                {"tags.site.x = 1", "undefined"},
                {"tags.none = 1 AND tags.floor = 4", "false"},
                {"tags.none = 1 AND tags.floor = 3", "undefined"},
                {"tags.none = 1 OR tags.floor = 3", "true"},
                {"tags.none = 1 OR tags.floor = 4", "undefined"},
                {"tags.none BETWEEN 1 AND 2", "undefined"},
                {"undefined", "undefined"},
                {"tags.site", "undefined"},
                {"1", "undefined"},
                {"NOT tags.site", "undefined"},
                {"IS_DEFINED(tags.none)", "false"},
                {"NOT IS_DEFINED(tags.none)", "true"},
                {"IS_DEFINED(tags.nothing)", "true"}});
}

TEST(Condition, JoinsByPrecedence) {
    expect_all({{"true OR false AND false", "true"},
                {"(true OR false) AND false", "false"},
                {"NOT false AND false", "false"},
                {"NOT (false AND false)", "true"},
                {"not not tags.on", "true"},
                {"tags.on and Not tags.off Or false", "true"},
                {"1 + 2 * 3 = 7", "true"},
                {"(1 + 2) * 3 = 9", "true"},
                {"10 - 4 - 3 = 3", "true"},
                {"-2 * -3 = 6", "true"},
                {"- -2 = 2", "true"},
                {"2 - -2 = 4", "true"},
                {"'a' || 'b' || 'c' = 'abc'", "true"}});
}

TEST(Condition, CalculatesExactlyWhileItFits) {
    expect_all({{"7 / 2 = 3.5", "true"},
                {"8 / 2 = 4", "true"},
                {"1 / 0 = 0", "undefined"},
                {"1 % 0 = 0", "undefined"},
                {"7 % 4 = 3", "true"},
                {"7.5 % 2 = 1.5", "true"},
                {"9223372036854775807 + 1 > 9223372036854775807", "true"},
                {"-9223372036854775807 - 1 < 0", "true"},
                {"(-9223372036854775807 - 1) / -1 > 0", "true"},
                {"(-9223372036854775807 - 1) % -1 = 0", "true"},
                {"1e308 * 10 = 1", "undefined"},
                {"'a' + 1 = 1", "undefined"}});
}

TEST(Condition, LooksForElements) {
    expect_all({{"tags.site IN ['south', 'north']", "true"},
                {"tags.site NIN ['south', 'north']", "false"},
                {"tags.site NOT IN ['south']", "true"},
                {"tags.floor IN [1, 2, 3.0]", "true"},
                {"tags.floor IN [-3, '3', null, undefined, [3]]", "false"},
                {"tags.floor NIN ['3']", "true"},
                {"tags.floor IN []", "false"},
                {"array_contains(parentScopes, 'ms-azure-iot-edge://edge1-1')", "true"},
                {"ARRAY_CONTAINS(tags.list, 'two')", "true"},
                {"ARRAY_CONTAINS(tags.list, 2)", "false"},
                {"ARRAY_CONTAINS(tags.site, 2)", "undefined"}});
}

TEST(Condition, FindsPaths) {
    expect_all({{"DEVICEID = 'dev-01'", "true"},
                {"devices.deviceId = 'dev-01'", "true"},
                {"Devices.Tags.site = 'north'", "true"},
                {"tags.Site = 'north'", "undefined"},
                {"tags.Floor = 4", "true"},
                {"capabilities.IOTEDGE = true", "true"},
                {"Properties.Desired.period = 60", "true"},
                {"properties.desired.$version = 5", "true"},
                {"configurations.[[chillers-north]].status = 'Applied'", "true"},
                {"tags.[[a b]].[[c-d]] = 1", "true"},
                {"tags.list[1] = 'two'", "true"},
                {"tags.list[2].x = 3", "true"},
                {"tags.list[9] = 3", "undefined"},
                {"tags.in = 1", "true"},
                {"[[tags]].in = 1", "true"},
                {"tags\n.\tsite = 'north'", "true"}});
}

TEST(Condition, CallsFunctions) {
    expect_all({{"IS_NULL(statusReason) AND NOT IS_NULL(tags.site)", "true"},
                {"IS_STRING(tags.site) AND IS_NUMBER(tags.ratio) AND IS_BOOL(tags.on)", "true"},
                {"IS_OBJECT(tags) AND IS_ARRAY(tags.list) AND IS_PRIMITIVE(tags.nothing)", "true"},
                {"IS_PRIMITIVE(tags) OR IS_PRIMITIVE(tags.list) OR IS_STRING(tags.none)", "false"},
                {"LENGTH(tags.word) = 5", "true"},
                {"LENGTH(tags.floor) = 1", "undefined"},
                {"CONCAT(tags.site, '-', deviceId) = 'north-dev-01'", "true"},
                {"CONCAT(tags.site, tags.floor) = ''", "undefined"},
                {"STARTS_WITH(deviceId, 'dev') AND startswith(deviceId, '')", "true"},
                {"ENDS_WITH(deviceId, '01') AND EndsWith(deviceId, 'dev-01')", "true"},
                {"CONTAINS(tags.word, 'üß')", "true"},
                {"INDEX_OF(tags.word, 'ß') = 3", "true"},
                {"INDEX_OF(tags.word, 'x') = -1", "true"},
                {"SUBSTRING(tags.word, 2, 2) = 'üß'", "true"},
                {"SUBSTRING(tags.word, 4) = 'e'", "true"},
                {"SUBSTRING(tags.word, 9) = ''", "true"},
                {"SUBSTRING(tags.word, -1) = ''", "undefined"},
                {"UPPER(tags.word) = 'GRüßE' AND LOWER('NORTH') = tags.site", "true"},
                {"ABS(-3) = 3 AND ABS(3.5) = 3.5 AND SIGN(-2.5) = -1 AND SIGN(0) = 0", "true"},
                {"FLOOR(-2.5) = -3 AND CEILING(2.1) = 3 AND FLOOR(tags.floor) = 3", "true"},
                {"SQRT(9) = 3 AND SQUARE(3) = 9 AND POWER(2, 10) = 1024 AND EXP(0) = 1", "true"},
                {"SQRT(-1) = 1", "undefined"},
                {"AS_NUMBER(properties.reported.fw) > 1.1 AND AS_NUMBER(' 7 ') = 7", "true"},
                {"AS_NUMBER('7x') = 7", "undefined"}});
}

TEST(Condition, TakesStringsWithEscapes) {
    expect_all({{R"('it\'s' = "it's")", "true"},
                {R"("say \"x\"" = 'say "x"')", "true"},
                {R"('\u00fc\\' = 'ü\\')", "true"},
                {R"('\ud83d\ude00' = '😀')", "true"},
                {R"('\n' = '\u000A')", "true"}});
}

// Every place at which a text may end or go wrong, and what is said there.
TEST(Condition, PointsAtTheMistake) {
    expect_all({
        {"", "line 1, column 1: expected a value but found the end"},
        {"tags.", "line 1, column 6: expected a name after '.' but found the end"},
        {"tags.[[", "line 1, column 6: expected ']]' after '[['"},
        {"tags.[[]]", "line 1, column 6: expected a name in '[[ ]]'"},
        {"tags.x =", "line 1, column 9: expected a value but found the end"},
        {"tags.x = 1 2", "line 1, column 12: expected an operator or the end but found '2'"},
        {"tags.x == 1", "line 1, column 9: expected a value but found '='"},
        {"(tags.x = 1", "line 1, column 12: expected ')' but found the end"},
        {"tags.x = 1)", "line 1, column 11: expected an operator or the end but found ')'"},
        {"\n tags.ü = ]", "line 2, column 11: expected a value but found ']'"},
        {"tags.x IN 1", "line 1, column 11: expected '[' and constants but found '1'"},
        {"tags.x IN [1", "line 1, column 13: expected ']' but found the end"},
        {"tags.x IN [1,]", "line 1, column 14: expected a constant but found ']'"},
        {"tags.x IN [tags]", "line 1, column 12: expected a constant but found 'tags'"},
        {"tags.x IN [-'a']", "line 1, column 13: expected a constant but found 'a'"},
        {"tags.x NOT 1", "line 1, column 12: expected IN but found '1'"},
        {"tags.x BETWEEN 1", "line 1, column 17: expected AND but found the end"},
        {"tags.list[x]", "line 1, column 11: expected an index but found 'x'"},
        {"tags.list[1", "line 1, column 12: expected ']' but found the end"},
        {"AND", "line 1, column 1: expected a value but found 'AND'; write [[AND]] for a name"},
        {"x = where",
         "line 1, column 5: expected a value but found 'where'; write [[where]] for a name"},
        {"NOPE(1)", "line 1, column 1: there is no function NOPE"},
        {"LENGTH()", "line 1, column 1: LENGTH takes 1 arguments"},
        {"SUBSTRING('a')", "line 1, column 1: SUBSTRING takes 2 arguments to 3"},
        {"LENGTH('a'", "line 1, column 11: expected ')' but found the end"},
        {"'abc", "line 1, column 1: this string does not end"},
        {"'a\\",
         "line 1, column 3: a backslash in a string stands before one of ' \" \\ / b f n r t u"},
        {"'a\\x'",
         "line 1, column 3: a backslash in a string stands before one of ' \" \\ / b f n r t u"},
        {"'\\u12'", "line 1, column 4: expected four hexadecimal digits after '\\u'"},
        {"'\\ud800'", "line 1, column 2: half of a surrogate pair is no character"},
        {"0x = 1", "line 1, column 1: this is no hexadecimal number of at most 63 bits"},
        {"0xFFFFFFFFFFFFFFFF = 1",
         "line 1, column 1: this is no hexadecimal number of at most 63 bits"},
        {"1e = 1", "line 1, column 1: expected digits in the exponent of a number"},
        {"1e999 = 1", "line 1, column 1: this number is too large or too small"},
        {"1x = 1", "line 1, column 2: expected a space or an operator after a number"},
        {"a ; b", "line 1, column 3: ';' means nothing here"},
        {"a = $", "line 1, column 5: expected a name after '$'"},
        {"a = \x01", "line 1, column 5: '?' means nothing here"},
        {"\xff", "line 1, column 1: the text is not valid UTF-8"},
    });
}

TEST(Condition, RefusesWhatExplodes) {
    const auto refused = [](const std::string& text) {
        const auto parsed = parse_condition(text, Dialect::twin);
        return parsed ? "taken" : parsed.error().detail.substr(parsed.error().detail.find(':') + 2);
    };
    const auto repeated = [](std::string_view part, std::size_t count) {
        std::string text;
        for (std::size_t i = 0; i < count; ++i) {
            text += part;
        }
        return text;
    };
    EXPECT_EQ(refused(std::string(64, '(') + "a" + std::string(64, ')')), "taken");
    EXPECT_EQ(refused(std::string(65, '(') + "a"), "nested more than 64 deep");
    EXPECT_EQ(refused(repeated("NOT ", 2000) + "a"), "nested more than 64 deep");
    EXPECT_EQ(refused(repeated("ABS(", 2000)), "nested more than 64 deep");
    EXPECT_EQ(refused(std::string(4000, '-') + "a"), "nested more than 64 deep");
    EXPECT_EQ(refused("a IN " + std::string(4000, '[')), "nested more than 64 deep");
    EXPECT_EQ(refused("a" + repeated("+1", 255)), "taken");
    EXPECT_EQ(refused("a" + repeated("+1", 256)), "more than 256 operators deep");
    EXPECT_EQ(refused(repeated("a OR ", 1600) + "a"), "taken");
    EXPECT_EQ(refused("a IN [0" + repeated(",1", 4000) + "]"), "taken");
    EXPECT_EQ(refused(std::string(8192, 'a')), "taken");
    EXPECT_EQ(refused(std::string(8193, 'a')), "the text is longer than 8192 characters");
    EXPECT_EQ(refused(repeated("ü", 8192)), "taken");
    EXPECT_EQ(refused("CONCAT(a" + repeated(",a", 63) + ")"), "taken");
    EXPECT_EQ(refused("CONCAT(a" + repeated(",a", 64) + ")"), "CONCAT takes 2 arguments to 64");
}

TEST(Condition, GrowsNoStringBeyondItsBound) {
    const JsonObject row{{"tags", {{"x", std::string(4096, 'x')}}}};
    const auto outcome_for = [&](const std::string& text) {
        return outcome(*parse_condition(text, Dialect::twin), DocumentFacts(row));
    };
    std::string sixteen = "tags.x";
    for (int i = 1; i < 16; ++i) {
        sixteen += " || tags.x";
    }
    EXPECT_EQ(outcome_for(fmt::format("LENGTH({}) = 65536", sixteen)), true);
    EXPECT_EQ(outcome_for(fmt::format("LENGTH({} || 'y') > 0", sixteen)), std::nullopt);
}

// -- message routing --------------------------------------------------------------------------

class Message final : public Facts {
  public:
    [[nodiscard]] Value find(const Path& path) const override {
        switch (path.root) {
        case Root::property: return Value::at(find_in(properties_, path));
        case Root::system: return Value::at(find_in(system_, path));
        case Root::body: return Value::at(find_in(body_, path, 0));
        case Root::twin: return Value::at(find_in(twin_, path));
        case Root::document: return {};
        }
        return {};
    }

  private:
    JsonObject properties_{{"level", "hot"}, {"n", "7"}, {"my-key", "x"}, {"$body", "y"}};
    JsonObject system_{{"contentType", "application/json"}, {"iothub-connection-device-id", "d"}};
    Json body_ = *parse_json(R"({"weather":{"temperature":50,"past":[{"month":"May"}]}})");
    JsonObject twin_ = twin();
};

TEST(RoutingCondition, LooksIntoTheMessage) {
    for (const std::string_view text :
         {"level = 'hot'", "AS_NUMBER(n) > 6", "[[my-key]] = 'x'", "[[$body]] = 'y'",
          "$contentType = 'application/json'", "$iothub-connection-device-id = 'd'",
          "$body.weather.temperature >= 50", "$Body.weather.past[0].month = 'May'",
          "IS_OBJECT($body)", "$twin.Tags.site = 'north'", "$twin.DEVICEID = 'dev-01'",
          "NOT IS_DEFINED(none) AND NOT IS_DEFINED(tags.site)"}) {
        const auto condition = parse_condition(text, Dialect::routing);
        ASSERT_TRUE(condition) << condition.error().detail;
        EXPECT_TRUE(matches(*condition, Message())) << text;
        EXPECT_EQ(*parse_condition(to_text(*condition), Dialect::routing), *condition)
            << to_text(*condition);
    }
    EXPECT_EQ(parse_condition("$twin = 1", Dialect::routing).error().detail,
              "line 1, column 7: expected '.' after '$twin' but found '='");
}

TEST(Condition, PrintsWhatParsesAgain) {
    for (const std::string_view text :
         {"a - (b - c) - d", "a - b + c || 'x'", "(a + b) * -c % 2", "- - a = -5",
          "-(a + b) < 1e300", "NOT (a AND b OR c) AND NOT NOT d", "(a = b) = c",
          "a BETWEEN 1 AND 2 OR b NIN [1,'x',[]]", "[[and]].[[x y]].$z[3].or = undefined",
          "[[devices]].x = 1", "devices.and = 1", "'\\u0001\\'\"' = null", "ABS((a OR b)) = 0.1"}) {
        const auto condition = parse_condition(text, Dialect::twin);
        ASSERT_TRUE(condition) << condition.error().detail;
        const auto again = parse_condition(to_text(*condition), Dialect::twin);
        ASSERT_TRUE(again) << to_text(*condition) << ": " << again.error().detail;
        EXPECT_EQ(*again, *condition) << to_text(*condition);
    }
    EXPECT_EQ(to_text(*parse_condition("NOT(a=1)AND((b)or c<>2)", Dialect::twin)),
              "NOT a = 1 AND (b OR c != 2)");
}

} // namespace
} // namespace muster::query
