#include "base/encoding.h"
#include "crypto/keys.h"
#include "provisioning/allocating/function.h"
#include "provisioning/scripted_web.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <thread>

namespace muster::provisioning {
namespace {

using namespace std::chrono_literals;

const WallTime start = from_unix_seconds(1'893'456'000);
const WebReply chosen{
    .status = 200, .content_type = "application/json", .body = R"({"iotHubHostName":"hub-1"})"};
const std::string not_sent = "An error occurred while sending the request.";

struct FunctionCalls : testing::Test {
    ManualClock clock{start};
    ScriptedWeb web;
    FunctionCaller caller{web, clock};
    FunctionRequest request{
        .definition = {.url = Secret("https://web.hook/api?code=SeCrEt"),
                       .api_version = "2021-10-01",
                       .rule = {},
                       .fallback = {},
                       .signing_key = {}},
        .body = {{"deviceRuntimeContext", JsonObject{{"registrationId", "a"}}}}};

    /// What comes next, and how long it takes.
    void then(Result<WebReply> reply, std::chrono::microseconds takes = {}) {
        web.answer_next_by([this, reply = std::move(reply), takes](const WebCall& call) {
            clock.advance(std::min<std::chrono::microseconds>(takes, call.time_max));
            return reply;
        });
    }

    void then_status(unsigned status) {
        then(WebReply{.status = status, .content_type = {}, .body = "SeCrEt body"});
    }

    Error refusal() {
        auto answer = caller.call(request);
        EXPECT_FALSE(answer);
        if (answer) {
            return {};
        }
        EXPECT_EQ((answer.error().detail + answer.error().cause).find("SeCrEt"), std::string::npos);
        return answer.error();
    }

    void fail_calls(int times) {
        for (int i = 0; i < times; ++i) {
            static_cast<void>(refusal());
        }
    }

    bool hub_comes() {
        const auto answer = caller.call(request);
        return answer && answer->hub == HubName("hub-1");
    }

    [[nodiscard]] static std::string header(const WebCall& call, std::string_view name) {
        const auto at =
            std::ranges::find(call.headers, name, &std::pair<std::string, std::string>::first);
        return at == call.headers.end() ? "" : at->second;
    }
};

TEST_F(FunctionCalls, PostTheRequestAndReadTheAnswer) {
    then(chosen);
    EXPECT_TRUE(hub_comes());
    ASSERT_EQ(web.calls().size(), 1U);
    const WebCall call = web.calls().front();
    EXPECT_EQ(call.url.reveal(), "https://web.hook/api?code=SeCrEt");
    EXPECT_EQ(call.body, R"({"deviceRuntimeContext":{"registrationId":"a"}})");
    EXPECT_EQ(header(call, "Content-Type"), "application/json");
    EXPECT_EQ(header(call, signature_header), "");
    EXPECT_EQ(call.time_max, function_attempt_max);
    EXPECT_EQ(call.answer_bytes_max, function_answer_bytes_max);
}

TEST_F(FunctionCalls, AnySuccessIsOne) {
    for (const unsigned status : {200U, 201U, 202U, 299U}) {
        then(WebReply{.status = status, .content_type = "text/plain", .body = chosen.body});
        EXPECT_TRUE(hub_comes()) << status;
    }
}

// dps-device 7.3, in the words that devices of the real service have seen
TEST_F(FunctionCalls, ARefusalIsToldWithItsStatusAndNotTriedAgain) {
    for (const unsigned status : {400U, 401U, 403U, 404U, 418U, 499U}) {
        then_status(status);
        const Error error = refusal();
        EXPECT_EQ(error.code, Code::forbidden);
        EXPECT_EQ(error.detail,
                  "Custom allocation failed with status code: " + std::to_string(status));
    }
    EXPECT_EQ(web.calls().size(), 6U);
}

TEST_F(FunctionCalls, ARedirectIsNotFollowed) {
    for (const unsigned status : {301U, 302U, 304U, 307U, 308U, 100U}) {
        then_status(status);
        const Error error = refusal();
        EXPECT_EQ(error.code, Code::unavailable);
        EXPECT_EQ(error.detail,
                  "Custom allocation failed with status code: " + std::to_string(status));
    }
    EXPECT_EQ(web.calls().size(), 6U) << "nor tried again";
}

TEST_F(FunctionCalls, WhatMayPassIsTriedOnceMore) {
    for (const unsigned status : {408U, 429U, 500U, 502U, 503U, 599U}) {
        then_status(status);
        then(chosen);
        EXPECT_TRUE(hub_comes()) << status;
    }
    for (const Code code : {Code::unavailable, Code::deadline_exceeded}) {
        then(fail(code, "cannot connect to web.hook"));
        then(chosen);
        EXPECT_TRUE(hub_comes());
    }
    EXPECT_EQ(web.calls().size(), 16U);
}

TEST_F(FunctionCalls, ButNotTwiceMore) {
    then_status(500);
    then_status(503);
    const Error status = refusal();
    EXPECT_EQ(status.code, Code::unavailable);
    EXPECT_EQ(status.detail, "Custom allocation failed with status code: 503");
    EXPECT_EQ(web.calls().size(), 2U);
    EXPECT_EQ(refusal().detail, not_sent);
    EXPECT_EQ(web.calls().size(), 4U);
}

TEST_F(FunctionCalls, WhatWillNotPassIsNotTriedAgain) {
    for (const Code code : {Code::forbidden, Code::malformed, Code::too_large}) {
        then(fail(code, "web.hook may not be called", "an inside address"));
        const Error error = refusal();
        EXPECT_EQ(error.code, Code::unavailable);
        EXPECT_EQ(error.detail, not_sent) << "the device learns nothing of our network";
        EXPECT_EQ(error.cause, "https://web.hook/api?****: web.hook may not be called (an inside "
                               "address)");
    }
    EXPECT_EQ(web.calls().size(), 3U);
}

TEST_F(FunctionCalls, AnUnusableAnswerIsNoAnswer) {
    for (const auto* body : {"", "SeCrEt", R"({"iotHubHostName":5})", R"({"SeCrEt":1})"}) {
        then(WebReply{.status = 200, .content_type = "application/json", .body = body});
        const Error error = refusal();
        EXPECT_EQ(error.code, Code::unavailable);
        EXPECT_EQ(error.detail, "Custom allocation returned an unusable response.");
        EXPECT_TRUE(error.cause.starts_with("the function's answer: ")) << error.cause;
    }
    EXPECT_EQ(web.calls().size(), 4U);
}

TEST_F(FunctionCalls, AllAttemptsTogetherAreBounded) {
    then(fail(Code::deadline_exceeded, "no answer in time"), 1h);
    then(fail(Code::deadline_exceeded, "no answer in time"), 1h);
    fail_calls(1);
    EXPECT_LE(clock.wall() - start, function_time_max);
    ASSERT_EQ(web.calls().size(), 2U);
    for (const WebCall& call : web.calls()) {
        EXPECT_GT(call.time_max, 0ms);
        EXPECT_LE(call.time_max, function_attempt_max);
    }
}

TEST_F(FunctionCalls, ASlowWebLeavesNoTimeForASecondAttempt) {
    struct Stuck final : WebCaller { // does not keep to the time it was given

        explicit Stuck(ManualClock& clock) : clock_(clock) {}

        Result<WebReply> post(const WebCall& /*call*/) override {
            ++calls;
            clock_.advance(function_time_max);
            return fail(Code::unavailable, "connection lost");
        }

        ManualClock& clock_;
        int calls = 0;
    } stuck(clock);

    FunctionCaller patient(stuck, clock);
    EXPECT_FALSE(patient.call(request));
    EXPECT_EQ(stuck.calls, 1);
}

TEST_F(FunctionCalls, AFunctionThatKeepsFailingIsLeftAlone) {
    fail_calls(5);
    EXPECT_EQ(web.calls().size(), 10U);
    const Error resting = refusal();
    EXPECT_EQ(resting.code, Code::unavailable);
    EXPECT_EQ(resting.detail, not_sent);
    EXPECT_EQ(resting.cause, "https://web.hook/api?**** failed several times in a row and rests");
    EXPECT_EQ(web.calls().size(), 10U);
    clock.advance(10s);
    web.answer_by([](const WebCall&) { return chosen; });
    EXPECT_TRUE(hub_comes());
    EXPECT_TRUE(hub_comes());
}

TEST_F(FunctionCalls, ItsQueryMakesItNoOtherFunction) {
    fail_calls(5);
    request.definition.url = Secret("https://web.hook/api?code=OtHeR");
    fail_calls(1);
    EXPECT_EQ(web.calls().size(), 10U);
    request.definition.url = Secret("https://web.hook/other?code=SeCrEt");
    then(chosen);
    EXPECT_TRUE(hub_comes());
}

TEST_F(FunctionCalls, RefusalsAndUnusableAnswersAreNoFailuresOfTheNetwork) {
    for (int i = 0; i < 20; ++i) {
        then_status(403);
        then(WebReply{.status = 200, .content_type = {}, .body = "<html>"});
        fail_calls(2);
    }
    then(chosen);
    EXPECT_TRUE(hub_comes());
}

TEST_F(FunctionCalls, NothingTooLargeIsSent) {
    request.body["padding"] = std::string(function_request_bytes_max, 'x');
    EXPECT_EQ(refusal().detail, not_sent);
    EXPECT_TRUE(web.calls().empty());
}

TEST_F(FunctionCalls, ThereIsNoneWithoutAnAddress) {
    request.definition.url.reset();
    EXPECT_EQ(refusal().code, Code::unavailable);
}

TEST_F(FunctionCalls, AreSignedIfThereIsAKey) {
    request.definition.signing_key = Secret("0123456789abcdef");
    then_status(500);
    then(chosen, 1s);
    EXPECT_TRUE(hub_comes());
    ASSERT_EQ(web.calls().size(), 2U);
    for (const WebCall& call : web.calls()) {
        EXPECT_EQ(header(call, signature_header),
                  function_signature(Secret("0123456789abcdef"), call.body, start));
        EXPECT_EQ(std::ranges::count(call.headers, signature_header,
                                     &std::pair<std::string, std::string>::first),
                  1);
    }
}

TEST(FunctionSignature, IsWhatAReceiverComputes) {
    const Secret key("0123456789abcdef");
    const std::string by_hand =
        hex_encode_lower(crypto::hmac_sha256("0123456789abcdef", R"(1893456000.{"a":1})"));
    EXPECT_EQ(function_signature(key, R"({"a":1})", start), "t=1893456000,v1=" + by_hand);
    EXPECT_EQ(by_hand.size(), 64U);
    EXPECT_NE(function_signature(key, R"({"a":2})", start), "t=1893456000,v1=" + by_hand);
    EXPECT_NE(function_signature(key, R"({"a":1})", start + 1s).substr(16), by_hand);
}

TEST_F(FunctionCalls, ComeFromManyThreads) {
    web.answer_by([](const WebCall&) { return chosen; });
    std::atomic<int> chosen_count = 0;
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < 8; ++i) {
            threads.emplace_back([&] {
                for (int j = 0; j < 100; ++j) {
                    chosen_count += hub_comes() ? 1 : 0;
                }
            });
        }
    }
    EXPECT_EQ(chosen_count, 800);
}

TEST_F(FunctionCalls, OfManyThatWaitForARestingFunctionOneTries) {
    fail_calls(5);
    clock.advance(10s);
    std::atomic<bool> go = false;
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < 8; ++i) {
            threads.emplace_back([&] {
                go.wait(false);
                EXPECT_FALSE(caller.call(request));
            });
        }
        go = true;
        go.notify_all();
    }
    EXPECT_EQ(web.calls().size(), 10U + 2U) << "its two attempts";
}

} // namespace
} // namespace muster::provisioning
