#include "codec/topics.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>

namespace muster::topics {
namespace {

using namespace std::string_literals;

TEST(HubTopic, refuses_everything_that_no_device_publishes_to) {
    for (const auto& topic : {""s,
                              "/"s,
                              "devices"s,
                              "devices/"s,
                              "devices//messages/events/"s,
                              "devices/d"s,
                              "devices/d/"s,
                              "devices/d/messages"s,
                              "devices/d/messages/event/"s,
                              "devices/d/messages/eventsX"s,
                              "devices/d/messages/devicebound/"s,
                              "Devices/d/messages/events/"s,
                              "/devices/d/messages/events/"s,
                              "devices/d/modules/messages/events/"s,
                              "devices/d/modules//messages/events/"s,
                              "devices/d/modules/m/messages"s,
                              "devices/d/modules/m/x/messages/events/"s,
                              "devices/d/messages/events/a=%"s,
                              "devices/d/messages/events/a=%ff"s,
                              "$iothub/twin/GET/"s,
                              "$iothub/twin/GET/?"s,
                              "$iothub/twin/GET/?$rid="s,
                              "$iothub/twin/GET?$rid=1"s,
                              "$iothub/twin/GET/?rid=1"s,
                              "$iothub/twin/GET/?$rid=" + std::string(rid_bytes_max + 1, 'r'),
                              "$iothub/twin/res/200/?$rid=1"s,
                              "$iothub/twin/PATCH/properties/desired/?$rid=1"s,
                              "$iothub/twin/PATCH/properties/reported/"s,
                              "$iothub/methods/POST/m/?$rid=1"s,
                              "$iothub/methods/res/"s,
                              "$iothub/methods/res//?$rid=1"s,
                              "$iothub/methods/res/ok/?$rid=1"s,
                              "$iothub/methods/res/200?$rid=1"s,
                              "$iothub/methods/res/200/$rid=1"s,
                              "$iothub/methods/res/200/?"s,
                              "$iothub/methods/res/2147483648/?$rid=1"s,
                              "$iothub/methods/res/+200/?$rid=1"s,
                              "$iothub/methods/res/0x10/?$rid=1"s,
                              "$dps/registrations/PUT/iotdps-register/?$rid=1"s}) {
        const auto parsed = parse_hub_topic(topic);
        ASSERT_FALSE(parsed.has_value()) << topic;
        EXPECT_EQ(parsed.error().code, Code::malformed) << topic;
    }
}

struct TopicCase {
    std::string topic;
    HubTopic parsed;
};

// IOTHUB-9, IOTHUB-16 and the examples of iothub A.8 and A.17.
TEST(HubTopic, reads_what_devices_publish_to) {
    const TopicCase cases[] = {
        {"devices/dev-01/messages/events/", Telemetry{.device_id = "dev-01"}},
        {"devices/dev-01/messages/events", Telemetry{.device_id = "dev-01"}},
        {"devices/dev-01/messages/events/%24.ct=application%2Fjson&alarm=high/",
         Telemetry{.device_id = "dev-01",
                   .properties = {{"$.ct", "application/json"}, {"alarm", "high"}}}},
        {"devices/dev-01/messages/events/path=/a/b",
         Telemetry{.device_id = "dev-01", .properties = {{"path", "/a/b"}}}},
        {"devices/dev-01/modules/cam/messages/events/%24.on=out1&k=v/",
         Telemetry{.device_id = "dev-01",
                   .module_id = "cam",
                   .properties = {{"$.on", "out1"}, {"k", "v"}}}},
        {"devices/modules/messages/events/", Telemetry{.device_id = "modules"}},
        {"devices/a%2Fb/messages/events/", Telemetry{.device_id = "a%2Fb"}},
        {"$iothub/twin/GET/?$rid=7", TwinGet{.rid = "7"}},
        {"$iothub/twin/GET/?x=1&$rid=a%41", TwinGet{.rid = "a%41"}},
        {"$iothub/twin/PATCH/properties/reported/?$rid=8", TwinPatch{.rid = "8"}},
        {"$iothub/twin/PATCH/properties/reported/?$rid=8&$version=3", TwinPatch{.rid = "8"}},
        {"$iothub/methods/res/200/?$rid=1f", MethodResponse{.status = 200, .rid = "1f"}},
        {"$iothub/methods/res/-1/?$rid=1f", MethodResponse{.status = -1, .rid = "1f"}},
        {"$iothub/methods/res/0/?$rid=1f", MethodResponse{.status = 0, .rid = "1f"}},
    };
    for (const auto& [topic, expected] : cases) {
        const auto parsed = parse_hub_topic(topic);
        ASSERT_TRUE(parsed.has_value()) << topic;
        EXPECT_EQ(*parsed, expected) << topic;
    }
}

struct FilterCase {
    std::string filter;
    std::string device_id;
    std::string module_id;
    std::optional<HubFilter> expected; // nothing: refused
};

// IOTHUB-8: the five filters, '+' in the id's place, and nobody else's.
TEST(HubFilters, are_given_to_the_identity_they_belong_to) {
    const FilterCase cases[] = {
        {"", "d", "", {}},
        {"#", "d", "", {}},
        {"+/#", "d", "", {}},
        {"$iothub/#", "d", "", {}},
        {"$iothub/twin/#", "d", "", {}},
        {"$iothub/twin/res/", "d", "", {}},
        {"$iothub/twin/res/200/#", "d", "", {}},
        {"$iothub/methods/res/#", "d", "", {}},
        {"$dps/registrations/res/#", "d", "", {}},
        {"devices/#", "d", "", {}},
        {"devices/d/#", "d", "", {}},
        {"devices/e/messages/devicebound/#", "d", "", {}},
        {"devices/D/messages/devicebound/#", "d", "", {}},
        {"devices/d/messages/devicebound/", "d", "", {}},
        {"devices/d/messages/devicebound/+", "d", "", {}},
        {"devices/d/messages/events/#", "d", "", {}},
        {"devices//messages/devicebound/#", "d", "", {}},
        {"devices/d/messages/devicebound/#", "d", "m", {}},
        {"devices/d/modules/m/inputs/#", "d", "", {}},
        {"devices/d/modules/n/inputs/#", "d", "m", {}},
        {"devices/e/modules/m/#", "d", "m", {}},
        {"devices/d/modules/m/inputs/one/#", "d", "m", {}},
        {"devices/d/messages/devicebound/#", "d", "", HubFilter::cloud_to_device},
        {"devices/+/messages/devicebound/#", "d", "", HubFilter::cloud_to_device},
        {"devices/d/modules/m/inputs/#", "d", "m", HubFilter::module_inputs},
        {"devices/d/modules/m/#", "d", "m", HubFilter::module_inputs},
        {"devices/+/modules/+/inputs/#", "d", "m", HubFilter::module_inputs},
        {"$iothub/twin/res/#", "d", "", HubFilter::twin_responses},
        {"$iothub/twin/PATCH/properties/desired/#", "d", "m", HubFilter::desired_patches},
        {"$iothub/methods/POST/#", "d", "", HubFilter::methods},
    };
    for (const auto& [filter, device_id, module_id, expected] : cases) {
        const auto parsed = parse_hub_filter(filter, device_id, module_id);
        ASSERT_EQ(parsed.has_value(), expected.has_value()) << filter << " " << module_id;
        if (expected) {
            EXPECT_EQ(*parsed, *expected) << filter;
        } else {
            EXPECT_EQ(parsed.error().code, Code::unsupported) << filter;
        }
    }
}

// IOTHUB-12, IOTHUB-15, IOTHUB-16.
TEST(HubTopics, to_devices_have_the_shapes_that_every_client_reads) {
    EXPECT_EQ(twin_response(200, "7", std::nullopt), "$iothub/twin/res/200/?$rid=7");
    EXPECT_EQ(twin_response(204, "a%41", 12), "$iothub/twin/res/204/?$rid=a%41&$version=12");
    EXPECT_EQ(desired_patch(5), "$iothub/twin/PATCH/properties/desired/?$version=5");
    EXPECT_EQ(method_request("led*blink", "1f"), "$iothub/methods/POST/led*blink/?$rid=1f");
}

} // namespace
} // namespace muster::topics
