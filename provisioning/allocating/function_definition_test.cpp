#include "provisioning/allocating/function.h"

#include <gtest/gtest.h>

namespace muster::provisioning {
namespace {

JsonObject document(std::string_view text) {
    return parse_json_object(text).value();
}

std::string refusal_of(std::string_view text) {
    const auto read = read_function_definition(document(text));
    EXPECT_TRUE(read || read.error().code == Code::malformed);
    return read ? "accepted" : read.error().detail;
}

std::string refusal_of_url(std::string_view url) {
    const auto read =
        read_function_definition(JsonObject{{"webhookUrl", url}, {"apiVersion", "2021-10-01"}});
    return read ? "accepted" : read.error().detail;
}

TEST(FunctionDefinition, ReadsEverything) {
    const auto read = read_function_definition(document(
        R"j({"webhookUrl":"https://web.hook/a?code=b","apiVersion":"2021-10-01",
            "rule":"when payload.a = 1 then hub('hub-1') otherwise policy('webhook')",
            "fallbackPolicy":"GeoLatency","signingKey":"MDEyMzQ1Njc4OWFiY2RlZg=="})j"));
    ASSERT_TRUE(read) << read.error().detail;
    EXPECT_EQ(read->url->reveal(), "https://web.hook/a?code=b");
    EXPECT_EQ(read->api_version, "2021-10-01");
    EXPECT_TRUE(read->rule.starts_with("when payload.a"));
    EXPECT_EQ(read->fallback, AllocationPolicy::geo_latency);
    EXPECT_EQ(read->signing_key->reveal(), "0123456789abcdef");
}

TEST(FunctionDefinition, AWebhookOrARuleIsEnough) {
    EXPECT_EQ(refusal_of(R"({"webhookUrl":"https://web.hook","apiVersion":"2019-03-31"})"),
              "accepted");
    EXPECT_EQ(refusal_of(R"j({"rule":"otherwise hub('hub-1')"})j"), "accepted");
    EXPECT_EQ(refusal_of(R"j({"rule":"otherwise hub('hub-1')","apiVersion":"2019-03-31"})j"),
              "accepted");
    EXPECT_EQ(refusal_of("{}"),
              "customAllocationDefinition.webhookUrl is required where there is no rule");
    EXPECT_EQ(refusal_of(R"({"rule":"","webhookUrl":null})"),
              "customAllocationDefinition.webhookUrl is required where there is no rule");
}

TEST(FunctionDefinition, TheAddressIsAWebAddress) {
    for (const auto* url :
         {"https://web.hook", "http://h", "HTTPS://H:8443/a/b?code=c%2F", "https://[2001:db8::1]/",
          "https://10.0.0.1:80", "https://h/?", "https://h?a=b@c"}) {
        EXPECT_EQ(refusal_of_url(url), "accepted") << url;
    }
    for (const auto* url :
         {"", "web.hook", "/path", "ftp://web.hook", "https://", "https:web", "https://web hook",
          "file:///etc/passwd", "gopher://h/_x", "https://h#fragment", "https://h:0/",
          "https://h:65536/", "https://h\\@inside/", "https://h/\n", "javascript:alert(1)"}) {
        EXPECT_EQ(refusal_of_url(url),
                  "customAllocationDefinition.webhookUrl must be an absolute http or https address")
            << url;
    }
    for (const auto* url : {"https://me@web.hook", "https://me:SeCrEt@web.hook/", "https://@h/"}) {
        EXPECT_EQ(refusal_of_url(url),
                  "customAllocationDefinition.webhookUrl must not hold a user name or password")
            << url;
    }
    EXPECT_EQ(refusal_of_url("https://h/" + std::string(4096, 'a')),
              "customAllocationDefinition.webhookUrl is too long");
}

TEST(FunctionDefinition, EveryMistakeNamesItsMember) {
    const std::string path = "customAllocationDefinition.";
    EXPECT_EQ(refusal_of(R"({"webhookUrl":1,"apiVersion":"2019-03-31"})"),
              path + "webhookUrl must be a string");
    EXPECT_EQ(refusal_of(R"({"webhookUrl":"https://h"})"), path + "apiVersion is required");
    EXPECT_EQ(refusal_of(R"({"webhookUrl":"https://h","apiVersion":""})"),
              path + "apiVersion is required");
    EXPECT_EQ(refusal_of(R"({"rule":"when"})"), path + "rule column 5: expected a value");
    EXPECT_EQ(refusal_of(R"j({"rule":["otherwise hub('h')"]})j"), path + "rule must be a string");
    const std::string hook = R"({"webhookUrl":"https://h","apiVersion":"2021-10-01",)";
    for (const auto* policy : {"\"custom\"", "\"webhook\"", "\"\"", "\"best\""}) {
        EXPECT_EQ(refusal_of(hook + R"("fallbackPolicy":)" + policy + "}"),
                  path + "fallbackPolicy must be hashed, geoLatency or static")
            << policy;
    }
    for (const auto* key : {"\"not base64!\"", "\"c2hvcnQ=\"", "\"\""}) {
        EXPECT_TRUE(
            refusal_of(hook + R"("signingKey":)" + key + "}").starts_with(path + "signingKey "))
            << key;
    }
}

TEST(FunctionDefinition, ASigningKeyIsNeverEchoed) {
    EXPECT_EQ(refusal_of(R"({"webhookUrl":"https://h","apiVersion":"x","signingKey":"SeCrEt"})")
                  .find("SeCrEt"),
              std::string::npos);
}

TEST(FunctionDefinition, WhatNeedsAWebhookDoesNotComeWithoutOne) {
    const std::string path = "customAllocationDefinition.";
    EXPECT_EQ(refusal_of(R"j({"rule":"otherwise policy('webhook')"})j"),
              path + "rule asks the webhook, but there is no webhookUrl");
    EXPECT_EQ(refusal_of(R"j({"rule":"otherwise hub('h')","fallbackPolicy":"hashed"})j"),
              path + "fallbackPolicy means nothing without a webhookUrl");
    EXPECT_EQ(
        refusal_of(R"j({"rule":"otherwise hub('h')","signingKey":"MDEyMzQ1Njc4OWFiY2RlZg=="})j"),
        path + "signingKey means nothing without a webhookUrl");
}

} // namespace
} // namespace muster::provisioning
