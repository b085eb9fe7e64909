// The hub's service API over HTTPS, as its clients use it (reference: iothub B.1 to B.8, B.17).

#include "gateway/hub_world.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace muster::gateway {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

const std::string sas_device = R"({"deviceId":"dev-02","status":"enabled",
    "authentication":{"type":"sas","symmetricKey":{"primaryKey":"","secondaryKey":""}}})";

class HubService : public testing::Test {
  protected:
    HttpReply ask(std::string method, std::string target, std::string body = {}) {
        return world.ask(
            {.method = std::move(method), .target = std::move(target), .body = std::move(body)});
    }

    HttpReply ask_if_match(std::string method, std::string target, const std::string& etag,
                           std::string body = {}) {
        return world.ask({.method = std::move(method),
                          .target = std::move(target),
                          .headers = {{"If-Match", etag}},
                          .body = std::move(body)});
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

TEST_F(HubService, WantsAWellFormedApiVersion) {
    for (const auto* query : {"?api-version=", "?api-version=2021-4-12", "?api-version=latest",
                              "?api-version=2021-04-12-beta2"}) {
        expect_refused(ask("GET", std::string("/devices/dev-01") + query), 400,
                       "InvalidProtocolVersion");
    }
    EXPECT_EQ(ask("GET", "/devices/dev-01?api-version=2016-11-14").status, 200U);
    EXPECT_EQ(ask("GET", "/devices/dev-01?api-version=2030-01-01-preview").status, 200U);
}

struct Operation {
    const char* method;
    const char* target;
    std::vector<std::string> policies; // those that may
};

TEST_F(HubService, AsksForTheRightOfEachOperation) {
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

TEST_F(HubService, RefusesForeignAndExpiredTokens) {
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

TEST_F(HubService, CreatesADeviceOnce) {
    // IOTHUB-19, IOTHUB-20, IOTHUB-21, IOTHUB-29
    const auto created = ask("PUT", "/devices/dev-02", sas_device);
    ASSERT_EQ(created.status, 200U) << created.body;
    EXPECT_THAT(created.header("ETag"), StartsWith("\""));
    const std::string keys = to_text(created.member("authentication"));
    EXPECT_THAT(keys, testing::Not(HasSubstr(R"("primaryKey":"")")));
    EXPECT_THAT(keys, HasSubstr("x509Thumbprint"));
    EXPECT_EQ(created.member("lastActivityTime"), Json("0001-01-01T00:00:00Z"));

    expect_refused(ask("PUT", "/devices/dev-02", sas_device), 409, "DeviceAlreadyExists");
    EXPECT_EQ(ask("GET", "/devices/dev-02").body, created.body);
}

TEST_F(HubService, KnowsWhatIsMissingAndWhatIsNoName) {
    // IOTHUB-19
    for (const auto* method : {"GET", "DELETE"}) {
        expect_refused(ask(method, "/devices/none"), 404, "DeviceNotFound");
    }
    expect_refused(ask("GET", "/twins/none"), 404, "DeviceNotFound");
    for (const auto* name : {"invalid%2Fname", "a%20b", "%C3%A4"}) {
        expect_refused(ask("GET", std::string("/devices/") + name), 400, "ArgumentInvalid");
    }
}

TEST_F(HubService, RefusesBrokenBodiesAndChangesNothing) {
    const std::string before = ask("GET", "/devices/dev-01").body;
    for (
        const auto* body :
        {"", "{", "[]", "1", R"({"deviceId":"dev-01","deviceId":"dev-01"})", R"({"deviceId":1})",
         R"({"deviceId":"other"})", R"({"deviceId":"dev-01","status":"gone"})",
         R"({"deviceId":"dev-01","authentication":{"type":"sas","symmetricKey":{"primaryKey":"!"}}})"}) {
        expect_refused(ask_if_match("PUT", "/devices/dev-01", "*", body), 400, "ArgumentInvalid");
    }
    const std::string large = R"({"deviceId":"dev-01","x":")" + std::string(200'000, 'x') + "\"}";
    EXPECT_EQ(ask_if_match("PUT", "/devices/dev-01", "*", large).status, 413U);
    EXPECT_EQ(ask("GET", "/devices/dev-01").body, before);
}

TEST_F(HubService, TakesEverySpellingOfIfMatch) {
    // IOTHUB-26
    ASSERT_EQ(ask("PUT", "/devices/dev-02", sas_device).status, 200U);
    for (const auto* any : {"*", "\"*\""}) {
        EXPECT_EQ(ask_if_match("PUT", "/devices/dev-02", any, sas_device).status, 200U) << any;
    }
    const std::string etag = ask("GET", "/devices/dev-02").header("ETag");
    const std::string bare = etag.substr(1, etag.size() - 2);
    EXPECT_EQ(ask_if_match("PUT", "/devices/dev-02", etag, sas_device).status, 200U);
    expect_refused(ask_if_match("PUT", "/devices/dev-02", bare, sas_device), 412,
                   "PreconditionFailed"); // it moved on
    expect_refused(ask_if_match("DELETE", "/devices/dev-02", etag), 412, "PreconditionFailed");
    const std::string now = ask("GET", "/devices/dev-02").header("ETag");
    EXPECT_EQ(ask_if_match("DELETE", "/devices/dev-02", "W/" + now).status, 204U);
    expect_refused(ask_if_match("PUT", "/devices/dev-02", "*", sas_device), 404, "DeviceNotFound");
}

TEST_F(HubService, ReadsPathsWithoutCaseButIdsWith) {
    // IOTHUB-27
    EXPECT_EQ(ask("GET", "/DEVICES/dev-01").status, 200U);
    EXPECT_EQ(ask("GET", "/Devices/?top=10").status, 200U);
    EXPECT_EQ(ask("GET", "/twins/dev%2D01").status, 200U);
    expect_refused(ask("GET", "/devices/DEV-01"), 404, "DeviceNotFound");
}

TEST_F(HubService, SaysWhatItDoesNotOffer) {
    for (const auto* path : {"/devices/query", "/jobs/v2/j1", "/configurations/c", "/nothing",
                             "/twins/dev-01/modules/m", "/devices/dev-01/modules"}) {
        const auto reply = ask("POST", path, "{}");
        EXPECT_TRUE(reply.status == 404 || reply.status == 405) << path << ' ' << reply.body;
        EXPECT_FALSE(reply.header("iothub-errorcode").empty()) << path;
    }
    expect_refused(ask("GET", "/jobs/v2/j1"), 404, "FeatureNotSupported");
    const auto reply = ask("PATCH", "/devices/dev-01", "{}");
    expect_refused(reply, 405, "GenericMethodNotAllowed");
    EXPECT_THAT(reply.header("Allow"), HasSubstr("PUT"));
}

TEST_F(HubService, ChangesTwins) {
    // IOTHUB-23, IOTHUB-24: the whole twin comes back; PATCH merges, PUT replaces
    const auto patched =
        ask("PATCH", "/twins/dev-01", R"({"tags":{"a":1,"b":2},"properties":{"desired":{"p":1}}})");
    ASSERT_EQ(patched.status, 200U) << patched.body;
    const std::string etag = patched.header("ETag");
    EXPECT_EQ(ask_if_match("PATCH", "/twins/dev-01", etag, R"({"tags":{"b":null}})").status, 200U);
    expect_refused(ask_if_match("PUT", "/twins/dev-01", etag, R"({"tags":{}})"), 412,
                   "PreconditionFailed");
    EXPECT_EQ(to_text(ask("GET", "/twins/dev-01").member("tags")), R"({"a":1})");

    const auto replaced =
        ask("PUT", "/twins/dev-01", R"({"properties":{"desired":{"$version":9,"q":2}}})");
    ASSERT_EQ(replaced.status, 200U) << replaced.body;
    const std::string desired = to_text(replaced.member("properties").at("desired"));
    EXPECT_THAT(desired, HasSubstr(R"("q":2)"));
    EXPECT_THAT(desired, testing::Not(HasSubstr(R"("p":1)")));
    EXPECT_EQ(replaced.member("properties").at("desired").at("$version"), Json(3));
    expect_refused(ask("PATCH", "/twins/dev-01", R"({"tags":{"$bad":1}})"), 400, "ArgumentInvalid");
}

class HubMethods : public HubService {
  protected:
    void connect() {
        device.send(HubDevice::connecting(world));
        device.send(mqtt::Subscribe{1, {{"$iothub/methods/POST/#", mqtt::QoS::at_most_once}}});
    }

    void invoke(std::string body, const std::string& id = "dev-01") {
        caller.send(bytes_of(world.completed(
            {.method = "POST", .target = "/twins/" + id + "/methods", .body = std::move(body)},
            "service")));
        caller.settle(world.workers);
    }

    HttpReply reply() {
        caller.settle(world.workers);
        auto text = caller.take();
        return take_reply(text);
    }

    static void expect_inner(const HttpReply& reply, unsigned status, int number) {
        EXPECT_EQ(reply.status, status) << reply.body;
        const Json message = reply.member("Message");
        ASSERT_TRUE(message.is_string()) << reply.body;
        const auto inner = parse_json_object(message.as_string());
        ASSERT_TRUE(inner) << reply.body;
        EXPECT_EQ(inner->at("errorCode"), Json(number));
        EXPECT_EQ(inner->at("trackingId"), Json(reply.header("x-ms-request-id")));
    }

    HubDevice device{world};
    Wire caller = world.https();
};

TEST_F(HubMethods, ReachTheDeviceAndComeBack) {
    // IOTHUB-16, IOTHUB-17
    connect();
    invoke(R"({"methodName":"ping","payload":{"a":1}})");
    const std::string request = device.settle();
    ASSERT_THAT(request, HasSubstr("$iothub/methods/POST/ping/?$rid="));
    EXPECT_THAT(request, HasSubstr(R"({"a":1})"));
    const auto from = request.find("$rid=") + 5;
    const std::string rid =
        request.substr(from, request.find_first_not_of("0123456789abcdef", from) - from);
    device.send(mqtt::Publish{.topic = "$iothub/methods/res/418/?$rid=" + rid,
                              .payload = R"({"pong":true})"});
    const auto answer = reply();
    EXPECT_EQ(answer.status, 200U) << answer.body;
    EXPECT_EQ(answer.body, R"({"status":418,"payload":{"pong":true}})");
}

TEST_F(HubMethods, SayThatTheDeviceIsNotOnline) {
    // IOTHUB-17
    invoke(R"({"methodName":"ping"})");
    const auto refused = reply();
    expect_inner(refused, 404, 404103);
    EXPECT_EQ(refused.header("iothub-errorcode"), "DeviceNotOnline");
}

TEST_F(HubMethods, SayThatTheDeviceDidNotAnswer) {
    // IOTHUB-17
    connect();
    invoke(R"({"methodName":"ping","responseTimeoutInSeconds":5})");
    EXPECT_EQ(reply().status, 0U) << "answered too early";
    world.timers.advance(std::chrono::seconds(5));
    const auto refused = reply();
    expect_inner(refused, 504, 504101);
    EXPECT_EQ(refused.header("iothub-errorcode"), "GatewayTimeout");
}

TEST_F(HubMethods, AreCheckedBeforeTheyAreSent) {
    connect();
    for (const auto* body : {"", "{}", R"({"methodName":""})", R"({"methodName":"a b"})",
                             R"({"methodName":"a","responseTimeoutInSeconds":1})",
                             R"({"methodName":"a","connectTimeoutInSeconds":301})"}) {
        invoke(body);
        expect_refused(reply(), 400, "ArgumentInvalid");
    }
    invoke(R"({"methodName":"ping"})", "none");
    expect_refused(reply(), 404, "DeviceNotFound");
    EXPECT_EQ(device.settle(), "");
}

TEST_F(HubService, ShowsTelemetry) {
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
