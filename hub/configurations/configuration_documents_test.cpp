#include "hub/configurations/configuration_documents.h"
#include "hub/configurations/content.h"
#include "hub/fixture.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

namespace muster::hub {

namespace {

using testing::HasSubstr;
using What = ConfigurationFault::What;

ConfigurationResult<Configuration> read(std::string_view text) {
    return configuration_from(ConfigurationId("c"), object(text), {});
}

void expect_fault(What what, std::string_view text, std::string_view detail = "") {
    const auto made = read(text);
    ASSERT_FALSE(made.has_value()) << text;
    EXPECT_EQ(made.error().what, what) << text;
    EXPECT_EQ(made.error().error.code, Code::malformed) << text;
    EXPECT_THAT(made.error().error.detail, HasSubstr(std::string(detail)));
}

std::string with_content(std::string_view content) {
    return fmt::format(R"({{"content":{}}})", content);
}

} // namespace

TEST(ConfigurationId, HasAGrammar) {
    EXPECT_TRUE(parse_configuration_id("chillers-north_1.2(x)~"));
    EXPECT_TRUE(parse_configuration_id(std::string(128, 'a')));
    for (const std::string& bad :
         {std::string(), std::string(129, 'a'), std::string("Upper"), std::string("a b"),
          std::string("a\xc3\xa4"), std::string("a\n")}) {
        EXPECT_EQ(code_of(parse_configuration_id(bad)), Code::malformed) << bad;
    }
    for (const char bad : std::string_view("&^[]{}\\|\"<>/")) {
        EXPECT_EQ(code_of(parse_configuration_id(std::string("a") + bad)), Code::malformed) << bad;
    }
}

TEST(ConfigurationDocument, IsReadWhole) {
    const auto made = read(
        R"({"id":"c","schemaVersion":"1.0","labels":{"team":"ops"},
            "content":{"deviceContent":{"properties.desired.net":{"apn":"iot"}},
                       "moduleContent":null,"modulesContent":{}},
            "targetCondition":"tags.site='north'","priority":10,
            "metrics":{"results":{},"queries":
                {"ok":"select deviceId from devices where properties.reported.net.apn='iot'"}}})");
    ASSERT_TRUE(made.has_value()) << made.error().error.detail;
    EXPECT_EQ(made->priority, 10);
    EXPECT_EQ(made->kind, ContentKind::device);
    EXPECT_EQ(to_text(made->content),
              R"({"deviceContent":{"properties.desired.net":{"apn":"iot"}}})");
    EXPECT_EQ(made->labels.at("team"), "ops");
    EXPECT_EQ(made->metric_queries.size(), 1U);
    const auto stored = stored_configuration(to_stored_document(*made));
    ASSERT_TRUE(stored);
    EXPECT_EQ(to_stored_document(*stored), to_stored_document(*made));
}

TEST(ConfigurationDocument, IsShownAsTheReferenceDoes) {
    Configuration one;
    one.id = ConfigurationId("chillers-north");
    one.version = 1;
    one.content = object(R"({"deviceContent":{"properties.desired.a":1}})");
    one.condition = "tags.site='north'";
    one.created = one.updated = noon();
    one.metrics = {.targeted = 3, .applied = 2, .custom = {{"ok", 1}}};
    one.metric_queries = {{"ok", "select deviceId from devices"}};
    const JsonObject shown = to_document(one);
    EXPECT_EQ(shown.at("etag"), "MQ==");
    EXPECT_EQ(shown.at("systemMetrics"),
              Json(object(
                  R"x({"results":{"targetedCount":3,"appliedCount":2},"queries":{"targetedCount":)x"
                  R"x("select deviceId from devices where tags.site='north'","appliedCount":)x"
                  R"x("select deviceId from devices where )x"
                  R"x(configurations.[[chillers-north]].status = 'Applied'"}})x")));
    EXPECT_EQ(to_text(shown.at("metrics")),
              R"({"results":{"ok":1},"queries":{"ok":"select deviceId from devices"}})");
    EXPECT_TRUE(shown.at("content").at("modulesContent").is_null());
}

