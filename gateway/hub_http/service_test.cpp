// The hub's service API over HTTPS, as its clients use it.

#include "crypto/keys.h"
#include "gateway/hub_world.h"
#include "gateway/pattern.h"

#include <gtest/gtest.h>

#include <array>
#include <set>
#include <utility>
#include <vector>

namespace muster::gateway {
namespace {

class HubServiceTest : public testing::Test {
  protected:
    HttpReply run(std::string method, std::string target, std::string body = {}) {
        return world.ask(
            {.method = std::move(method), .target = std::move(target), .body = std::move(body)});
    }

    HttpReply run_if_match(std::string method, std::string target, std::string if_match,
                           std::string body = {}) {
        return world.ask({.method = std::move(method),
                          .target = std::move(target),
                          .headers = {{"If-Match", std::move(if_match)}},
                          .body = std::move(body)});
    }

    /// A request whose answer comes later.
    Wire begin(HttpAsk request) {
        auto wire = world.https();
        wire.send(bytes_of(world.completed(std::move(request), "iothubowner")));
        world.settle({&wire});
        return wire;
    }

    HttpReply end(Wire& wire) {
        world.settle({&wire});
        auto text = wire.take();
        return take_reply(text);
    }

    void report(std::string_view body) {
        static_cast<void>(
            world.hub.report(DeviceId("dev-01"), parse_json_object(body).value()).value());
    }

