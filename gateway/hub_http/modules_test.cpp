// Modules, keys and statistics over HTTPS (iothub B.1, B.6 to B.8, B.13, B.17).

#include "gateway/hub_world.h"

#include <gtest/gtest.h>

namespace muster::gateway {
namespace {

class HubModulesTest : public testing::Test {
  protected:
    HttpReply run(std::string method, std::string target, std::string body = {},
                  std::string if_match = {}) {
        HttpAsk ask{
            .method = std::move(method), .target = std::move(target), .body = std::move(body)};
        if (!if_match.empty()) {
            ask.headers.push_back({"If-Match", std::move(if_match)});
        }
        return world.ask(std::move(ask));
    }

    static std::string status_of(const HttpReply& reply) {
        return std::to_string(reply.status) + ' ' + reply.header("iothub-errorcode");
    }

    std::string outcome(std::string method, std::string target, std::string body = {},
                        std::string if_match = {}) {
        return status_of(
            run(std::move(method), std::move(target), std::move(body), std::move(if_match)));
    }

    HttpReply create(std::string module) {
        const auto reply = run("PUT", "/devices/dev-01/modules/" + module,
                               R"({"deviceId":"dev-01","moduleId":")" + module + "\"}");
        EXPECT_EQ(reply.status, 200U) << reply.body; // IOTHUB-29
        return reply;
    }

