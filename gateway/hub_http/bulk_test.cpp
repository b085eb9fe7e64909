// `POST /devices` and what else a mover of devices asks a hub, over HTTPS (iothub B.5, B.6).

#include "gateway/hub_world.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace muster::gateway {
namespace {

class HubBulkTest : public testing::Test {
  protected:
    HttpReply post(std::string body) {
        return world.ask({.method = "POST", .target = "/devices", .body = std::move(body)});
    }

    HttpReply run(std::string method, std::string target, std::string body = {}) {
        return world.ask(
            {.method = std::move(method), .target = std::move(target), .body = std::move(body)});
    }

    static std::string status_of(const HttpReply& reply) {
        return std::to_string(reply.status) + ' ' + reply.header("iothub-errorcode");
    }

    HubWorld world;
};

// IOTHUB-22: the entry of the reference.
TEST_F(HubBulkTest, CreatesAnIdentityWithItsTwin) {
    const auto reply = post(
        R"([{"id":"dev-02","moduleId":null,"eTag":"NDcw","importMode":"create","status":"enabled",
             "statusReason":null,"authentication":{"type":"sas","symmetricKey":
             {"primaryKey":"","secondaryKey":""}},"twinETag":null,"tags":{"site":"north"},
             "properties":{"desired":{"period":30},"reported":{"fw":1}},
             "capabilities":{"iotEdge":false},"deviceScope":null,"parentScopes":[]}])");
    EXPECT_EQ(reply.status, 200U);
    EXPECT_EQ(reply.body, R"({"isSuccessful":true,"errors":[],"warnings":[]})");
    const auto twin = world.hub.get_twin(DeviceId("dev-02"));
    ASSERT_TRUE(twin);
    EXPECT_EQ(to_text(twin->twin.tags), R"({"site":"north"})");
    EXPECT_EQ(to_text(twin->twin.reported.values), R"({"fw":1})");
    EXPECT_FALSE(twin->device.authentication.primary_key.empty());
}

// IOTHUB-22: entries are independent; 400 with the same document if any failed.
TEST_F(HubBulkTest, SaysWhichEntriesFailed) {
    const auto reply = post(R"([{"id":"dev-01","importMode":"create"},
        {"id":"new","importMode":"Create"},
        {"id":"gone","importMode":"Update"},
        {"id":"gone-2","importMode":"deleteifmatchetag","eTag":"x"},
        {"id":"dev-03","moduleId":"m","importMode":"create"},
        {"id":"dev-04","importMode":"replace"},
        {"id":"dev-05","importMode":"create","status":"off"}])");
    EXPECT_EQ(reply.status, 400U);
    EXPECT_EQ(reply.header("iothub-errorcode"), "") << "it is a result, not a refusal";
    EXPECT_EQ(reply.member("isSuccessful"), false);
    std::string errors;
    for (const Json& error : reply.member("errors").as_array()) {
        const JsonObject& one = error.as_object();
        EXPECT_FALSE(one.at("errorStatus").as_string().empty());
        errors += fmt::format("{}/{} {} {}\n", one.at("deviceId").as_string().c_str(),
                              one.at("moduleId").as_string().c_str(),
                              one.at("errorCode").as_string().c_str(),
                              one.at("operation").as_string().c_str());
    }
    EXPECT_EQ(errors, "dev-01/ DeviceAlreadyExists create\n"
                      "gone/ DeviceNotFound update\n"
                      "gone-2/ DeviceNotFound deleteIfMatchETag\n"
                      "dev-03/m DeviceNotFound create\n"
                      "dev-04/ ArgumentInvalid replace\n"
                      "dev-05/ ArgumentInvalid create\n");
    EXPECT_TRUE(world.hub.get_device(DeviceId("new")));
}

TEST_F(HubBulkTest, TellsAStaleEtag) {
    const auto reply = post(R"([{"id":"dev-01","importMode":"updateIfMatchETag","eTag":"old"}])");
    EXPECT_EQ(reply.status, 400U);
    EXPECT_NE(reply.body.find(R"("errorCode":"PreconditionFailed")"), std::string::npos);
}