    HubWorld world;
};

std::string text(const Json& value) {
    return value.is_string() ? std::string(value.as_string()) : to_text(value);
}

// IOTHUB-28: and what every refusal of the hub has.
void expect_refused(const HttpReply& reply, unsigned status, const std::string& name) {
    EXPECT_EQ(reply.status, status) << reply.body;
    EXPECT_EQ(reply.header("iothub-errorcode"), name) << reply.body;
    EXPECT_EQ(reply.header("Content-Type"), "application/json; charset=utf-8");
    EXPECT_TRUE(text(reply.member("Message")).starts_with("ErrorCode:" + name + ';')) << reply.body;
    EXPECT_TRUE(text(reply.member("ExceptionMessage"))
                    .starts_with("Tracking ID:" + reply.header("x-ms-request-id")))
        << reply.body;
}

/// A refused invocation has a document of its own inside `Message`.
void expect_not_answered(const HttpReply& reply, unsigned status, int number) {
    EXPECT_EQ(reply.status, status) << reply.body;
    EXPECT_EQ(reply.header("Content-Type"), "application/json; charset=utf-8");
    const auto inner = parse_json_object(text(reply.member("Message")));
    ASSERT_TRUE(inner) << reply.body;
    EXPECT_EQ(inner->at("errorCode"), number);
    EXPECT_EQ(inner->at("trackingId"), Json(reply.header("x-ms-request-id")));
}

// ---- what every operation asks first ----

struct Route {
    std::string method;
    std::string target;
    std::string policy_without_right;
};

const std::vector<Route> routes = {
    {"GET", "/devices", "service"},
    {"POST", "/devices", "registryRead"},
    {"GET", "/devices/dev-01/modules", "service"},
    {"GET", "/devices/dev-01", "service"},
    {"PUT", "/devices/dev-01", "registryRead"},
    {"DELETE", "/devices/dev-01", "registryRead"},
    {"GET", "/twins/dev-01", "registryReadWrite"},
    {"PATCH", "/twins/dev-01", "registryReadWrite"},
    {"PUT", "/twins/dev-01", "device"},
    {"POST", "/twins/dev-01/methods", "registryReadWrite"},
    {"GET", "/messages/events", "device"},
};

TEST_F(HubServiceTest, WantsAnApiVersion) {
    for (const auto& [method, target, policy] : routes) {
        for (const auto* version : {"", "2021", "2021-04-12-beta", "2021-13-12", "latest"}) {
            const auto reply = run(method, target + "?api-version=" + version);
            expect_refused(reply, 400, "InvalidProtocolVersion");
        }
    }
    auto wire = world.https();
    wire.send(bytes_of({.target = "/devices/dev-01", .host = std::string(HubWorld::host)}));
    expect_refused(end(wire), 400, "InvalidProtocolVersion");
    EXPECT_EQ(run("GET", "/devices/dev-01?api-version=2030-01-01-preview").status, 200U);
}

TEST_F(HubServiceTest, WantsATokenOfAPolicyWithTheRight) {
    const auto hour = std::chrono::hours(1);
    const auto now = world.clock.wall();
    const auto host = std::string(HubWorld::host);
    const std::vector<std::string> wrong = {
        "",
        "SharedAccessSignature",
        "Bearer x",
        crypto::make_sas(host, Secret("a key nobody was given"), now + hour, "iothubowner"),
        crypto::make_sas("hub2.example.org", recorded_key, now + hour, "iothubowner"),
        crypto::make_sas(host, recorded_key, now - hour, "iothubowner"),
        crypto::make_sas(host, recorded_key, now + hour, "nobody"),
        world.device_token(), // no policy's
    };
    for (const auto& [method, target, policy] : routes) {
        SCOPED_TRACE(method + ' ' + target);
        for (const auto& token : wrong) {
            HttpAsk request{.method = method, .target = target};
            if (!token.empty()) {
                request.headers = {{"Authorization", token}};
            }
            expect_refused(world.ask(request, ""), 401, "IotHubUnauthorized");
        }
        expect_refused(world.ask({.method = method, .target = target}, policy), 401,
                       "IotHubUnauthorizedAccess");
    }
    EXPECT_TRUE(world.hub.get_device(DeviceId("dev-01")));
    EXPECT_EQ(world.ask({.target = "/devices/dev-01"}, "registryRead").status, 200U);
    EXPECT_EQ(world.ask({.target = "/devices/dev-01"}, "registryReadWrite").status, 200U);
    EXPECT_EQ(world.ask({.target = "/twins/dev-01"}, "service").status, 200U);
}

TEST_F(HubServiceTest, RefusesOtherMethods) {
    const std::vector<std::array<std::string, 3>> rows = {
        {"PUT", "/devices", "GET, POST"},
        {"POST", "/devices/dev-01", "GET, PUT, DELETE"},
        {"DELETE", "/twins/dev-01", "GET, PATCH, PUT"},
        {"GET", "/twins/dev-01/methods", "POST"},
        {"POST", "/messages/events", "GET"}};
    for (const auto& [method, target, allowed] : rows) {
        const auto reply = run(method, target);
        expect_refused(reply, 405, "GenericMethodNotAllowed");
        EXPECT_EQ(reply.header("Allow"), allowed) << target;
    }
}

TEST_F(HubServiceTest, SaysWhatItDoesNotOffer) {
    const std::vector<std::pair<std::string, std::string>> rows = {
        {"GET", "/jobs/v2/j/other"},        {"GET", "/"},
        {"GET", "/statistics/other"},       {"POST", "/twins/dev-01/modules/m/other"},
        {"GET", "/configurations/c/other"}, {"GET", "/twins/dev-01/other"},
        {"GET", "/messages/other"}};
    for (const auto& [method, target] : rows) {
        SCOPED_TRACE(target);
        expect_refused(run(method, target, "{}"), 404, "FeatureNotSupported");
    }
}

TEST_F(HubServiceTest, ReadsPathsAsClientsWriteThem) { // IOTHUB-27
    world.add_device("a:b%c#d");
    for (const auto* target : {"/Devices/a%3Ab%25c%23d", "/DEVICES/a%3ab%25c%23d/",
                               "/devices/%61:b%25c%23d", "/twins/a%3Ab%25c%23d"}) {
        const auto reply = run("GET", target);
        EXPECT_EQ(reply.status, 200U) << target << reply.body;
        EXPECT_EQ(reply.member("deviceId"), "a:b%c#d");
    }
    EXPECT_EQ(run("GET", "/devices/?top=1").json().as_array().size(), 1U); // as the C client does
    EXPECT_EQ(run("GET", "/Messages/Events/").status, 200U);
    expect_not_answered(run("POST", "/Twins/dev-01/Methods/", R"({"methodName":"go"})"), 404,
                        404103);
    expect_refused(run("GET", "/devices/DEV-01"), 404, "DeviceNotFound"); // ids are as they are
}

// ---- the registry ----

TEST_F(HubServiceTest, CreatesADeviceWithKeys) { // IOTHUB-21, IOTHUB-28, IOTHUB-29
    const std::vector<std::string> bodies = {
        R"({"deviceId":"d0"})",
        R"({"deviceId":"d1","authentication":{"symmetricKey":
            {"primaryKey":"","secondaryKey":""}}})",
        R"({"deviceId":"d2","authentication":{"type":"sas","symmetricKey":{"primaryKey":null}}})"};
    std::set<std::string> keys;
    for (std::size_t at = 0; at < bodies.size(); ++at) {
        const auto path = "/devices/d" + std::to_string(at);
        const auto reply = run("PUT", path, bodies[at]);
        ASSERT_EQ(reply.status, 200U) << reply.body;
        EXPECT_EQ(reply.header("Content-Type"), "application/json; charset=utf-8");
        EXPECT_EQ(reply.header("ETag"), '"' + text(reply.member("etag")) + '"');
        const auto pair = reply.member("authentication").at("symmetricKey");
        for (const auto* name : {"primaryKey", "secondaryKey"}) {
            EXPECT_TRUE(crypto::decode_key(text(pair.at(name)))) << reply.body;
            keys.insert(text(pair.at(name)));
        }
        const auto shown = run("GET", path);
        EXPECT_EQ(shown.body, reply.body);
        EXPECT_EQ(shown.header("ETag"), reply.header("ETag"));
    }
    EXPECT_EQ(keys.size(), 6U) << "no key twice";
}