    HubWorld world;
};

const std::string cam = "/devices/dev-01/modules/cam";
const std::string cam_document = R"({"deviceId":"dev-01","moduleId":"cam","managedBy":"me"})";

// IOTHUB-20: the members of B.6, no null dates.
TEST_F(HubModulesTest, ShowsWhatTheReferenceShows) {
    const auto made = run("PUT", cam, cam_document);
    EXPECT_EQ(made.status, 200U);
    const JsonObject document = parse_json_object(made.body).value();
    std::string names;
    for (const auto& member : document) {
        names += std::string(member.key()) + ' ';
    }
    EXPECT_EQ(names, "moduleId managedBy deviceId generationId etag connectionState "
                     "connectionStateUpdatedTime lastActivityTime cloudToDeviceMessageCount "
                     "authentication ");
    EXPECT_EQ(document.at("managedBy"), "me");
    EXPECT_EQ(document.at("lastActivityTime"), "0001-01-01T00:00:00Z");
    EXPECT_EQ(document.at("authentication").at("type"), "sas");
    EXPECT_FALSE(
        document.at("authentication").at("symmetricKey").at("primaryKey").as_string().empty());
    EXPECT_EQ(made.header("ETag"), '"' + std::string(document.at("etag").as_string()) + '"');
    EXPECT_EQ(run("GET", cam).body, made.body);
    EXPECT_EQ(run("GET", "/devices/dev-01/modules").body, '[' + made.body + ']');
}

TEST_F(HubModulesTest, FollowTheTableOfIfMatch) { // IOTHUB-26
    EXPECT_EQ(outcome("PUT", cam, cam_document, "*"), "404 ModuleNotFound");
    EXPECT_EQ(outcome("PUT", cam, cam_document), "200 ");
    EXPECT_EQ(outcome("PUT", cam, cam_document), "409 ModuleAlreadyExistsOnDevice");
    EXPECT_EQ(outcome("PUT", cam, cam_document, "\"*\""), "200 ");
    EXPECT_EQ(outcome("PUT", cam, cam_document, "\"x\""), "412 PreconditionFailed");
    EXPECT_EQ(outcome("PUT", cam, cam_document, run("GET", cam).header("ETag")), "200 ");
    EXPECT_EQ(outcome("DELETE", cam, {}, "\"x\""), "412 PreconditionFailed");
    EXPECT_EQ(outcome("DELETE", cam, {}, "*"), "204 ");
    EXPECT_EQ(outcome("DELETE", cam), "404 ModuleNotFound");
    EXPECT_EQ(outcome("GET", cam), "404 ModuleNotFound");
}

TEST_F(HubModulesTest, AreRefusedByName) {
    const std::string nobody = "/devices/nobody/modules";
    EXPECT_EQ(outcome("GET", nobody), "404 DeviceNotFound");
    EXPECT_EQ(outcome("GET", nobody + "/cam"), "404 DeviceNotFound");
    EXPECT_EQ(outcome("PUT", nobody + "/cam", R"({"deviceId":"nobody","moduleId":"cam"})"),
              "404 DeviceNotFound");
    EXPECT_EQ(outcome("PUT", cam, R"({"deviceId":"dev-02","moduleId":"cam"})"),
              "400 ArgumentInvalid");
    EXPECT_EQ(outcome("PUT", cam, R"({"deviceId":"dev-01"})"), "400 ArgumentInvalid");
    EXPECT_EQ(outcome("PUT", "/devices/dev-01", cam_document), "400 ArgumentInvalid");
    EXPECT_EQ(outcome("GET", "/devices/dev-01/modules/a%2Fb"), "400 ArgumentInvalid");
    EXPECT_EQ(outcome("POST", cam), "405 GenericMethodNotAllowed");
    EXPECT_EQ(outcome("PUT", "/devices/dev-01/modules"), "405 GenericMethodNotAllowed");
    for (int at = 0; at < 50; ++at) {
        create("m" + std::to_string(at));
    }
    EXPECT_EQ(outcome("PUT", cam, cam_document), "413 TooManyModulesOnDevice");
}

TEST_F(HubModulesTest, TakePercentEncodedIds) { // IOTHUB-27
    EXPECT_EQ(outcome("PUT", "/Devices/dev-01/Modules/a%3Ab%25c",
                      R"({"deviceId":"dev-01","moduleId":"a:b%c"})"),
              "200 ");
    EXPECT_EQ(outcome("GET", "/twins/dev-01/modules/a%3Ab%25c"), "200 ");
}

TEST_F(HubModulesTest, SystemModulesComeWithEdgeDevices) {
    const auto edge =
        run("PUT", "/devices/e1", R"({"deviceId":"e1","capabilities":{"iotEdge":true}})");
    EXPECT_EQ(edge.status, 200U);
    const std::string scope(edge.member("deviceScope").as_string());
    EXPECT_TRUE(scope.starts_with("ms-azure-iot-edge://e1-"));
    EXPECT_EQ(outcome("GET", "/devices/e1/modules/$edgeAgent"), "200 ");
    EXPECT_EQ(outcome("DELETE", "/devices/e1/modules/%24edgeHub"),
              "401 SystemModuleModifyUnauthorizedAccess");
    EXPECT_EQ(outcome("PUT", "/devices/dev-01/modules/$edgeHub",
                      R"({"deviceId":"dev-01","moduleId":"$edgeHub"})"),
              "401 SystemModuleModifyUnauthorizedAccess");
    EXPECT_EQ(outcome("PUT", "/devices/l1", R"({"deviceId":"l1","deviceScope":"random"})"),
              "400 InvalidDeviceScope");
    EXPECT_EQ(outcome("PUT", "/devices/l1", R"({"deviceId":"l1","deviceScope":")" + scope + "\"}"),
              "200 ");
    EXPECT_EQ(outcome("PUT", "/devices/l1", R"({"deviceId":"l1","deviceScope":"random"})", "*"),
              "400 InvalidDeviceScope");
}

