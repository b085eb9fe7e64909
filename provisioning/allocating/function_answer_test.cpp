#include "provisioning/allocating/function.h"

#include <gtest/gtest.h>

namespace muster::provisioning {
namespace {

std::string refusal_of(std::string_view body) {
    const auto answer = read_function_answer(body);
    EXPECT_TRUE(answer || answer.error().code == Code::malformed ||
                answer.error().code == Code::too_large);
    return answer ? "accepted" : answer.error().detail;
}

std::string nested(std::size_t levels, std::string_view opening, std::string_view closing) {
    std::string text;
    for (std::size_t i = 0; i < levels; ++i) {
        text += opening;
    }
    text += '1';
    for (std::size_t i = 0; i < levels; ++i) {
        text += closing;
    }
    return text;
}

std::string with_desired(const std::string& desired) {
    return R"({"iotHubHostName":"h","initialTwin":{"properties":{"desired":)" + desired + "}}}";
}

// dps-device 7.2
TEST(FunctionAnswer, ReadsTheDocumentedExample) {
    const auto answer = read_function_answer(
        R"({"iotHubHostName":"tops.azure-devices.net","initialTwin":{"tags":
            {"deviceType":"toaster"},"properties":{"desired":{"state":"ready"}}},
            "payload":{"assignedBy":"webhook"}})");
    ASSERT_TRUE(answer) << answer.error().detail;
    EXPECT_EQ(answer->hub, HubName("tops.azure-devices.net"));
    EXPECT_EQ(to_text(answer->twin->tags), R"({"deviceType":"toaster"})");
    EXPECT_EQ(to_text(answer->twin->desired), R"({"state":"ready"})");
    EXPECT_EQ(to_text(*answer->payload), R"({"assignedBy":"webhook"})");
}

TEST(FunctionAnswer, TheHubAloneIsEnough) {
    const auto answer = read_function_answer(R"({"iotHubHostName":"Hub-1"})");
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->hub, HubName("hub-1"));
    EXPECT_FALSE(answer->twin);
    EXPECT_FALSE(answer->payload);
}

TEST(FunctionAnswer, NullIsUnset) {
    const auto answer =
        read_function_answer(R"({"iotHubHostName":"h","initialTwin":null,"payload":null})");
    ASSERT_TRUE(answer);
    EXPECT_FALSE(answer->twin);
    EXPECT_FALSE(answer->payload);
}

TEST(FunctionAnswer, MembersAreFoundInAnyCase) {
    for (const auto* body :
         {R"({"iotHubHostname":"h","initialTwin":{"tags":{"A":1}},"payload":{"B":2}})",
          R"({"IotHubHostName":"h","InitialTwin":{"Tags":{"A":1}},"Payload":{"B":2}})",
          R"({"IOTHUBHOSTNAME":"h","INITIALTWIN":{"TAGS":{"A":1}},"PAYLOAD":{"B":2}})"}) {
        const auto answer = read_function_answer(body);
        ASSERT_TRUE(answer) << body;
        EXPECT_EQ(answer->hub, HubName("h"));
        EXPECT_EQ(to_text(answer->twin->tags), R"({"A":1})") << "what is inside is left alone";
        EXPECT_EQ(to_text(*answer->payload), R"({"B":2})");
    }
}

TEST(FunctionAnswer, ButNotTwice) {
    EXPECT_EQ(refusal_of(R"({"iotHubHostName":"a","iotHubHostname":"b"})"),
              "iotHubHostName is there twice");
    EXPECT_EQ(refusal_of(R"({"iotHubHostName":"a","initialTwin":{"tags":{},"Tags":{}}})"),
              "initialTwin.tags is there twice");
    EXPECT_NE(refusal_of(R"({"iotHubHostName":"a","iotHubHostName":"a"})"), "accepted");
    EXPECT_NE(refusal_of(R"({"iotHubHostName":"a","payload":{"b":1,"b":2}})"), "accepted");
}

// Users want to set twin and payload and leave the hub to the service.
TEST(FunctionAnswer, WithoutAHubItLeavesTheChoice) {
    for (const auto* body : {R"({"payload":{}})", R"({"initialTwin":{}})",
                             R"({"iotHubHostName":null,"payload":{"a":1}})"}) {
        const auto answer = read_function_answer(body);
        ASSERT_TRUE(answer) << body;
        EXPECT_FALSE(answer->hub);
    }
}

TEST(FunctionAnswer, NothingAtAllIsAMistake) {
    const std::string nothing = "it names no hub, no initialTwin and no payload";
    EXPECT_EQ(refusal_of("{}"), nothing);
    EXPECT_EQ(refusal_of(R"({"iotHub":"h"})"), nothing);
    EXPECT_EQ(refusal_of(R"({"iotHubHostName":null})"), nothing);
    for (const auto* body : {"", " ", "null", "[]", "\"h\"", "5", "<html>", "{", "{} {}"}) {
        EXPECT_NE(refusal_of(body), "accepted") << body;
    }
}

