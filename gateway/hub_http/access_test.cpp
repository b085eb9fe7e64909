// Who may do what at the hub's service API (reference: iothub B.1), and what a device sent over
// MQTT as a back end reads it there.

#include "gateway/hub_world.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace muster::gateway {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class HubAccess : public testing::Test {
  protected:
    HttpReply ask(std::string method, std::string target, std::string body = {}) {
        return world.ask(
            {.method = std::move(method), .target = std::move(target), .body = std::move(body)});
    }

    /// Both layers of the error say the same (iothub B.17).
    static void expect_refused(const HttpReply& reply, unsigned status, const std::string& name) {
        EXPECT_EQ(reply.status, status) << reply.body;
        EXPECT_EQ(reply.header("iothub-errorcode"), name);
        EXPECT_THAT(reply.header("Content-Type"), HasSubstr("application/json")); // IOTHUB-28
        EXPECT_THAT(to_text(reply.member("Message")), StartsWith("\"ErrorCode:" + name + ";"));
        EXPECT_THAT(to_text(reply.member("ExceptionMessage")),
                    HasSubstr(reply.header("x-ms-request-id")));
    }

    HubWorld world;
};

struct Operation {
    const char* method;
    const char* target;
    std::vector<std::string> policies; // those that may
};

TEST_F(HubAccess, AsksForTheRightOfEachOperation) {
    const std::vector<std::string> everyone{"iothubowner", "service", "device", "registryRead",
                                            "registryReadWrite"};
    const Operation operations[] = {
        {"GET", "/devices", {"iothubowner", "registryRead", "registryReadWrite"}},
        {"GET", "/devices/dev-01", {"iothubowner", "registryRead", "registryReadWrite"}},
        {"PUT", "/devices/dev-01", {"iothubowner", "registryReadWrite"}},
        {"DELETE", "/devices/none", {"iothubowner", "registryReadWrite"}},
        {"GET", "/twins/dev-01", {"iothubowner", "service"}},
        {"PATCH", "/twins/dev-01", {"iothubowner", "service"}},
        {"POST", "/twins/dev-01/methods", {"iothubowner", "service"}},
        {"GET", "/messages/events", {"iothubowner", "service"}},
        {"GET", "/messages/events/consumers", {"iothubowner", "service"}},
        {"PUT", "/messages/events/consumers/c", {"iothubowner", "service"}},
        {"DELETE", "/messages/events/consumers/c", {"iothubowner", "service"}},
    };
    for (const Operation& operation : operations) {
        for (const std::string& policy : everyone) {
            const auto reply =
                world.ask({.method = operation.method, .target = operation.target}, policy);
            const bool may =
                std::ranges::find(operation.policies, policy) != operation.policies.end();
            EXPECT_EQ(reply.header("iothub-errorcode") == "IotHubUnauthorizedAccess", !may)
                << operation.method << ' ' << operation.target << ' ' << policy << ' '
                << reply.body;
        }
        expect_refused(world.ask({.method = operation.method, .target = operation.target}, ""), 401,
                       "IotHubUnauthorized");
    }
}

TEST_F(HubAccess, RefusesForeignAndExpiredTokens) {
    for (const std::string& token :
         {crypto::make_sas("hub2.example.org", recorded_key,
                           world.clock.wall() + std::chrono::hours(1), "iothubowner"),
          crypto::make_sas(HubWorld::host, recorded_key, world.clock.wall() - std::chrono::hours(1),
                           "iothubowner"),
          crypto::make_sas(HubWorld::host, Secret("another key"),
                           world.clock.wall() + std::chrono::hours(1), "iothubowner"),
          std::string("Bearer abc"), std::string("SharedAccessSignature sr=a")}) {
        expect_refused(
            world.ask({.target = "/devices/dev-01", .headers = {{"Authorization", token}}}, ""),
            401, "IotHubUnauthorized");
    }
}

TEST_F(HubAccess, ShowsTelemetry) {
    HubDevice device(world);
    device.send(HubDevice::connecting(world));
    for (const auto* body : {"one", "two", "\xff"}) {
        device.send(mqtt::Publish{.topic = "devices/dev-01/messages/events/%24.ct=text&a=b",
                                  .payload = body});
    }
    const auto position = ask("GET", "/messages/events");
    EXPECT_EQ(position.body, "[]");
    EXPECT_EQ(position.header("muster-last-sequence"), "3");

    const auto page = ask("GET", "/messages/events?after=0&max=2").json().as_array();
    ASSERT_EQ(page.size(), 2U);
    EXPECT_EQ(page[1].at("sequence"), Json(2));
    EXPECT_EQ(page[1].at("body"), Json("two"));
    EXPECT_EQ(to_text(page[1].at("properties")), R"({"$.ct":"text","a":"b"})");
    const auto rest = ask("GET", "/messages/events?after=2").json().as_array();
    ASSERT_EQ(rest.size(), 1U);
    EXPECT_EQ(rest[0].at("bodyBase64"), Json("/w=="));
    for (const auto* query : {"after=x", "after=-1", "after=0&max=x", "after=0&wait=x"}) {
        expect_refused(ask("GET", std::string("/messages/events?") + query), 400,
                       "ArgumentInvalid");
    }
}

} // namespace
} // namespace muster::gateway
