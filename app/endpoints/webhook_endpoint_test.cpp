#include "app/endpoints/webhook_endpoint.h"
#include "base/json.h"
#include "crypto/webhook_signature.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace muster::app {

namespace {

using namespace std::chrono_literals;

struct Receiver {
    WebhookEndpoint endpoint(std::optional<Secret> key = std::nullopt) {
        return WebhookEndpoint(
            {.hub = HubName("hub1.example.org"),
             .url = Secret("https://back.end/events?code=s3cr3t"),
             .signing_key = std::move(key)},
            [this](const net::Outgoing::Request& request) {
                asked.push_back(request);
                return answer;
            },
            clock);
    }

    [[nodiscard]] std::string header(std::string_view name) const {
        const auto& headers = asked.back().headers;
        const auto at =
            std::ranges::find(headers, name, &std::pair<std::string, std::string>::first);
        return at == headers.end() ? "" : at->second;
    }

    ManualClock clock{from_unix_seconds(1'893'456'000)};
    std::vector<net::Outgoing::Request> asked;
    Result<net::HttpReply> answer = net::HttpReply{.status = 200, .headers = {}, .body = {}};
};

std::vector<hub::Event> two_events() {
    return {{.sequence = 1, .identity = DeviceId("a"), .body = "x"},
            {.sequence = 2, .identity = DeviceId("b"), .body = "y"}};
}

} // namespace

TEST(WebhookEndpoints, PostABatch) {
    Receiver receiver;
    ASSERT_TRUE(receiver.endpoint().deliver(two_events()));
    ASSERT_EQ(receiver.asked.size(), 1U);
    const auto& request = receiver.asked.front();
    EXPECT_EQ(request.method, "POST");
    EXPECT_EQ(request.url, "https://back.end/events?code=s3cr3t");
    EXPECT_EQ(request.time_max, webhook_time_max);
    EXPECT_FALSE(request.plain_http_allowed);
    EXPECT_EQ(receiver.header("Content-Type"), "application/cloudevents-batch+json; charset=utf-8");
    EXPECT_EQ(receiver.header("X-Muster-Signature"), "");
    EXPECT_EQ(parse_json(request.body).value().as_array().size(), 2U);
}

TEST(WebhookEndpoints, SignWhatTheySend) {
    Receiver receiver;
    const Secret key("0123456789abcdef");
    auto endpoint = receiver.endpoint(key);
    ASSERT_TRUE(endpoint.deliver(two_events()));
    EXPECT_EQ(receiver.header("X-Muster-Signature"),
              crypto::webhook_signature(key, receiver.asked.back().body, receiver.clock.wall()));
    receiver.clock.advance(1h); // signed anew each time
    ASSERT_TRUE(endpoint.deliver(two_events()));
    EXPECT_TRUE(receiver.header("X-Muster-Signature").starts_with("t=1893459600,"));
}

TEST(WebhookEndpoints, OnlyASuccessAcknowledges) {
    Receiver receiver;
    auto endpoint = receiver.endpoint();
    for (const unsigned status : {200U, 201U, 202U, 204U, 299U}) {
        receiver.answer->status = status;
        EXPECT_TRUE(endpoint.deliver(two_events())) << status;
    }
    for (const unsigned status : {100U, 301U, 304U, 307U, 400U, 401U, 404U, 410U, 413U, 500U}) {
        receiver.answer->status = status;
        const auto failed = endpoint.deliver(two_events());
        ASSERT_FALSE(failed) << status;
        EXPECT_EQ(failed.error().detail,
                  "the webhook answered with status " + std::to_string(status));
        EXPECT_FALSE(failed.error().retry_after);
    }
    receiver.answer = fail(Code::deadline_exceeded, "back.end did not answer in time");
    EXPECT_EQ(endpoint.deliver(two_events()).error().code, Code::deadline_exceeded);
}

TEST(WebhookEndpoints, HeedRetryAfter) {
    Receiver receiver;
    auto endpoint = receiver.endpoint();
    receiver.answer = net::HttpReply{.status = 503, .headers = {{"retry-after", "17"}}, .body = {}};
    EXPECT_EQ(endpoint.deliver(two_events()).error().retry_after, 17s);
    receiver.answer->headers = {{"retry-after", "99999999999999999"}};
    EXPECT_EQ(endpoint.deliver(two_events()).error().retry_after, 24h);
    for (const auto* text : {"", "-1", "soon", "Wed, 21 Oct 2015 07:28:00 GMT"}) {
        receiver.answer->headers = {{"retry-after", text}};
        EXPECT_FALSE(endpoint.deliver(two_events()).error().retry_after) << text;
    }
}

TEST(WebhookEndpoints, StopWhenInterrupted) {
    Receiver receiver;
    auto endpoint = receiver.endpoint();
    ASSERT_TRUE(endpoint.deliver(two_events()));
    const std::stop_token under_way = receiver.asked.front().cancelled;
    EXPECT_FALSE(under_way.stop_requested());
    endpoint.interrupt();
    EXPECT_TRUE(under_way.stop_requested());
    EXPECT_FALSE(endpoint.deliver(two_events()));
    EXPECT_EQ(receiver.asked.size(), 1U);
}

} // namespace muster::app