TEST_F(HubServiceTest, KnowsWhatIsThereAndWhatIsNot) { // IOTHUB-19
    expect_refused(run("PUT", "/devices/dev-01", R"({"deviceId":"dev-01"})"), 409,
                   "DeviceAlreadyExists");
    expect_refused(run("GET", "/devices/none"), 404, "DeviceNotFound");
    expect_refused(run("DELETE", "/devices/none"), 404, "DeviceNotFound");
    expect_refused(run("GET", "/twins/none"), 404, "DeviceNotFound");
    expect_refused(run("PATCH", "/twins/none", "{}"), 404, "DeviceNotFound");
}

TEST_F(HubServiceTest, DeletesADevice) {
    const auto reply = run("DELETE", "/devices/dev-01");
    EXPECT_EQ(reply.status, 204U);
    EXPECT_EQ(reply.body, "");
    expect_refused(run("GET", "/devices/dev-01"), 404, "DeviceNotFound");
}

TEST_F(HubServiceTest, RefusesDocumentsThatAreNone) { // IOTHUB-19: `invalid/name`, among others
    const std::vector<std::string> bodies = {
        "",
        "{",
        "[]",
        "{}",
        R"({"deviceId":"d2"})",
        R"({"deviceId":"d1","deviceId":"d1"})",
        R"({"deviceId":"d1","status":"asleep"})",
        R"({"deviceId":"d1","authentication":{"symmetricKey":{"primaryKey":"short"}}})"};
    for (const auto& body : bodies) {
        SCOPED_TRACE(body);
        expect_refused(run("PUT", "/devices/d1", body), 400, "ArgumentInvalid");
        expect_refused(run_if_match("PUT", "/devices/d1", "*", body), 400, "ArgumentInvalid");
    }
    const auto name = R"({"deviceId":"invalid/name"})";
    expect_refused(run("PUT", "/devices/invalid%2Fname", name), 400, "ArgumentInvalid");
    expect_refused(run("GET", "/devices/" + std::string(129, 'd')), 400, "ArgumentInvalid");
    const auto large = R"({"deviceId":"d1","x":")" + std::string(128 * 1024, 'x') + R"("})";
    expect_refused(run("PUT", "/devices/d1", large), 413, "MessageTooLarge");
    EXPECT_EQ(run("GET", "/devices").json().as_array().size(), 1U) << "nothing was created";
}

TEST_F(HubServiceTest, TakesEveryFormOfIfMatch) { // IOTHUB-26
    const std::string body = R"({"deviceId":"dev-01","statusReason":"again"})";
    const auto old = run("GET", "/devices/dev-01").header("ETag");
    for (const auto* any : {"*", "\"*\""}) {
        const auto reply = run_if_match("PUT", "/devices/dev-01", any, body);
        EXPECT_EQ(reply.status, 200U) << reply.body;
        EXPECT_NE(reply.header("ETag"), old);
    }
    const auto quoted = run("GET", "/devices/dev-01").header("ETag");
    const auto changed = run_if_match("PUT", "/devices/dev-01", quoted, body);
    EXPECT_EQ(changed.status, 200U) << changed.body;

    for (const auto& stale : {old, quoted, std::string("other")}) {
        expect_refused(run_if_match("PUT", "/devices/dev-01", stale, body), 412,
                       "PreconditionFailed");
        expect_refused(run_if_match("DELETE", "/devices/dev-01", stale), 412, "PreconditionFailed");
    }
    EXPECT_EQ(run("GET", "/devices/dev-01").body, changed.body);
    const auto bare = text(changed.member("etag"));
    EXPECT_EQ(run_if_match("DELETE", "/devices/dev-01", bare).status, 204U);
    expect_refused(run_if_match("PUT", "/devices/dev-01", "*", body), 404, "DeviceNotFound");
}

