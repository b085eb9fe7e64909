#include "codec/topics.h"
#include "device/service_topics.h"

#include <gtest/gtest.h>

#include <chrono>

namespace muster::device {
namespace {

using namespace std::chrono_literals;

// What a device writes, the service reads, and the other way round.

TEST(ServiceTopics, TheServiceReadsWhatADeviceAsks) {
    const auto asked = topics::parse_provisioning_topic(register_topic("7"));
    ASSERT_TRUE(asked);
    EXPECT_EQ(std::get<topics::RegisterTopic>(*asked).rid, "7");
    const auto polled = topics::parse_provisioning_topic(operation_status_topic("8", "5.a.b c"));
    ASSERT_TRUE(polled);
    EXPECT_EQ(std::get<topics::StatusTopic>(*polled).operation_id, "5.a.b c");
    EXPECT_EQ(std::get<topics::StatusTopic>(*polled).rid, "8");
}

// DPS-DEVICE-39
TEST(ServiceTopics, ReadsRegistrationResponses) {
    const auto plain =
        parse_registration_response(topics::provisioning_response(200, "a-b", std::nullopt));
    ASSERT_TRUE(plain);
    EXPECT_EQ(plain->status, 200U);
    EXPECT_EQ(plain->rid, "a-b");
    EXPECT_FALSE(plain->retry_after);
    const auto later = parse_registration_response(topics::provisioning_response(202, "1", 3));
    EXPECT_EQ(later->status, 202U);
    EXPECT_EQ(later->retry_after, 3s);
    EXPECT_EQ(parse_registration_response("$dps/registrations/res/429/?$rid=1&retry-after="
                                          "18446744073709551615")
                  ->retry_after,
              24h);
}

TEST(ServiceTopics, ReadsTwinResponses) { // IOTHUB-12
    const auto get = parse_twin_response(topics::twin_response(200, "4", std::nullopt));
    ASSERT_TRUE(get);
    EXPECT_EQ(get->rid, "4");
    EXPECT_FALSE(get->version);
    const auto patch = parse_twin_response(topics::twin_response(204, "5", 12));
    EXPECT_EQ(patch->status, 204U);
    EXPECT_EQ(patch->version, 12);
    EXPECT_FALSE(
        parse_twin_response("$iothub/twin/res/204/?$rid=5&$version=9223372036854775808")->version);
}

TEST(ServiceTopics, TheHubReadsWhatADeviceAsks) {
    EXPECT_EQ(std::get<topics::TwinGet>(*topics::parse_hub_topic(twin_get_topic("1"))).rid, "1");
    EXPECT_EQ(std::get<topics::TwinPatch>(*topics::parse_hub_topic(reported_patch_topic("2"))).rid,
              "2");
    const auto answer = topics::parse_hub_topic(method_response_topic(201, "1f"));
    EXPECT_EQ(std::get<topics::MethodResponse>(*answer).status, 201);
    EXPECT_EQ(std::get<topics::MethodResponse>(*answer).rid, "1f");
}

TEST(ServiceTopics, ReadsMethodRequests) { // IOTHUB-16
    const auto request = parse_method_request(topics::method_request("comp*go", "1f"));
    ASSERT_TRUE(request);
    EXPECT_EQ(request->name, "comp*go");
    EXPECT_EQ(request->rid, "1f");
}

TEST(ServiceTopics, TellsDesiredPatches) {
    EXPECT_TRUE(is_desired_patch(topics::desired_patch(5)));
    EXPECT_FALSE(is_desired_patch(topics::twin_response(200, "1", std::nullopt)));
}

TEST(ServiceTopics, RefusesEverythingElse) {
    for (const std::string_view topic :
         {"", "$dps/registrations/res/", "$dps/registrations/res/200", "$iothub/twin/res/x/?$rid=1",
          "$dps/registrations/res/200?$rid=1", "$dps/registrations/res/99/?$rid=1",
          "$dps/registrations/res/600/?$rid=1", "$dps/registrations/res/-1/?$rid=1",
          "$iothub/twin/res/204/?$version=1", "$iothub/methods/POST//?$rid=1",
          "$iothub/methods/POST/x", "devices/d/messages/devicebound/"}) {
        EXPECT_FALSE(parse_registration_response(topic)) << topic;
        EXPECT_FALSE(parse_twin_response(topic)) << topic;
        EXPECT_FALSE(parse_method_request(topic)) << topic;
    }
}

} // namespace
} // namespace muster::device