TEST(ConfigurationDocument, NamesWhatIsWrong) {
    expect_fault(What::other, R"({"id":"other"})");
    expect_fault(What::other, R"({"priority":-1})", "priority");
    expect_fault(What::other, R"({"priority":"1"})");
    expect_fault(What::other, R"({"labels":{"a":1}})");
    expect_fault(What::condition, R"({"targetCondition":7})");
    expect_fault(What::condition, R"({"targetCondition":"tags.a = = 1"})", "line 1, column 10");
    expect_fault(What::condition, R"({"targetCondition":"properties.desired.a = 1"})");
    expect_fault(What::condition, R"({"targetCondition":"configurations.c.status = 'Applied'"})");
    expect_fault(What::metrics, R"({"metrics":{"queries":{"a":"select"}}})", "metric 'a'");
    expect_fault(What::metrics, R"({"metrics":{"queries":{"a":"select count() from devices"}}})");
    expect_fault(What::metrics, R"({"metrics":{"queries":{"a":"select * from devices.jobs"}}})");
    expect_fault(What::metrics,
                 R"({"metrics":{"queries":{"a":"select * from devices","b":"","c":"","d":"",)"
                 R"("e":"","f":""}}})",
                 "5 metrics");
}

TEST(ConfigurationContent, IsExactlyOneKindOfPathsBelowDesired) {
    expect_fault(What::content, with_content("[]"));
    expect_fault(What::content, with_content("{}"));
    expect_fault(What::content, with_content(R"({"deviceContent":{"properties.desired.a":1},)"
                                             R"("moduleContent":{"properties.desired.a":1}})"));
    for (const std::string_view path :
         {"tags.a", "properties.reported.a", "properties.desiredx", "properties.desired.",
          "properties.desired..a", "properties.desired.a b", "a"}) {
        expect_fault(What::content,
                     with_content(fmt::format(R"({{"deviceContent":{{"{}":1}}}})", path)));
    }
    expect_fault(What::content, with_content(R"({"deviceContent":{"properties.desired.a":null}})"),
                 "null");
    expect_fault(What::content,
                 with_content(R"({"deviceContent":{"properties.desired.a":{"b":null}}})"), "null");
    expect_fault(What::content,
                 with_content(R"({"deviceContent":{"properties.desired.a":{"b":1},)"
                              R"("properties.desired.a.c":1}})"),
                 "set twice");
    expect_fault(What::content, with_content(R"({"modulesContent":{"m":1}})"));
    expect_fault(What::content,
                 with_content(R"({"modulesContent":{"a b":{"properties.desired":{}}}})"));
    expect_fault(What::content,
                 with_content(fmt::format(R"({{"deviceContent":{{"properties.desired.a":"{}"}}}})",
                                          std::string(5000, 'x'))));
}

TEST(ConfigurationContent, SettingsAreKeptByModule) {
    const auto content = content_from(
        object(R"({"modulesContent":{"$edgeAgent":{"properties.desired":{"a":1,"b":{"c":2}}},)"
               R"("cam":{"properties.desired.x.y":3}}})"),
        {});
    ASSERT_TRUE(content) << content.error().detail;
    EXPECT_EQ(content->settings.at("$edgeAgent"),
              (std::vector<Setting>{{{"a"}, 1}, {{"b"}, object(R"({"c":2})")}}));
    EXPECT_EQ(content->settings.at("cam"), (std::vector<Setting>{{{"x", "y"}, 3}}));
}

TEST(ConfigurationQueries, AreTested) {
    const auto findings =
        test_queries(object(R"({"targetCondition":"tags.a =","customMetricQueries":)"
                            R"({"good":"select deviceId from devices","bad":"select"}})"));
    ASSERT_TRUE(findings);
    EXPECT_THAT(findings->condition_error, HasSubstr("column"));
    EXPECT_EQ(findings->metric_errors.count("bad"), 1U);
    EXPECT_EQ(findings->metric_errors.count("good"), 0U);
    EXPECT_EQ(to_text(to_document(*test_queries(object(R"({"targetCondition":"*"})")))),
              R"({"targetConditionError":"","customMetricQueryErrors":{}})");
}

} // namespace muster::hub
