// Digital twins over HTTPS (iothub B.16).

#include "gateway/hub_world.h"
#include "gateway/pattern.h"

#include <gmock/gmock.h>

namespace muster::gateway {
namespace {

using testing::HasSubstr;

class HubDigitalTwinsTest : public testing::Test {
  protected:
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

    HubWorld world;
};

TEST_F(HubDigitalTwinsTest, AreReadAndPatched) {
    static_cast<void>(
        world.hub.set_model_id(DeviceId("dev-01"), "dtmi:com:example:Thermostat;1").value());
    const auto shown = run("GET", "/digitaltwins/dev-01");
    EXPECT_EQ(shown.body,
              R"({"$dtId":"dev-01","$metadata":{"$model":"dtmi:com:example:Thermostat;1"}})");
    const auto patched =
        run("PATCH", "/digitaltwins/dev-01", R"([{"op":"add","path":"/t1/target","value":21}])");
    EXPECT_EQ(patched.status, 202U) << patched.body;
    EXPECT_EQ(patched.header("Location"), "https://hub1.example.org/digitaltwins/dev-01");
    EXPECT_NE(patched.header("ETag"), shown.header("ETag"));
    EXPECT_EQ(patched.header("ETag"), run("GET", "/digitaltwins/dev-01").header("ETag"));
    EXPECT_EQ(to_text(world.hub.get_twin(DeviceId("dev-01"))->twin.desired.values),
              R"({"t1":{"target":21,"__t":"c"}})");
    EXPECT_EQ(status_of(run("PATCH", "/digitaltwins/dev-01", R"([{"op":"remove","path":"/t1"}])",
                            {{"If-Match", shown.header("ETag")}})),
              "412 PreconditionFailed");
    EXPECT_EQ(status_of(run("PATCH", "/digitaltwins/dev-01", R"([{"op":"copy","path":"/t1"}])")),
              "400 ArgumentInvalid");
    EXPECT_EQ(status_of(run("PATCH", "/digitaltwins/dev-01", "{}")), "400 ArgumentInvalid");
    EXPECT_EQ(status_of(run("GET", "/digitaltwins/nobody")), "404 DeviceNotFound");
    EXPECT_EQ(status_of(run("DELETE", "/digitaltwins/dev-01")), "405 GenericMethodNotAllowed");
}

TEST_F(HubDigitalTwinsTest, CommandsOfComponentsReachTheDevice) {
    HubDevice device(world);
    device.connect();
    device.subscribe({hub_filters::methods});
    auto wire = world.https();
    wire.send(bytes_of(world.completed(
        {.method = "POST",
         .target = "/digitaltwins/dev-01/components/t1/commands/reboot?responseTimeoutInSeconds=30",
         .body = R"({"in":5})"},
        "service")));
    world.settle({&wire, &device.wire()});
    const std::string request = device.take();
    EXPECT_THAT(request, HasSubstr("POST/t1*reboot/?$rid="));
    const auto at = request.find("$rid=") + 5;
    const std::string rid =
        request.substr(at, request.find_first_not_of("0123456789abcdef", at) - at);
    device.publish("$iothub/methods/res/202/?$rid=" + rid, R"({"ok":true})");
    world.settle({&wire, &device.wire()});
    auto text = wire.take();
    const auto reply = take_reply(text);
    EXPECT_EQ(reply.status, 200U) << reply.body;
    EXPECT_EQ(reply.header("x-ms-command-statuscode"), "202");
    EXPECT_FALSE(reply.header("x-ms-request-id").empty());
    EXPECT_EQ(reply.body, R"({"ok":true})");
}

TEST_F(HubDigitalTwinsTest, CommandsAreRefusedLikeMethods) {
    EXPECT_EQ(status_of(run("POST", "/digitaltwins/dev-01/commands/reboot")),
              "404 DeviceNotOnline");
    EXPECT_EQ(status_of(run("POST", "/digitaltwins/nobody/commands/reboot")), "404 DeviceNotFound");
    EXPECT_EQ(status_of(run("POST", "/digitaltwins/dev-01/commands/reboot", "{")),
              "400 ArgumentInvalid");
    EXPECT_EQ(
        status_of(run("POST", "/digitaltwins/dev-01/commands/reboot?responseTimeoutInSeconds=1")),
        "400 ArgumentInvalid");
    EXPECT_EQ(status_of(run("GET", "/digitaltwins/dev-01/commands/reboot")),
              "405 GenericMethodNotAllowed");
}

} // namespace
} // namespace muster::gateway
