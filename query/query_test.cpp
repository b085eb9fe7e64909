#include "query/query.h"
#include "query/rows.h"

#include <gtest/gtest.h>

namespace muster::query {
namespace {

std::string read(std::string_view text) {
    const auto query = parse_query(text);
    if (!query) {
        return query.error().detail;
    }
    const auto again = parse_query(to_text(*query));
    EXPECT_TRUE(again && *again == *query) << to_text(*query);
    return to_text(*query);
}

// What the clients send (iothub B.9).
TEST(Query, ReadsWhatClientsSend) {
    EXPECT_EQ(read("select * from devices"), "SELECT * FROM devices");
    EXPECT_EQ(read("select * from devices where capabilities.iotEdge = true"),
              "SELECT * FROM devices WHERE capabilities.iotEdge = true");
    EXPECT_EQ(read("SELECT deviceId, deviceScope FROM devices"),
              "SELECT deviceId AS deviceId, deviceScope AS deviceScope FROM devices");
    EXPECT_EQ(read("SELECT DeviceId, lastactivitytime FROM devices"),
              "SELECT deviceId AS deviceId, lastActivityTime AS lastActivityTime FROM devices");
    EXPECT_EQ(read("select deviceId from devices where array_contains(parentScopes, 'x')"),
              "SELECT deviceId AS deviceId FROM devices WHERE ARRAY_CONTAINS(parentScopes, 'x')");
    EXPECT_EQ(read("SELECT COUNT() AS total FROM devices.modules WHERE moduleId='m'"),
              "SELECT count() AS total FROM devices.modules WHERE moduleId = 'm'");
    EXPECT_EQ(read("SELECT * FROM devices.jobs WHERE devices.jobs.jobId = 'j'"),
              "SELECT * FROM devices.jobs WHERE jobId = 'j'");
    EXPECT_EQ(read("SELECT TOP 5 properties.reported.fw AS fw, COUNT(*) AS n, avg(tags.x) "
                   "FROM devices GROUP BY properties.reported.fw"),
              "SELECT TOP 5 properties.reported.fw AS fw, count() AS n, avg(tags.x) AS avg "
              "FROM devices GROUP BY properties.reported.fw");
    EXPECT_EQ(read("SELECT tags.[[a b]] FROM devices"),
              "SELECT tags.[[a b]] AS [[a b]] FROM devices");
}

TEST(Query, PointsAtTheMistake) {
    EXPECT_EQ(read(""), "line 1, column 1: expected SELECT but found the end");
    EXPECT_EQ(read("DROP TABLE twin"), "line 1, column 1: expected SELECT but found 'DROP'");
    EXPECT_EQ(read("SELECT"),
              "line 1, column 7: expected '*', a path or an aggregate but found the end");
    EXPECT_EQ(read("SELECT FROM devices"),
              "line 1, column 8: expected a value but found 'FROM'; write [[FROM]] for a name");
    EXPECT_EQ(read("SELECT * devices"), "line 1, column 10: expected FROM but found 'devices'");
    EXPECT_EQ(read("SELECT * FROM"), "line 1, column 14: expected devices but found the end");
    EXPECT_EQ(read("SELECT * FROM twins"), "line 1, column 15: expected devices but found 'twins'");
    EXPECT_EQ(read("SELECT * FROM devices.x"),
              "line 1, column 23: expected modules or jobs but found 'x'");
    EXPECT_EQ(read("SELECT TOP x * FROM devices"),
              "line 1, column 12: expected a number of rows but found 'x'");
    EXPECT_EQ(read("SELECT TOP -1 * FROM devices"),
              "line 1, column 12: expected a number of rows but found '-'");
    EXPECT_EQ(read("SELECT a AS FROM devices"),
              "line 1, column 18: expected FROM but found 'devices'");
    EXPECT_EQ(read("SELECT median(a) FROM devices"),
              "line 1, column 8: expected one of COUNT, AVG, SUM, MIN and MAX");
    EXPECT_EQ(read("SELECT COUNT(a) FROM devices"),
              "line 1, column 14: expected ')' but found 'a'");
    EXPECT_EQ(read("SELECT AVG() FROM devices"),
              "line 1, column 12: expected a path but found ')'");
    EXPECT_EQ(read("SELECT a, FROM devices"),
              "line 1, column 11: expected a value but found 'FROM'; write [[FROM]] for a name");
    EXPECT_EQ(read("SELECT * FROM devices WHERE"),
              "line 1, column 28: expected a value but found the end");
    EXPECT_EQ(read("SELECT * FROM devices GROUP a"),
              "line 1, column 29: expected BY but found 'a'");
    EXPECT_EQ(read("SELECT * FROM devices GROUP BY a"), "line 1, column 8: '*' cannot be grouped");
    EXPECT_EQ(read("SELECT a, COUNT() FROM devices"),
              "line 1, column 8: a stands beside an aggregate but is not grouped by");
    EXPECT_EQ(read("SELECT a FROM devices.jobs"),
              "line 1, column 15: from devices.jobs only '*' can be selected");
    EXPECT_EQ(read("SELECT * FROM devices; DROP TABLE twin"),
              "line 1, column 22: ';' means nothing here");
    EXPECT_EQ(read("SELECT * FROM devices ORDER BY a"),
              "line 1, column 23: expected an operator or the end but found 'ORDER'");
}

TEST(Query, ReadsTargets) {
    EXPECT_EQ(parse_target("*")->condition, std::nullopt);
    const auto modules = parse_target("FROM devices.modules WHERE tags.x = 1");
    ASSERT_TRUE(modules);
    EXPECT_EQ(modules->source, Source::modules);
    EXPECT_EQ(to_text(*modules->condition), "tags.x = 1");
    EXPECT_EQ(parse_target("from devices.modules")->condition, std::nullopt);
    EXPECT_EQ(parse_target("tags.x = 1")->source, Source::devices);
    EXPECT_FALSE(parse_target(""));
    EXPECT_FALSE(parse_target("FROM devices.jobs"));
    EXPECT_FALSE(parse_target("* AND tags.x = 1"));
}

std::vector<std::string> answer(std::string_view text, std::string_view rows) {
    const Query query = *parse_query(text);
    const Json documents = *parse_json(rows);
    std::vector<std::string> lines;
    Aggregation aggregation(query);
    for (const Json& each : documents.get_array()) {
        const DocumentFacts facts(each.get_object());
        if (query.where && !matches(*query.where, facts)) {
            continue;
        }
        if (query.aggregates()) {
            EXPECT_TRUE(aggregation.take(facts));
        } else {
            lines.push_back(muster::to_text(projection(query, facts)));
        }
    }
    for (const JsonObject& row :
         query.aggregates() ? aggregation.rows() : std::vector<JsonObject>()) {
        lines.push_back(muster::to_text(row));
    }
    return lines;
}

using Lines = std::vector<std::string>;
constexpr std::string_view four = R"([
    {"deviceId":"a","tags":{"site":"north","n":1}},
    {"deviceId":"b","tags":{"site":"south","n":2.5}},
    {"deviceId":"c","tags":{"site":"north","n":4}},
    {"deviceId":"d","tags":{"n":"x"}}])";

