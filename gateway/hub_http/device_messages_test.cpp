// The device HTTPS API (reference: iothub A.12) and the service's side of messages.

#include "gateway/hub_http/event_batch.h"
#include "gateway/hub_world.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace muster::gateway {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class HubDeviceHttp : public testing::Test {
  protected:
    HttpReply as_device(HttpAsk ask, std::string_view id = "dev-01") {
        ask.headers.push_back({"Authorization", world.device_token(id)});
        return world.ask(std::move(ask), "");
    }

    HttpReply send(std::string body, std::vector<session::HttpHeader> headers = {},
                   std::string query = "") {
        headers.push_back({"iothub-to", "/devices/dev-01/messages/devicebound"});
        return world.ask({.method = "POST",
                          .target = "/messages/deviceBound" + query,
                          .headers = std::move(headers),
                          .body = std::move(body)},
                         "service");
    }

    HttpReply receive() { return as_device({.target = "/devices/dev-01/messages/devicebound"}); }

    static std::string lock_of(const HttpReply& reply) {
        const auto etag = reply.header("ETag");
        EXPECT_THAT(etag, testing::MatchesRegex("\"[0-9a-f-]{36}\""));
        return etag.substr(1, etag.size() - 2);
    }

    HttpReply settle(const std::string& method, const std::string& rest) {
        return as_device(
            {.method = method, .target = "/devices/dev-01/messages/DeviceBound/" + rest});
    }

    static void expect_refused(const HttpReply& reply, unsigned status, const std::string& name) {
        EXPECT_EQ(reply.status, status) << reply.body;
        EXPECT_EQ(reply.header("iothub-errorcode"), name);
        EXPECT_THAT(to_text(reply.member("Message")), StartsWith("\"ErrorCode:" + name + ";"));
    }

    HubWorld world;
};

// ---- events ----

TEST_F(HubDeviceHttp, AnEventIsStoredWithItsProperties) {
    const auto reply = as_device({.method = "POST",
                                  .target = "/Devices/dev-01/Messages/Events/",
                                  .headers = {{"iothub-to", "/devices/dev-01/messages/events"},
                                              {"iothub-app-Level", "7"},
                                              {"IoTHub-MessageId", "m1"},
                                              {"iothub-contenttype", "application/json"},
                                              {"iothub-contentencoding", "utf-8"}},
                                  .body = "{}"});
    EXPECT_EQ(reply.status, 204U); // IOTHUB-27
    const auto messages = world.messages();
    ASSERT_EQ(messages.size(), 1U);
    EXPECT_EQ(messages[0].body, "{}");
    EXPECT_EQ(
        messages[0].properties,
        (topics::Properties{
            {"Level", "7"}, {"$.mid", "m1"}, {"$.ct", "application/json"}, {"$.ce", "utf-8"}}));
    EXPECT_THAT(messages[0].auth_method, HasSubstr(R"("scope":"device")"));
    EXPECT_FALSE(world.hub.get_device(DeviceId("dev-01"))->presence.connected);
}

TEST_F(HubDeviceHttp, ABatchIsStoredInOrder) {
    const auto reply = as_device(
        {.method = "POST",
         .target = "/devices/dev-01/messages/events",
         .headers = {{"Content-Type", "application/vnd.microsoft.iothub.json"}},
         .body = R"([{"body":"YQ==","properties":{"iothub-app-k":"v","iothub-messageid":"1"}},)"
                 R"({"body":"b","base64Encoded":false},{"body":"Yw==","base64Encoded":true}])"});
    EXPECT_EQ(reply.status, 204U);
    EXPECT_EQ(world.bodies(), (std::vector<std::string>{"a", "b", "c"}));
    EXPECT_EQ(world.messages()[0].properties, (topics::Properties{{"k", "v"}, {"$.mid", "1"}}));
}

TEST_F(HubDeviceHttp, ABrokenBatchStoresNothing) {
    for (const std::string body :
         {"", "{}", "[]", "[1]", R"([{"body":"YQ=="},{}])", R"([{"body":1}])", R"([{"body":"*"}])",
          R"([{"body":"YQ==","base64Encoded":1}])", R"([{"body":"YQ==","properties":[]}])",
          R"([{"body":"YQ==","properties":{"k":1}}])"}) {
        const auto reply =
            as_device({.method = "POST",
                       .target = "/devices/dev-01/messages/events",
                       .headers = {{"Content-Type", "application/vnd.microsoft.iothub.json"}},
                       .body = body});
        expect_refused(reply, 400, "ArgumentInvalid");
    }
    EXPECT_TRUE(world.messages().empty());
}