TEST_F(HubModulesTest, HaveTwins) { // IOTHUB-23
    create("cam");
    const std::string twin = "/twins/dev-01/modules/cam";
    const auto read = run("GET", twin);
    EXPECT_EQ(read.status, 200U);
    EXPECT_TRUE(read.body.starts_with(R"({"deviceId":"dev-01","moduleId":"cam","etag":)"));
    EXPECT_FALSE(read.header("ETag").empty());
    const auto patched = run("PATCH", twin, R"({"properties":{"desired":{"a":1}}})");
    EXPECT_EQ(patched.status, 200U);
    EXPECT_EQ(patched.member("properties").at("desired").at("$version"), 2);
    EXPECT_EQ(outcome("PUT", twin, R"({"tags":{"x":1}})", "\"AAAA\""), "412 PreconditionFailed");
    EXPECT_EQ(outcome("PUT", twin, R"({"tags":{"x":1}})", patched.header("ETag")), "200 ");
    EXPECT_EQ(outcome("GET", "/twins/dev-01/modules/other"), "404 ModuleNotFound");
    EXPECT_EQ(outcome("GET", "/twins/nobody/modules/cam"), "404 DeviceNotFound");
    EXPECT_EQ(outcome("DELETE", twin), "405 GenericMethodNotAllowed");
    EXPECT_EQ(to_text(world.hub.get_twin(DeviceId("dev-01"))->twin.tags), "{}");
}

TEST_F(HubModulesTest, HaveMethods) { // IOTHUB-17
    create("cam");
    const std::string methods = "/twins/dev-01/modules/cam/methods";
    EXPECT_EQ(outcome("POST", methods, R"({"methodName":"m"})"), "404 DeviceNotOnline");
    EXPECT_EQ(outcome("POST", "/twins/dev-01/modules/other/methods", R"({"methodName":"m"})"),
              "404 ModuleNotFound");
    EXPECT_EQ(outcome("GET", methods), "405 GenericMethodNotAllowed");
}

TEST_F(HubModulesTest, InBulk) { // IOTHUB-22
    const auto created = run("POST", "/devices",
                             R"([{"id":"dev-01","moduleId":"cam","importMode":"create",
            "tags":{"x":1},"properties":{"desired":{},"reported":{"fw":2}}},
        {"id":"dev-01","moduleId":"arm","importMode":"create"}])");
    EXPECT_EQ(created.body, R"({"isSuccessful":true,"errors":[],"warnings":[]})");
    const auto again = run("POST", "/devices",
                           R"([{"id":"dev-01","moduleId":"cam","importMode":"create"},
        {"id":"dev-01","moduleId":"new","importMode":"update"}])");
    EXPECT_EQ(again.status, 400U);
    EXPECT_EQ(again.member("errors").at(0).at("errorCode"), "ModuleAlreadyExistsOnDevice");
    EXPECT_EQ(again.member("errors").at(1).at("errorCode"), "ModuleNotFound");
    EXPECT_EQ(again.member("errors").at(1).at("moduleId"), "new");
    EXPECT_EQ(outcome("POST", "/devices",
                      R"([{"id":"dev-01","moduleId":"cam"},{"id":"dev-01","moduleId":"cam"}])"),
              "400 DeviceDefinedMultipleTimes");
}

TEST_F(HubModulesTest, WarnOfATwinThatCouldNotBeChanged) {
    const auto reply = run("POST", "/devices", R"([{"id":"dev-01","tags":{"a":1},
        "status":"disabled","statusReason":"moving out 4f3a9c0d11223344"}])");
    EXPECT_EQ(reply.status, 200U);
    EXPECT_EQ(reply.member("warnings").at(0).at("deviceId"), "dev-01");
    EXPECT_EQ(reply.member("warnings").at(0).at("warningCode"), "DeviceRegisteredWithoutTwin");
}

// ---- statistics ----