TEST(QueryRows, SelectsMembers) {
    EXPECT_EQ(answer("SELECT DEVICEID, tags.site AS place FROM devices", four),
              (Lines{R"({"deviceId":"a","place":"north"})", R"({"deviceId":"b","place":"south"})",
                     R"({"deviceId":"c","place":"north"})", R"({"deviceId":"d"})"}));
}

TEST(QueryRows, CountsAndCalculates) {
    EXPECT_EQ(answer("SELECT COUNT() AS total FROM devices WHERE tags.site = 'north'", four),
              Lines{R"({"total":2})"});
    EXPECT_EQ(answer("SELECT count(), sum(tags.n), avg(tags.n), min(tags.n), max(tags.n) "
                     "FROM devices",
                     four),
              Lines{R"({"count":4,"sum":7.5,"avg":2.5,"min":1,"max":4})"});
    EXPECT_EQ(answer("SELECT COUNT() AS n, SUM(tags.n) FROM devices WHERE false", four),
              Lines{R"({"n":0})"});
    EXPECT_EQ(answer("SELECT tags.site, COUNT() AS n, MAX(tags.n) AS m FROM devices "
                     "GROUP BY tags.site",
                     four),
              (Lines{R"({"n":1})", R"({"site":"north","n":2,"m":4})",
                     R"({"site":"south","n":1,"m":2.5})"}));
    EXPECT_EQ(answer("SELECT tags.site FROM devices GROUP BY tags.site", "[]"), Lines{});
}

TEST(QueryRows, BoundsGroups) {
    const Query query = *parse_query("SELECT COUNT() FROM devices GROUP BY tags.x");
    Aggregation aggregation(query);
    for (std::size_t i = 0; i < groups_max; ++i) {
        ASSERT_TRUE(aggregation.take(DocumentFacts({{"tags", {{"x", i}}}})));
    }
    const auto refused = aggregation.take(DocumentFacts({{"tags", {{"x", "more"}}}}));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::too_large);
    EXPECT_TRUE(aggregation.take(DocumentFacts({{"tags", {{"x", 1}}}})));
    EXPECT_EQ(aggregation.rows().size(), groups_max);
}

} // namespace
} // namespace muster::query