TEST_F(HubDeviceHttp, ABatchHasABound) {
    std::string body = "[";
    for (int count = 0; count < 1000; ++count) {
        body += R"({"body":""},)";
    }
    body.back() = ']';
    EXPECT_EQ(parse_event_batch(body)->size(), 1000U);
    body.back() = ',';
    EXPECT_EQ(parse_event_batch(body + R"({"body":""}])").error().code, Code::too_large);
}

TEST_F(HubDeviceHttp, AnEventWithItsPropertiesHasABound) {
    const auto post = [&](std::size_t body, std::size_t property) {
        return as_device({.method = "POST",
                          .target = "/devices/dev-01/messages/events",
                          .headers = {{"iothub-app-k", std::string(property, 'v')}},
                          .body = std::string(body, 'b')});
    };
    EXPECT_EQ(post(256 * 1024 - 11, 10).status, 204U);
    expect_refused(post(256 * 1024 - 11, 11), 413, "MessageTooLarge");
}

TEST_F(HubDeviceHttp, OnlyTheDeviceItselfIsHeard) {
    const HttpAsk ask{.method = "POST", .target = "/devices/dev-01/messages/events"};
    expect_refused(world.ask(ask, ""), 401, "IotHubUnauthorized");
    expect_refused(world.ask(ask, "service"), 401, "IotHubUnauthorized");
    EXPECT_EQ(world.ask(ask, "device").status, 204U); // a policy on its behalf
    world.add_device("dev-02");
    expect_refused(as_device(ask, "dev-02"), 401, "IotHubUnauthorized");
    world.disable("dev-01");
    expect_refused(as_device(ask), 401, "IotHubUnauthorized");
    world.erase("dev-01");
    expect_refused(as_device(ask), 401, "IotHubUnauthorized"); // C.4: never a 5xx
    EXPECT_EQ(world.messages().size(), 1U);
}

// ---- messages ----

TEST_F(HubDeviceHttp, AMessageIsReceivedAndCompleted) {
    const auto sent = send("on", {{"IoTHub-MessageId", "m1"},
                                  {"iothub-correlationid", "c1"},
                                  {"iothub-userid", "u1"},
                                  {"iothub-ack", "full"},
                                  {"iothub-expiry", "2030-01-02T04:04:05Z"},
                                  {"iothub-contenttype", "text/plain"},
                                  {"iothub-contentencoding", "utf-8"},
                                  {"iothub-app-site", "north"}});
    EXPECT_EQ(sent.status, 200U);
    EXPECT_EQ(sent.body, R"({"sequenceNumber":1,"messageId":"m1"})");
    const auto reply = receive();
    ASSERT_EQ(reply.status, 200U);
    EXPECT_EQ(reply.body, "on");
    // The names as A.12 spells them.
    for (const auto& [name, value] :
         std::vector<session::HttpHeader>{{"iothub-messageid", "m1"},
                                          {"iothub-correlationid", "c1"},
                                          {"iothub-userid", "u1"},
                                          {"iothub-to", "/devices/dev-01/messages/devicebound"},
                                          {"iothub-expiry", "2030-01-02T04:04:05.0000000Z"},
                                          {"iothub-ack", "full"},
                                          {"iothub-sequencenumber", "1"},
                                          {"iothub-enqueuedtime", "2030-01-02T03:04:05.0000000Z"},
                                          {"iothub-deliverycount", "0"},
                                          {"iothub-app-site", "north"},
                                          {"ContentType", "text/plain"},
                                          {"ContentEncoding", "utf-8"}}) {
        EXPECT_EQ(reply.header(name), value) << name;
    }
    EXPECT_EQ(receive().status, 204U); // the only one is locked
    EXPECT_EQ(settle("DELETE", lock_of(reply)).status, 204U);
    expect_refused(settle("DELETE", lock_of(reply)), 412, "DeviceMessageLockLost");
    EXPECT_EQ(world.stores.messages.records().size(), 1U);
}