TEST_F(HubServiceTest, ListsDevices) { // IOTHUB-28
    world.add_device("dev-02");
    const std::vector<std::pair<std::string, std::size_t>> rows = {
        {"", 2}, {"?top=1", 1}, {"?top=0", 1}, {"?top=99999999", 2}};
    for (const auto& [query, count] : rows) {
        const auto reply = run("GET", "/devices" + query);
        EXPECT_EQ(reply.header("Content-Type"), "application/json; charset=utf-8");
        ASSERT_TRUE(reply.json().is_array()) << reply.body;
        EXPECT_EQ(reply.json().as_array().size(), count) << query;
    }
    for (const auto* top : {"-1", "x", "1.5"}) {
        expect_refused(run("GET", std::string("/devices?top=") + top), 400, "ArgumentInvalid");
    }
}

// ---- twins ----

TEST_F(HubServiceTest, PatchesAndReplacesTwins) { // IOTHUB-23, IOTHUB-24, IOTHUB-28
    const auto version = [](const HttpReply& reply, const char* section) {
        return reply.member("properties").at(section).at("$version").as_int64();
    };
    report(R"({"fan":"on"})");
    const auto first = run("GET", "/twins/dev-01");
    EXPECT_EQ(first.status, 200U);
    EXPECT_EQ(first.header("Content-Type"), "application/json; charset=utf-8");
    EXPECT_EQ(first.header("ETag"), '"' + text(first.member("etag")) + '"');

    const auto filled = run("PATCH", "/twins/dev-01",
                            R"({"tags":{"site":"n"},"properties":{"desired":{"a":1,"b":2}}})");
    EXPECT_EQ(filled.status, 200U) << filled.body;
    EXPECT_EQ(version(filled, "desired"), version(first, "desired") + 1);
    EXPECT_NE(filled.header("ETag"), first.header("ETag"));

    const auto merged =
        run("PATCH", "/twins/dev-01", R"({"properties":{"desired":{"a":null,"c":3}}})");
    EXPECT_EQ(version(merged, "desired"), version(filled, "desired") + 1);
    auto desired = merged.member("properties").at("desired").as_object();
    EXPECT_FALSE(desired.contains("a"));
    EXPECT_EQ(desired.at("b"), 2);
    EXPECT_EQ(desired.at("c"), 3);
    EXPECT_EQ(to_text(merged.member("tags")), R"({"site":"n"})");
    EXPECT_EQ(run("GET", "/twins/dev-01").body, merged.body);

    const auto replaced =
        run("PUT", "/twins/dev-01", R"({"tags":{"floor":4},"properties":{"desired":{"z":0}}})");
    desired = replaced.member("properties").at("desired").as_object();
    EXPECT_FALSE(desired.contains("b"));
    EXPECT_EQ(desired.at("z"), 0);
    EXPECT_EQ(to_text(replaced.member("tags")), R"({"floor":4})");
    EXPECT_EQ(replaced.member("properties").at("reported").at("fan"), "on");
    EXPECT_EQ(version(replaced, "reported"), version(first, "reported"));
    EXPECT_EQ(version(replaced, "desired"), version(merged, "desired") + 1);
}

TEST_F(HubServiceTest, ChecksTheEtagOfATwin) { // IOTHUB-23, IOTHUB-26
    const std::string body = R"({"tags":{"site":"n"}})";
    const auto old = run("GET", "/twins/dev-01").header("ETag");
    EXPECT_EQ(run_if_match("PATCH", "/twins/dev-01", old, body).status, 200U);
    for (const auto* method : {"PATCH", "PUT"}) {
        const auto stale = run_if_match(method, "/twins/dev-01", old, R"({"tags":{"site":"s"}})");
        expect_refused(stale, 412, "PreconditionFailed");
        EXPECT_EQ(run_if_match(method, "/twins/dev-01", "*", body).status, 200U);
        EXPECT_EQ(run_if_match(method, "/twins/dev-01", "\"*\"", body).status, 200U);
    }
    EXPECT_EQ(to_text(run("GET", "/twins/dev-01").member("tags")), R"({"site":"n"})");
}

