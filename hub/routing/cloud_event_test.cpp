#include "base/encoding.h"
#include "base/json.h"
#include "hub/routing/cloud_event.h"
#include "hub/routing/fixture.h"

namespace muster::hub {

namespace {

using namespace routing_fixture;

const HubName hub("hub1.example.org");

JsonObject document(const Event& event) {
    const std::string text = to_cloud_event(hub, event);
    auto parsed = parse_json_object(text);
    EXPECT_TRUE(parsed) << text;
    return std::move(parsed).value_or(JsonObject());
}

JsonObject data(const Event& event) {
    return document(event).at("data").as_object();
}

} // namespace

TEST(CloudEvent, OfTelemetry) {
    Event event = json_telemetry(R"({"t": 21.50})", {{"alarm", "high"}, {"$.mid", "m-1"}});
    event.model_id = "dtmi:a;1";
    EXPECT_EQ(
        to_cloud_event(hub, event),
        R"({"specversion":"1.0","id":"hub1.example.org:17","source":"/hubs/hub1.example.org",)"
        R"("type":"Microsoft.Devices.DeviceTelemetry","subject":"devices/dev-01",)"
        R"("time":"2030-01-02T03:04:05.0000000Z","datacontenttype":"application/json",)"
        R"("sequence":"17","partitionkey":"dev-01",)"
        R"("data":{"properties":{"alarm":"high"},"systemProperties":{)"
        R"("iothub-content-type":"application/json; charset=utf-8",)"
        R"("iothub-content-encoding":"UTF-8","message-id":"m-1",)"
        R"("iothub-connection-device-id":"dev-01",)"
        R"("iothub-connection-auth-method":"{\"scope\":\"device\",\"type\":\"sas\"}",)"
        R"("iothub-connection-auth-generation-id":"638","dt-dataschema":"dtmi:a;1",)"
        R"("iothub-enqueuedtime":"2030-01-02T03:04:05.0000000Z",)"
        R"("iothub-message-source":"Telemetry"},"body":{"t": 21.50}}})");
}

TEST(CloudEvent, WhatIsNoJsonIsBase64) {
    EXPECT_EQ(data(telemetry("d", std::string("\xff\0", 2))).at("body"), Json("/wA="));
    EXPECT_EQ(data(telemetry("d", "text")).at("body"), Json(base64_encode("text")));
    EXPECT_EQ(data(telemetry("d", "")).at("body"), Json(""));
    // It says it is JSON, and is not; spliced in as it is, it would forge members.
    EXPECT_EQ(data(json_telemetry(R"(1},"x":{"y":2)")).at("body"),
              Json(base64_encode(R"(1},"x":{"y":2)")));
    EXPECT_EQ(data(json_telemetry(R"({"a":1} )")).at("body"), (Json{{"a", 1}}));
}

TEST(CloudEvent, PropertiesAreTextWhateverBytesTheyHave) {
    const JsonObject shown = data(telemetry("d", "", {{"a\xff", "\xfe"}, {"\"q\"", "\n"}}));
    EXPECT_EQ(shown.at("properties"), (Json{{"a%FF", "%FE"}, {"\"q\"", "\n"}}));
}

TEST(CloudEvent, ADeviceCannotSpeakForTheHub) {
    Event event = telemetry("dev-01", "",
                            {{"$.iothub-connection-device-id", "dev-02"},
                             {"$.iothub-message-source", "deviceLifecycleEvents"},
                             {"$.iothub-connection-module-id", "cam"}});
    const JsonObject shown = data(event);
    const JsonObject& system = shown.at("systemProperties").as_object();
    EXPECT_EQ(system.at("iothub-connection-device-id"), Json("dev-01"));
    EXPECT_EQ(system.at("iothub-message-source"), Json("Telemetry"));
    EXPECT_FALSE(system.contains("iothub-connection-module-id"));
    event.properties = {{"opType", "deleteDeviceIdentity"}};
    EXPECT_EQ(document(event).at("type"), Json("Microsoft.Devices.DeviceTelemetry"));
}

TEST(CloudEvent, OfALifeCycle) {
    Event event = json_telemetry(R"({"deviceId":"dev-01"})", {{"opType", "createDeviceIdentity"}});
    event.source = EventSource::lifecycle;
    EXPECT_EQ(document(event).at("type"), Json("Microsoft.Devices.DeviceCreated"));
    const JsonObject shown = data(event);
    EXPECT_EQ(shown.at("hubName"), Json(hub.text()));
    EXPECT_EQ(shown.at("deviceId"), Json("dev-01"));
    EXPECT_EQ(shown.at("twin"), (Json{{"deviceId", "dev-01"}}));
    EXPECT_FALSE(shown.contains("body"));
}

TEST(CloudEvent, OfAConnectionOfAModule) {
    Event event = json_telemetry(R"({"sequenceNumber":"01"})", {{"opType", "moduleConnected"}});
    event.source = EventSource::connection_state;
    event.identity.module = ModuleId("cam");
    const JsonObject shown = document(event);
    EXPECT_EQ(shown.at("type"), Json("Muster.Devices.ModuleConnected"));
    EXPECT_EQ(shown.at("subject"), Json("devices/dev-01/modules/cam"));
    EXPECT_EQ(data(event).at("deviceConnectionStateEventInfo"), (Json{{"sequenceNumber", "01"}}));
    EXPECT_EQ(data(event).at("moduleId"), Json("cam"));
}

TEST(CloudEvent, ABatchIsAnArray) {
    const std::vector<Event> events{telemetry("a", "1"), telemetry("b", "2")};
    const auto batch = parse_json(to_cloud_events(hub, events)).value();
    ASSERT_EQ(batch.as_array().size(), 2U);
    EXPECT_EQ(batch.as_array()[1].at("subject"), Json("devices/b"));
    EXPECT_EQ(to_cloud_events(hub, {}), "[]");
}

} // namespace muster::hub