TEST_F(HubDeviceHttp, AMessageIsRejected) {
    // Node sends `reject` bare and behind, the CLI `reject=`. IOTHUB-27
    for (const std::string form : {"?api-version=2021-04-12&reject", "?reject=", "?reject"}) {
        send("on", {{"iothub-ack", "negative"}});
        EXPECT_EQ(settle("DELETE", lock_of(receive()) + form).status, 204U);
    }
    ASSERT_EQ(world.stores.messages.records().size(), 3U);
    EXPECT_EQ(world.stores.messages.records()[0].end, hub::MessageEnd::rejected);
}

TEST_F(HubDeviceHttp, AMessageIsAbandoned) {
    send("on");
    EXPECT_EQ(settle("POST", lock_of(receive()) + "/abandon").status, 204U);
    EXPECT_EQ(receive().header("iothub-deliverycount"), "1");
}

TEST_F(HubDeviceHttp, ALockLastsAsLongAsItWasAskedFor) {
    send("on");
    const auto with_time = [&](std::string target, std::vector<session::HttpHeader> headers) {
        return as_device({.target = std::move(target), .headers = std::move(headers)});
    };
    const std::string target = "/devices/dev-01/messages/devicebound";
    const auto first = with_time(target, {{"IotHub-MessageLockTimeout", "5"}});
    world.clock.advance(std::chrono::seconds(5));
    expect_refused(settle("DELETE", lock_of(first)), 412, "DeviceMessageLockLost");
    const auto second = with_time(target + "?iothub-messagelocktimeout=90", {});
    world.clock.advance(std::chrono::seconds(89));
    EXPECT_EQ(settle("DELETE", lock_of(second)).status, 204U);
    expect_refused(with_time(target, {{"IotHub-MessageLockTimeout", "soon"}}), 400,
                   "ArgumentInvalid");
}

TEST_F(HubDeviceHttp, WrongMethodsAndPathsAreRefused) {
    for (const auto& [method, path] : std::vector<std::pair<std::string, std::string>>{
             {"GET", "/devices/dev-01/messages/events"},
             {"POST", "/devices/dev-01/messages/devicebound"},
             {"GET", "/devices/dev-01/messages/devicebound/lock"},
             {"GET", "/devices/dev-01/messages/devicebound/lock/abandon"},
             {"GET", "/messages/devicebound"},
             {"GET", "/devices/dev-01/commands"},
             {"POST", "/messages/servicebound/feedback"},
             {"GET", "/devices/dev-01/files"}}) {
        EXPECT_EQ(world.ask({.method = method, .target = path}).status, 405U) << path;
    }
    for (const std::string path :
         {"/devices/dev-01/messages/other", "/devices/dev-01/messages/devicebound/l/other",
          "/devices/dev-01/messages/devicebound/l/abandon/more", "/devices/dev-01/files/other",
          "/messages/servicebound/feedback/l/other"}) {
        EXPECT_EQ(world.ask({.method = "POST", .target = path}).status, 404U) << path;
    }
}

TEST_F(HubDeviceHttp, FilesHaveNoPlaceToGo) {
    const auto post = [&](std::string target) {
        return as_device({.method = "POST", .target = std::move(target), .body = "{}"});
    };
    expect_refused(post("/devices/dev-01/files"), 400, "DefaultStorageEndpointNotConfigured");
    expect_refused(post("/devices/dev-01/files/"), 400, "DefaultStorageEndpointNotConfigured");
    expect_refused(post("/devices/dev-01/files/notifications/abc"), 400,
                   "InvalidFileUploadCorrelationId");
    expect_refused(world.ask({.method = "POST", .target = "/devices/dev-01/files"}, ""), 401,
                   "IotHubUnauthorized");
}

// ---- the service's side ----

