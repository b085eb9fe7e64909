// Jobs over HTTPS (iothub B.10).

#include "gateway/hub_world.h"
#include "gateway/pattern.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

namespace muster::gateway {
namespace {

using testing::HasSubstr;

class HubJobsTest : public testing::Test {
  protected:
    HubJobsTest() { world.hub.start(); }

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

    static std::string twin_job(std::string_view condition, std::string_view more = {}) {
        return fmt::format(R"({{"type":"scheduleUpdateTwin","queryCondition":"{}",)"
                           R"("updateTwin":{{"etag":"*","tags":{{"site":"south"}}}}{}}})",
                           condition, more);
    }

    HubWorld world;
};

TEST_F(HubJobsTest, AJobIsQueuedRunsAndIsShown) {
    const auto made = run("PUT", "/jobs/v2/j1", twin_job("deviceId IN ['dev-01', 'dev-02']"));
    EXPECT_EQ(made.status, 200U) << made.body;
    EXPECT_EQ(document(made).at("status"), "queued");
    EXPECT_EQ(document(made).at("jobId"), "j1");
    EXPECT_EQ(document(made).at("type"), "scheduleUpdateTwin");
    world.workers.run_all();
    const auto shown = document(run("GET", "/jobs/v2/j1"));
    EXPECT_EQ(shown.at("status"), "completed");
    EXPECT_EQ(to_text(shown.at("deviceJobStatistics")),
              R"({"deviceCount":1,"failedCount":0,"succeededCount":1,"runningCount":0,)"
              R"("pendingCount":0})");
    EXPECT_EQ(world.hub.get_twin(DeviceId("dev-01"))->twin.tags.at("site"), "south");
}

TEST_F(HubJobsTest, AMethodReachesTheDevice) {
    HubDevice device(world);
    device.connect();
    device.subscribe({hub_filters::methods});
    run("PUT", "/jobs/v2/j1",
        R"({"type":"scheduleDeviceMethod","queryCondition":"*",)"
        R"("cloudToDeviceMethod":{"methodName":"reboot","payload":{"in":5}}})");
    world.workers.run_all();
    const auto request = device.settle();
    EXPECT_THAT(request, HasSubstr("$iothub/methods/POST/reboot/?$rid="));
    EXPECT_EQ(document(run("GET", "/jobs/v2/j1")).at("status"), "running");
}

TEST_F(HubJobsTest, RefusalsHaveNumbersOfTheirOwn) {
    EXPECT_EQ(status_of(run("GET", "/jobs/v2/nobody")), "404 JobNotFound");
    EXPECT_EQ(status_of(run("POST", "/jobs/v2/nobody/cancel")), "404 JobNotFound");
    EXPECT_EQ(run("PUT", "/jobs/v2/j1", twin_job("*")).status, 200U);
    EXPECT_EQ(status_of(run("PUT", "/jobs/v2/j1", twin_job("*"))), "409 JobAlreadyExists");
    EXPECT_EQ(status_of(run("POST", "/jobs/v2/j1/cancel")),
              "405 OperationNotAllowedInCurrentState");
    const auto bad = run("PUT", "/jobs/v2/j2", twin_job("tags.site = = 1"));
    EXPECT_EQ(status_of(bad), "400 ArgumentInvalid");
    EXPECT_THAT(bad.body, HasSubstr("column 13"));
    EXPECT_EQ(status_of(run("PUT", "/jobs/v2/j2", twin_job(std::string(9000, ' ') + "*"))),
              "400 ArgumentInvalid");
    EXPECT_EQ(status_of(run("DELETE", "/jobs/v2/j1")), "405 GenericMethodNotAllowed");
    EXPECT_EQ(status_of(run("PUT", "/jobs/v2/a%20b", twin_job("*"))), "400 ArgumentInvalid");
}

TEST_F(HubJobsTest, AJobThatStartsLaterIsCancelled) {
    const auto made =
        run("PUT", "/jobs/v2/later", twin_job("*", R"(,"startTime":"2030-01-03T00:00:00.000Z")"));
    EXPECT_EQ(document(made).at("status"), "queued");
    world.workers.run_all();
    EXPECT_EQ(document(run("GET", "/jobs/v2/later")).at("status"), "scheduled");
    const auto cancelled = run("POST", "/jobs/v2/later/cancel");
    EXPECT_EQ(cancelled.status, 200U);
    EXPECT_EQ(document(cancelled).at("status"), "cancelled");
}

// The two headers, and no continuation on the last page.
TEST_F(HubJobsTest, JobsAreListedInPages) {
    for (int number = 0; number < 3; ++number) {
        run("PUT", fmt::format("/jobs/v2/j{}", number), twin_job("deviceId = 'nobody'"));
        world.clock.advance(std::chrono::seconds(1));
    }
    const auto first = run("GET", "/jobs/v2/query", {}, {{"x-ms-max-item-count", "2"}});
    EXPECT_EQ(first.header("x-ms-item-type"), "JobResponse");
    const auto token = first.header("x-ms-continuation");
    ASSERT_FALSE(token.empty());
    EXPECT_THAT(first.body, testing::AllOf(HasSubstr(R"("jobId":"j2")"), HasSubstr("j1")));
    const auto second = run("GET", "/jobs/v2/query", {},
                            {{"x-ms-max-item-count", "2"}, {"x-ms-continuation", token}});
    EXPECT_THAT(second.body, HasSubstr(R"([{"jobId":"j0")"));
    EXPECT_EQ(second.header("x-ms-continuation"), "");
    EXPECT_EQ(run("GET", "/jobs/v2/query?jobType=scheduleDeviceMethod").body, "[]");
    EXPECT_EQ(run("GET", "/jobs/v2/query?jobStatus=enqueued").body, "[]");
    EXPECT_EQ(status_of(run("GET", "/jobs/v2/query?jobStatus=odd")), "400 ArgumentInvalid");
    EXPECT_EQ(status_of(run("GET", "/jobs/v2/query", {}, {{"x-ms-continuation", "%"}})),
              "400 ArgumentInvalid");
    EXPECT_EQ(status_of(run("GET", "/jobs/v2/query", {}, {{"x-ms-max-item-count", "0"}})),
              "400 ArgumentInvalid");
}

TEST_F(HubJobsTest, BlobTransfersAreNotOffered) {
    EXPECT_EQ(status_of(run("POST", "/jobs/create", R"({"type":"export"})")),
              "404 FeatureNotSupported");
    EXPECT_EQ(status_of(run("GET", "/jobs")), "404 FeatureNotSupported");
    EXPECT_EQ(status_of(run("GET", "/jobs/1")), "404 JobNotFound");
    EXPECT_EQ(status_of(world.ask({.method = "GET", .target = "/jobs/1"}, "service")),
              "401 IotHubUnauthorizedAccess");
}

TEST_F(HubJobsTest, JobsNeedTheRightOfServices) {
    for (const std::string_view policy : {"device", "registryReadWrite"}) {
        EXPECT_EQ(status_of(world.ask({.method = "GET", .target = "/jobs/v2/j"}, policy)),
                  "401 IotHubUnauthorizedAccess");
    }
    EXPECT_EQ(status_of(world.ask({.method = "GET", .target = "/jobs/v2/j"}, "service")),
              "404 JobNotFound");
}

} // namespace
} // namespace muster::gateway