// IOTHUB-22
TEST_F(HubBulkTest, ADeviceThatIsThereTwiceSpoilsTheWholeRequest) {
    const auto reply = post(R"([{"id":"a"},{"id":"b"},{"id":"a","importMode":"delete"}])");
    EXPECT_EQ(status_of(reply), "400 DeviceDefinedMultipleTimes");
    EXPECT_FALSE(world.hub.get_device(DeviceId("b")));
}

// IOTHUB-22: 1 to 100 entries, each an object.
TEST_F(HubBulkTest, RefusesWhatIsNoBulk) {
    std::string many = "[";
    for (int number = 0; number < 101; ++number) {
        many += (number == 0 ? "" : ",") + fmt::format(R"({{"id":"d{}"}})", number);
    }
    for (const std::string& body :
         {std::string(), std::string("{}"), std::string("[]"), std::string("[1]"),
          std::string(R"([{"id":"a"},{}])"), std::string("[{"), many + "]"}) {
        EXPECT_EQ(status_of(post(body)), "400 ArgumentInvalid") << body.substr(0, 40);
    }
    EXPECT_EQ(world.hub.list_devices(10)->size(), 1U);
}

TEST_F(HubBulkTest, HidesWhatGoesWrongInside) {
    world.devices.write_failures = {{.code = Code::internal,
                                     .detail = "the secret is out",
                                     .cause = "the secret is out",
                                     .retry_after = {}}};
    const auto reply = post(R"([{"id":"new","importMode":"create"}])");
    EXPECT_EQ(reply.status, 400U);
    EXPECT_NE(reply.body.find(R"("errorCode":"ServerError")"), std::string::npos) << reply.body;
    EXPECT_EQ(reply.body.find("secret"), std::string::npos) << reply.body;
}

TEST_F(HubBulkTest, AFullHubSaysSo) {
    hub::HubSettings settings = HubWorld::settings();
    settings.devices_max = 3; // one of them is there
    HubWorld full(settings);
    EXPECT_EQ(
        full.ask({.method = "PUT", .target = "/devices/dev-02", .body = R"({"deviceId":"dev-02"})"})
            .status,
        200U);
    const auto reply = full.ask(
        {.method = "POST", .target = "/devices", .body = R"([{"id":"dev-03","importMode":"create"},
                                             {"id":"dev-04","importMode":"create"}])"});
    EXPECT_NE(reply.body.find(R"("deviceId":"dev-04","moduleId":"","errorCode":"TooManyDevices")"),
              std::string::npos)
        << reply.body;
    EXPECT_EQ(
        status_of(full.ask(
            {.method = "PUT", .target = "/devices/dev-04", .body = R"({"deviceId":"dev-04"})"})),
        "413 TooManyDevices");
}

// ---- modules ----

TEST_F(HubBulkTest, AKnownDeviceHasNoModules) {
    EXPECT_EQ(run("GET", "/devices/dev-01/modules").body, "[]");
    EXPECT_EQ(status_of(run("GET", "/Devices/dev-01/Modules/")), "200 ");
    EXPECT_EQ(status_of(run("GET", "/devices/nobody/modules")), "404 DeviceNotFound");
}

// ---- moving ----

TEST_F(HubBulkTest, AMovingDeviceAsksBackEndsToComeBack) {
    auto fenced = world.hub.get_device(DeviceId("dev-01"))->device;
    fenced.status = hub::DeviceStatus::disabled;
    fenced.status_reason = "moving out 4f3a9c0d11223344; was enabled";
    ASSERT_TRUE(world.hub.put_device(fenced, hub::IfMatch::from_header("*")));
    for (const std::string method : {"PATCH", "PUT"}) {
        const auto reply = run(method, "/twins/dev-01", R"({"tags":{"a":1}})");
        EXPECT_EQ(status_of(reply), "503 ServiceUnavailable") << method;
        EXPECT_EQ(reply.header("Retry-After"), "1");
    }
    EXPECT_EQ(run("GET", "/twins/dev-01").status, 200U);
    const auto reply = post(R"([{"id":"dev-01","importMode":"updateTwin","tags":{"a":1}}])");
    EXPECT_NE(reply.body.find(R"("errorCode":"ServiceUnavailable")"), std::string::npos);
}

} // namespace
} // namespace muster::gateway