TEST_F(HubServiceTest, RefusesTwinsThatAreNone) {
    const auto before = run("GET", "/twins/dev-01").body;
    for (const auto* method : {"PATCH", "PUT"}) {
        for (const auto* body : {"", "{", "[]", R"({"tags":1})", R"({"tags":{},"tags":{}})",
                                 R"({"properties":{"desired":{"$x":1}}})"}) {
            expect_refused(run(method, "/twins/dev-01", body), 400, "ArgumentInvalid");
        }
        const auto large = R"({"tags":{"x":")" + std::string(128 * 1024, 'x') + R"("}})";
        expect_refused(run(method, "/twins/dev-01", large), 413, "MessageTooLarge");
    }
    EXPECT_EQ(run("GET", "/twins/dev-01").body, before);
}

// ---- methods ----

const HttpAsk invocation{.method = "POST",
                         .target = "/twins/dev-01/methods",
                         .body = R"({"methodName":"go","payload":{"x":1},)"
                                 R"("responseTimeoutInSeconds":20,"connectTimeoutInSeconds":10})"};

TEST_F(HubServiceTest, AnswersWithWhatTheDeviceSaid) { // IOTHUB-17, IOTHUB-28
    HubDevice device(world);
    device.connect();
    device.subscribe({hub_filters::methods});
    auto wire = begin(invocation);
    EXPECT_EQ(end(wire).status, 0U) << "not yet";
    const auto request = device.settle();
    Pattern known;
    ASSERT_TRUE(known.matches("<*>$iothub/methods/POST/go/?$rid=<rid> <*>", request)) << request;
    device.publish("$iothub/methods/res/201/?$rid=" + known["rid"], R"({"y":[2]})");
    const auto reply = end(wire);
    EXPECT_EQ(reply.status, 200U) << reply.body;
    EXPECT_EQ(reply.header("Content-Type"), "application/json; charset=utf-8");
    EXPECT_EQ(reply.body, R"({"status":201,"payload":{"y":[2]}})");
}

TEST_F(HubServiceTest, TellsAnOfflineDeviceFromASilentOne) { // IOTHUB-17
    auto offline = begin(invocation);
    world.timers.advance(std::chrono::milliseconds(9'999));
    EXPECT_EQ(end(offline).status, 0U) << "the connect timeout is 10 s";
    world.timers.advance(std::chrono::milliseconds(1));
    const auto away = end(offline);
    expect_not_answered(away, 404, 404103);
    EXPECT_EQ(away.header("iothub-errorcode"), "DeviceNotOnline");

    HubDevice device(world);
    device.connect();
    device.subscribe({hub_filters::methods});
    auto unanswered = begin(invocation);
    world.timers.advance(std::chrono::milliseconds(19'999));
    EXPECT_EQ(end(unanswered).status, 0U) << "the response timeout is 20 s";
    world.timers.advance(std::chrono::milliseconds(1));
    const auto silent = end(unanswered);
    expect_not_answered(silent, 504, 504101);
    EXPECT_EQ(silent.header("iothub-errorcode"), "GatewayTimeout");
}

TEST_F(HubServiceTest, RefusesInvocationsThatCannotBe) {
    const std::string path = "/twins/dev-01/methods";
    const auto unknown = run("POST", "/twins/none/methods", R"({"methodName":"go"})");
    expect_refused(unknown, 404, "DeviceNotFound"); // 404001
    expect_refused(run("POST", "/twins/a%2Fb/methods", "{}"), 400, "ArgumentInvalid");
    for (const auto* body : {"", "{", "{}", R"({"methodName":""})", R"({"methodName":"a/b"})",
                             R"({"methodName":"a","methodName":"a"})",
                             R"({"methodName":"a","responseTimeoutInSeconds":4})",
                             R"({"methodName":"a","connectTimeoutInSeconds":301})"}) {
        SCOPED_TRACE(body);
        expect_refused(run("POST", path, body), 400, "ArgumentInvalid");
    }
    const auto sized = [](std::size_t bytes) {
        return R"({"methodName":"a","payload":")" + std::string(bytes, 'x') + R"("})";
    };
    expect_refused(run("POST", path, sized(192 * 1024)), 413, "MessageTooLarge");
    expect_not_answered(run("POST", path, sized(128 * 1024)), 413, 413001);
    EXPECT_EQ(world.hub.methods().in_flight(), 0U);
}

} // namespace
} // namespace muster::gateway
