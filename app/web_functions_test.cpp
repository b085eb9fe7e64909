#include "app/web_functions.h"

#include <gtest/gtest.h>

namespace muster::app {
namespace {

using namespace std::chrono_literals;

provisioning::WebCall call() {
    return {.url = Secret("https://web.hook/api?code=b"),
            .headers = {{"Content-Type", "application/json"}},
            .body = "{}",
            .time_max = 1234ms,
            .answer_bytes_max = 77};
}

TEST(WebFunctions, PostWhatTheyAreTold) {
    std::vector<net::Outgoing::Request> asked;
    WebFunctions functions([&](const net::Outgoing::Request& request) {
        asked.push_back(request);
        return net::HttpReply{
            .status = 403, .headers = {{"content-type", "text/html"}}, .body = "<html>"};
    });
    const auto reply = functions.post(call());
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->status, 403U);
    EXPECT_EQ(reply->content_type, "text/html");
    EXPECT_EQ(reply->body, "<html>");
    ASSERT_EQ(asked.size(), 1U);
    EXPECT_EQ(asked[0].method, "POST");
    EXPECT_EQ(asked[0].url, "https://web.hook/api?code=b");
    EXPECT_EQ(asked[0].headers, call().headers);
    EXPECT_EQ(asked[0].body, "{}");
    EXPECT_EQ(asked[0].time_max, 1234ms);
    EXPECT_EQ(asked[0].answer_bytes_max, 77U);
}

TEST(WebFunctions, TellWhyNothingCame) {
    WebFunctions functions([](const net::Outgoing::Request&) -> Result<net::HttpReply> {
        return fail(Code::forbidden, "web.hook may not be called");
    });
    const auto reply = functions.post(call());
    ASSERT_FALSE(reply);
    EXPECT_EQ(reply.error().code, Code::forbidden);
    EXPECT_EQ(reply.error().detail, "web.hook may not be called");
}

} // namespace
} // namespace muster::app