TEST(FunctionAnswer, EveryMemberHasItsType) {
    for (const auto* name : {"5", "true", "[]", "{}", R"("")", R"("a b")", R"("a/b")", R"("h:443")",
                             R"("-")", R"("\u0000")", R"("https://h")"}) {
        EXPECT_EQ(refusal_of(R"({"iotHubHostName":)" + std::string(name) + "}"),
                  "iotHubHostName must be a host name")
            << name;
    }
    EXPECT_EQ(refusal_of(R"({"initialTwin":[]})"), "initialTwin must be an object");
    EXPECT_EQ(refusal_of(R"({"initialTwin":{"tags":"a"}})"), "initialTwin.tags must be an object");
    EXPECT_EQ(refusal_of(R"({"initialTwin":{"properties":1}})"),
              "initialTwin.properties must be an object");
    EXPECT_EQ(refusal_of(R"({"initialTwin":{"properties":{"desired":[]}}})"),
              "initialTwin.properties.desired must be an object");
}

// Java and embedded C devices stumble over anything else (dps-device 7.2; DPS-DEVICE-15).
TEST(FunctionAnswer, ThePayloadIsAnObject) {
    for (const auto* payload : {"1", "\"text\"", "[1]", "true"}) {
        EXPECT_EQ(refusal_of(R"({"iotHubHostName":"h","payload":)" + std::string(payload) + "}"),
                  "payload must be an object");
    }
}

TEST(FunctionAnswer, HubsKeepTheirOwnNotes) {
    const auto answer = read_function_answer(
        R"({"initialTwin":{"tags":{"a":1,"$version":3},"properties":{"desired":
            {"b":2,"$metadata":{"$lastUpdated":"x"},"$version":7},"reported":{"c":3}}}})");
    ASSERT_TRUE(answer) << answer.error().detail;
    EXPECT_EQ(to_text(answer->twin->tags), R"({"a":1})");
    EXPECT_EQ(to_text(answer->twin->desired), R"({"b":2})");
}

TEST(FunctionAnswer, ATwinThatNoHubTakesIsRefusedHere) {
    const std::string part = "initialTwin.properties.desired ";
    EXPECT_EQ(refusal_of(with_desired(R"({"a":{"$version":1}})")),
              part + "has a key with a '.', a '$', a space or a control character");
    EXPECT_EQ(refusal_of(with_desired(R"({"a b":1})")),
              part + "has a key with a '.', a '$', a space or a control character");
    EXPECT_EQ(refusal_of(with_desired(R"({"a\u0001":1})")),
              part + "has a key with a '.', a '$', a space or a control character");
    EXPECT_EQ(refusal_of(with_desired(R"({")" + std::string(1025, 'k') + R"(":1})")),
              part + "has a key over 1024 bytes");
    EXPECT_EQ(refusal_of(with_desired(R"({"a":")" + std::string(4097, 'v') + R"("})")),
              part + "has a string over 4096 bytes");
    EXPECT_EQ(refusal_of(with_desired(R"({"a":[4503599627370496]})")),
              part + "has an integer outside -4503599627370496 to 4503599627370495");
    EXPECT_EQ(refusal_of(with_desired(R"({"a":18446744073709551615})")),
              part + "has an integer outside -4503599627370496 to 4503599627370495");
    EXPECT_EQ(refusal_of(with_desired(nested(12, R"({"a":)", "}"))),
              part + "is nested deeper than 10 levels");
    EXPECT_EQ(refusal_of(with_desired(R"({"a":)" + nested(12, R"([{"a":)", "}]") + "}")),
              part + "is nested deeper than 10 levels");
    EXPECT_EQ(refusal_of(with_desired(nested(11, R"({"a":)", "}"))), "accepted");
}

TEST(FunctionAnswer, SizesAreCountedAsHubsCount) {
    const auto filled = [](std::size_t strings) {
        std::string object = "{";
        for (std::size_t i = 0; i < strings; ++i) {
            object += '"' + std::to_string(100 + i) + R"(":")" + std::string(1021, 'v') + "\",";
        }
        object.back() = '}';
        return object;
    };
    EXPECT_EQ(refusal_of(with_desired(filled(32))), "accepted");
    EXPECT_EQ(refusal_of(with_desired(filled(33))),
              "initialTwin.properties.desired would take 33792 bytes of the 32768 allowed");
    EXPECT_EQ(refusal_of(R"({"initialTwin":{"tags":)" + filled(9) + "}}"),
              "initialTwin.tags would take 9216 bytes of the 8192 allowed");
    EXPECT_EQ(refusal_of(R"({"initialTwin":{"tags":)" + filled(8) + "}}"), "accepted");
}

TEST(FunctionAnswer, SizeAndDepthAreBounded) {
    const std::string payload = R"({"payload":{"a":")";
    EXPECT_NE(refusal_of(payload + std::string(function_answer_bytes_max, 'x') + R"("}})"),
              "accepted");
    EXPECT_EQ(refusal_of(payload + std::string(64 * 1024, 'x') + R"("}})"), "accepted");
    EXPECT_NE(refusal_of(R"({"payload":{"a":)" + nested(5000, "[", "]") + "}}"), "accepted");
}

TEST(FunctionAnswer, WhatIsWrongIsSaidWithoutQuotingTheAnswer) {
    for (const auto* body : {R"({"iotHubHostName":"not a host SeCrEt"})", R"({"payload":"SeCrEt"})",
                             "SeCrEt", R"({"initialTwin":{"tags":{"SeCrEt key":1}}})"}) {
        EXPECT_EQ(refusal_of(body).find("SeCrEt"), std::string::npos) << body;
    }
}

} // namespace
} // namespace muster::provisioning