TEST_F(HubDeviceHttp, SendingIsRefusedWithItsReason) {
    const auto to = [&](std::string address) {
        return world.ask({.method = "POST",
                          .target = "/messages/devicebound",
                          .headers = {{"iothub-to", std::move(address)}}});
    };
    expect_refused(to("/devices/nobody/messages/devicebound"), 404, "DeviceNotFound");
    for (const std::string wrong :
         {"", "dev-01", "/devices/dev-01", "/devices/%zz/messages/devicebound",
          "/devices//messages/devicebound", "/devices/dev-01/modules/m/messages/devicebound"}) {
        expect_refused(to(wrong), 400, "ArgumentInvalid");
    }
    EXPECT_EQ(to("/Devices/dev%2D01/Messages/deviceBound").status, 200U);
    expect_refused(send("", {{"iothub-ack", "often"}}), 400, "ArgumentInvalid");
    expect_refused(send("", {{"iothub-expiry", "2030-01-05T00:00:00Z"}}), 403,
                   "InvalidMessageExpiryTime");
    expect_refused(send("", {}, "?timeToLive=172801"), 403, "InvalidMessageExpiryTime");
    expect_refused(send(std::string(65'537, 'b')), 413, "MessageTooLarge");
    for (int count = 1; count < 50; ++count) {
        EXPECT_EQ(send("x").status, 200U);
    }
    expect_refused(send("x"), 403, "DeviceMaximumQueueDepthExceeded");
}

TEST_F(HubDeviceHttp, SendingNeedsTheServicesRight) {
    const HttpAsk ask{.method = "POST", .target = "/messages/devicebound"};
    expect_refused(world.ask(ask, "registryRead"), 401, "IotHubUnauthorizedAccess");
    expect_refused(world.ask(ask, ""), 401, "IotHubUnauthorized");
    const HttpAsk purge{.method = "DELETE", .target = "/devices/dev-01/commands"};
    expect_refused(world.ask(purge, "device"), 401, "IotHubUnauthorizedAccess");
    const HttpAsk feedback{.target = "/messages/servicebound/feedback"};
    expect_refused(world.ask(feedback, "device"), 401, "IotHubUnauthorizedAccess");
}

TEST_F(HubDeviceHttp, AQueueIsPurged) {
    send("a", {{"iothub-ack", "full"}});
    send("b");
    const auto count = [&] {
        return world.ask({.target = "/devices/dev-01"}).member("cloudToDeviceMessageCount");
    };
    EXPECT_EQ(count(), Json(2));
    EXPECT_EQ(world.ask({.target = "/twins/dev-01"}).member("cloudToDeviceMessageCount"), Json(2));
    EXPECT_EQ(world.ask({.method = "DELETE", .target = "/devices/dev-01/commands"}).body,
              R"({"totalMessagesPurged":2,"deviceId":"dev-01","moduleId":null})");
    EXPECT_EQ(count(), Json(0));
    expect_refused(world.ask({.method = "DELETE", .target = "/devices/nobody/commands"}), 404,
                   "DeviceNotFound");
}

TEST_F(HubDeviceHttp, FeedbackComesInBatchesUnderALock) {
    const std::string feedback = "/messages/serviceBound/feedback";
    EXPECT_EQ(world.ask({.target = feedback}).status, 204U);
    send("a", {{"iothub-ack", "full"}, {"iothub-messageid", "m1"}});
    settle("DELETE", lock_of(receive()));
    const auto generation = world.hub.get_device(DeviceId("dev-01"))->device.generation_id;
    const auto batch = world.ask({.target = feedback});
    ASSERT_EQ(batch.status, 200U);
    EXPECT_EQ(batch.body, R"([{"originalMessageId":"m1","deviceGenerationId":")" + generation +
                              R"(","deviceId":"dev-01",)"
                              R"("enqueuedTimeUtc":"2030-01-02T03:04:05.0000000Z",)"
                              R"("statusCode":"Success","description":"Success"}])");
    EXPECT_EQ(batch.header("iothub-userid"), "hub1.example.org");
    EXPECT_EQ(world.ask({.target = feedback}).status, 204U); // locked
    const std::string locked = feedback + '/' + lock_of(batch);
    EXPECT_EQ(world.ask({.method = "POST", .target = locked + "/abandon"}).status, 204U);
    expect_refused(world.ask({.method = "DELETE", .target = locked}), 412, "DeviceMessageLockLost");
    const auto again = world.ask({.target = feedback});
    EXPECT_EQ(world.ask({.method = "DELETE", .target = feedback + '/' + lock_of(again)}).status,
              204U);
    EXPECT_TRUE(world.stores.messages.records().empty());
}

} // namespace
} // namespace muster::gateway