TEST_F(HubModulesTest, AreNoDevicesInStatistics) {
    world.add_device("dev-02");
    world.disable("dev-02");
    create("cam");
    EXPECT_EQ(run("GET", "/statistics/devices").body,
              R"({"totalDeviceCount":2,"enabledDeviceCount":1,"disabledDeviceCount":1})");
    EXPECT_EQ(run("GET", "/Statistics/Service").body, R"({"connectedDeviceCount":0})");
    HubDevice device(world);
    device.connect();
    EXPECT_EQ(run("GET", "/statistics/service").body, R"({"connectedDeviceCount":1})");
    EXPECT_EQ(outcome("POST", "/statistics/devices"), "405 GenericMethodNotAllowed");
    for (const auto* policy : {"service", "registryRead"}) {
        EXPECT_EQ(world.ask({.method = "GET", .target = "/statistics/service"}, policy).status,
                  200U);
    }
    EXPECT_EQ(world.ask({.method = "GET", .target = "/statistics/service"}, "device").status, 401U);
    EXPECT_EQ(world.ask({.method = "GET", .target = "/statistics/devices"}, "service").status,
              401U);
}

// ---- new keys ----

TEST_F(HubModulesTest, KeysAreMadeAnew) {
    create("cam");
    HubDevice device(world);
    device.connect();
    const auto before = world.hub.get_device(DeviceId("dev-01"))->device.authentication;
    const auto reply = run("POST", "/devices/keys/regenerate",
                           R"({"policyKey":"primaryKey",)"
                           R"("devices":[{"id":"dev-01"},{"id":"dev-01","moduleId":"cam"}]})");
    EXPECT_EQ(reply.status, 200U);
    EXPECT_EQ(reply.body, R"({"policyKey":"primaryKey","rotatedKeys":[)"
                          R"({"id":"dev-01","moduleId":null},{"id":"dev-01","moduleId":"cam"}],)"
                          R"("errors":[]})");
    const auto after = world.hub.get_device(DeviceId("dev-01"))->device.authentication;
    EXPECT_NE(after.primary_key, before.primary_key);
    EXPECT_EQ(after.secondary_key, before.secondary_key);
    device.settle();
    EXPECT_TRUE(device.is_cut()); // IOTHUB-34
}

TEST_F(HubModulesTest, SomeOrAllKeysMayStayAsTheyAre) {
    const std::string path = "/devices/keys/regenerate";
    const auto some = run("POST", path,
                          R"({"policyKey":"both","devices":[{"id":"dev-01"},{"id":"nobody"},
                              {"id":"dev-01","moduleId":"x"},{"id":"a/b"}]})");
    EXPECT_EQ(status_of(some), "207 ");
    EXPECT_EQ(some.member("rotatedKeys").as_array().size(), 1U);
    EXPECT_EQ(some.member("errors").at(0).at("errorCode"), "DeviceNotFound");
    EXPECT_EQ(some.member("errors").at(1).at("errorCode"), "ModuleNotFound");
    EXPECT_EQ(some.member("errors").at(1).at("moduleId"), "x");
    EXPECT_EQ(some.member("errors").at(2).at("errorCode"), "DeviceNotFound") << "nor can there be";
    EXPECT_EQ(outcome("POST", path, R"({"policyKey":"both","devices":[{"id":"nobody"}]})"),
              "400 BulkRegenerateDeviceKeyOperationFailure");
    EXPECT_EQ(outcome("POST", path, R"({"policyKey":"third","devices":[{"id":"dev-01"}]})"),
              "400 InvalidPolicyKey");
    std::string many;
    for (int at = 0; at < 101; ++at) {
        many += std::string(at == 0 ? "" : ",") + R"({"id":"dev-01"})";
    }
    for (const std::string& body :
         {std::string("[]"), std::string(R"({"policyKey":"both","devices":[]})"),
          std::string(R"({"policyKey":"both","devices":[7]})"),
          R"({"policyKey":"both","devices":[)" + many + "]}"}) {
        EXPECT_EQ(outcome("POST", path, body), "400 ArgumentInvalid") << body.substr(0, 60);
    }
    EXPECT_EQ(outcome("GET", path), "405 GenericMethodNotAllowed");
    EXPECT_EQ(world.ask({.method = "POST", .target = path}, "registryRead").status, 401U);
}

} // namespace
} // namespace muster::gateway
