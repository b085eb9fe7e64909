// Configurations over HTTPS (iothub B.11).

#include "gateway/hub_world.h"
#include "gateway/pattern.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

namespace muster::gateway {
namespace {

using testing::HasSubstr;

class HubConfigurationsTest : public testing::Test {
  protected:
    HubConfigurationsTest() {
        world.hub.start();
        world.workers.run_all();
    }

    HttpReply run(std::string method, std::string target, std::string body = {},
                  std::vector<session::HttpHeader> headers = {}) {
        return world.ask({.method = std::move(method),
                          .target = std::move(target),
                          .headers = std::move(headers),
                          .body = std::move(body)});
    }

    static std::string status_of(const HttpReply& reply) {
        return std::to_string(reply.status) + ' ' + reply.header("iothub-errorcode");
    }

    static JsonObject document(const HttpReply& reply) {
        return parse_json_object(reply.body).value();
    }

    static std::string content(int value) {
        return fmt::format(R"("content":{{"deviceContent":{{"properties.desired.a":{}}}}})", value);
    }

    static std::string everybody(int priority = 1) {
        return fmt::format(R"({{"id":"c1","targetCondition":"*","priority":{},{}}})", priority,
                           content(1));
    }

    HubWorld world;
};

// IOTHUB-30
TEST_F(HubConfigurationsTest, AreCreatedWith200AndApplied) {
    const auto made = run("PUT", "/configurations/c1", everybody());
    EXPECT_EQ(made.status, 200U) << made.body;
    EXPECT_EQ(made.header("ETag"), "\"MQ==\"");
    EXPECT_EQ(document(made).at("etag"), "MQ==");
    world.workers.run_all();
    const auto twin = document(run("GET", "/twins/dev-01"));
    EXPECT_EQ(twin.at("properties").at("desired").at("a"), 1);
    EXPECT_EQ(twin.at("configurations").at("c1").at("status"), "Applied");
    const auto shown = document(run("GET", "/configurations/c1"));
    EXPECT_EQ(to_text(shown.at("systemMetrics").at("results")),
              R"({"targetedCount":1,"appliedCount":1})");
    EXPECT_EQ(run("DELETE", "/configurations/c1").status, 204U);
    world.workers.run_all();
    EXPECT_FALSE(document(run("GET", "/twins/dev-01")).contains("configurations"));
    EXPECT_EQ(status_of(run("GET", "/configurations/c1")), "404 ConfigurationNotFound");
}

TEST_F(HubConfigurationsTest, RefusalsHaveNumbersOfTheirOwn) {
    ASSERT_EQ(run("PUT", "/configurations/c1", everybody()).status, 200U);
    EXPECT_EQ(status_of(run("PUT", "/configurations/c1", everybody())),
              "409 ConfigurationAlreadyExists");
    EXPECT_EQ(status_of(run("PUT", "/configurations/c1", everybody(2), {{"If-Match", "\"x\""}})),
              "412 PreconditionFailed");
    EXPECT_EQ(
        status_of(run("PUT", "/configurations/c1", "{" + content(2) + "}", {{"If-Match", "*"}})),
        "400 CannotModifyImmutableConfigurationContent");
    EXPECT_EQ(run("PUT", "/configurations/c1", everybody(2), {{"If-Match", "\"MQ==\""}}).status,
              200U);
    EXPECT_EQ(status_of(run("PUT", "/configurations/c2", R"({"content":{}})")),
              "400 InvalidConfigurationContent");
    const auto condition =
        run("PUT", "/configurations/c2", R"({"targetCondition":"tags.a =",)" + content(1) + "}");
    EXPECT_EQ(status_of(condition), "400 InvalidConfigurationTargetCondition");
    EXPECT_THAT(condition.body, HasSubstr("column"));
    EXPECT_EQ(status_of(run("PUT", "/configurations/c2",
                            R"({"metrics":{"queries":{"a":"x"}},)" + content(1) + "}")),
              "400 InvalidConfigurationCustomMetricsQuery");
    EXPECT_EQ(status_of(run("PUT", "/configurations/Upper", everybody())), "400 ArgumentInvalid");
    EXPECT_EQ(status_of(run("DELETE", "/configurations/c2")), "404 ConfigurationNotFound");
    EXPECT_EQ(status_of(run("POST", "/configurations/c1")), "405 GenericMethodNotAllowed");
}

TEST_F(HubConfigurationsTest, AreListedUpToTop) {
    for (int number = 0; number < 3; ++number) {
        run("PUT", fmt::format("/configurations/c{}", number), "{" + content(1) + "}");
    }
    EXPECT_EQ(parse_json(run("GET", "/configurations/?top=2").body)->get_array().size(), 2U);
    EXPECT_EQ(parse_json(run("GET", "/configurations").body)->get_array().size(), 3U);
    EXPECT_EQ(status_of(run("GET", "/configurations?top=x")), "400 ArgumentInvalid");
}

TEST_F(HubConfigurationsTest, QueriesAreTested) {
    EXPECT_EQ(
        run("POST", "/configurations/testQueries", R"({"targetCondition":"tags.a = 1"})").body,
        R"({"targetConditionError":"","customMetricQueryErrors":{}})");
    const auto bad = run("POST", "/configurations/testqueries",
                         R"({"targetCondition":"tags.a","customMetricQueries":{"m":"select"}})");
    EXPECT_EQ(bad.status, 200U);
    EXPECT_THAT(bad.body, HasSubstr("\"m\":\""));
}

TEST_F(HubConfigurationsTest, ContentIsAppliedToOneDeviceOnce) {
    const auto done = run("POST", "/devices/dev-01/applyConfigurationContent",
                          R"({"deviceContent":{"properties.desired.x.y":7}})");
    EXPECT_EQ(done.status, 204U) << done.body;
    EXPECT_EQ(world.hub.get_twin(DeviceId("dev-01"))->twin.desired.values.at("x").at("y"), 7);
    EXPECT_EQ(status_of(run("POST", "/devices/nobody/applyConfigurationContent",
                            R"({"deviceContent":{"properties.desired.x":7}})")),
              "404 DeviceNotFound");
    EXPECT_EQ(status_of(run("POST", "/devices/dev-01/applyConfigurationContent", "{}")),
              "400 InvalidConfigurationContent");
}

TEST_F(HubConfigurationsTest, NeedTheRightsOfTheRegistryOrOfServices) {
    const auto ask = [&](std::string_view policy, std::string method) {
        return world.ask({.method = std::move(method), .target = "/configurations/c9"}, policy)
            .status;
    };
    EXPECT_EQ(ask("registryRead", "GET"), 404U);
    EXPECT_EQ(ask("registryRead", "DELETE"), 401U);
    EXPECT_EQ(ask("registryReadWrite", "DELETE"), 404U);
    EXPECT_EQ(ask("service", "DELETE"), 404U);
    EXPECT_EQ(ask("device", "GET"), 401U);
}

} // namespace
} // namespace muster::gateway
