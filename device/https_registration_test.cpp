#include "device/registration_script.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace muster::device {
namespace {

struct Script {
    explicit Script(RegisterOptions options = options_of_device_1())
        : conversation(register_over_https(std::move(options), clock, outcome.callback())) {}

    std::string start() {
        conversation->start(now);
        return conversation->take_output();
    }

    std::string feed(std::string_view bytes) {
        conversation->feed(bytes, now);
        return conversation->take_output();
    }

    /// Lets the time pass until the conversation has something to say or is over.
    std::string wait(SteadyTime::duration time) {
        const SteadyTime end = now + time;
        std::string output;
        while (conversation->next_deadline() && *conversation->next_deadline() <= end) {
            now = *conversation->next_deadline();
            conversation->deadline(now);
            output += conversation->take_output();
        }
        now = end;
        return output;
    }

    ManualClock clock = vector_clock();
    SteadyTime now = begin;
    Outcome outcome;
    std::unique_ptr<session::Conversation> conversation;
};

std::string response(std::string_view status, std::string_view extra, std::string_view body) {
    return "HTTP/1.1 " + std::string(status) + "\r\n" + std::string(extra) +
           "Content-Type: application/json; charset=utf-8\r\nContent-Length: " +
           std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

const std::string put_register =
    "PUT /0ne00TEST01/registrations/dev-1/register?api-version=2021-06-01 HTTP/1.1\r\n"
    "Host: dps.test\r\nAccept: application/json\r\nAuthorization: " +
    std::string(vector_token) +
    "\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: 44\r\n\r\n" +
    std::string(register_body);

const std::string get_operation =
    "GET /0ne00TEST01/registrations/dev-1/operations/5.x.y?api-version=2021-06-01 HTTP/1.1\r\n"
    "Host: dps.test\r\nAccept: application/json\r\nAuthorization: " +
    std::string(vector_token) + "\r\n\r\n";

const std::string assigning = response("202 Accepted", "Retry-After: 3\r\n", assigning_body);
const std::string assigned = response("200 OK", "", assigned_body);
const std::string throttled =
    response("429 Too Many Requests", "Retry-After: 10\r\n", throttled_body);

TEST(HttpsRegistration, RegistersAndPollsAsTold) {
    Script script;
    EXPECT_EQ(script.start(), put_register);
    EXPECT_EQ(script.feed(assigning), "");
    EXPECT_EQ(script.wait(2999ms), "");
    EXPECT_EQ(script.wait(1ms), get_operation);
    EXPECT_EQ(script.feed(assigning), "");
    EXPECT_EQ(script.wait(3s), get_operation);
    EXPECT_EQ(script.feed(assigned), "");
    ASSERT_EQ(script.outcome.calls, 1);
    ASSERT_TRUE(*script.outcome.result);
    EXPECT_EQ((*script.outcome.result)->hub, "hub.test");
    EXPECT_EQ((*script.outcome.result)->device_id, "dev-1");
    EXPECT_EQ((*script.outcome.result)->substatus, "initialAssignment");
    EXPECT_TRUE(script.conversation->wants_close());
    EXPECT_FALSE(script.conversation->next_deadline());
    script.conversation->lost(script.now);
    EXPECT_EQ(script.outcome.calls, 1);
}

TEST(HttpsRegistration, SendsNoTokenWithACertificate) {
    RegisterOptions options = options_of_device_1();
    options.identity.symmetric_key.reset();
    options.payload.reset();
    Script script(std::move(options));
    const std::string request = script.start();
    EXPECT_EQ(request.find("Authorization"), std::string::npos);
    EXPECT_TRUE(request.ends_with("\r\n\r\n{\"registrationId\":\"dev-1\"}"));
}

TEST(HttpsRegistration, EncodesIdsInThePath) {
    RegisterOptions options = options_of_device_1();
    options.identity.registration_id = RegistrationId("a:b");
    Script script(std::move(options));
    EXPECT_TRUE(script.start().starts_with("PUT /0ne00TEST01/registrations/a%3Ab/register?"));
}

TEST(HttpsRegistration, WaitsAsLongAsItMayOnAnAbsurdHint) {
    Script script;
    script.start();
    script.feed(response("503 Service Unavailable",
                         "Retry-After: 1000000000\r\nConnection: close\r\n", ""));
    ASSERT_EQ(script.outcome.calls, 1);
    EXPECT_EQ(script.outcome.result->error().retry_after, 300s);
}

TEST(HttpsRegistration, RepeatsWhatWasRefusedForBeingTooMuch) {
    Script script;
    script.start();
    EXPECT_EQ(script.feed(throttled), "");
    EXPECT_EQ(script.wait(10s), put_register);
    EXPECT_EQ(script.feed(response("500 Internal Server Error", "", "")), "");
    EXPECT_EQ(script.wait(2s), put_register); // no hint: two seconds
    script.feed(assigning);
    EXPECT_EQ(script.wait(3s), get_operation);
    EXPECT_EQ(script.feed(throttled), "");
    EXPECT_EQ(script.wait(10s), get_operation);
    script.feed(assigned);
    ASSERT_EQ(script.outcome.calls, 1);
    EXPECT_TRUE(*script.outcome.result);
}

TEST(HttpsRegistration, GivesUpAtItsTimeLimit) {
    Script script;
    script.start();
    int repeated = 0;
    while (script.outcome.calls == 0) {
        script.feed(throttled);
        repeated += script.wait(10s).empty() ? 0 : 1;
    }
    EXPECT_EQ(repeated, 11); // at 10, 20 ... 110 s; 120 s is the limit
    EXPECT_EQ(script.outcome.code(), Code::deadline_exceeded);
    EXPECT_EQ(script.outcome.result->error().detail,
              "the registration did not finish within 120 s: Throttled (error 429001, tracking id "
              "t)");
    EXPECT_TRUE(script.conversation->wants_close());
}

TEST(HttpsRegistration, ASilentServerIsGivenUpToo) {
    Script script;
    script.start();
    EXPECT_EQ(script.wait(120s), "");
    EXPECT_EQ(script.outcome.code(), Code::deadline_exceeded);
}

TEST(HttpsRegistration, ARefusalEndsItWithTheServicesText) {
    Script script;
    script.start();
    script.feed(response("401 Unauthorized", "",
                         R"({"errorCode":401000,"trackingId":"t","message":"Unauthorized"})"));
    EXPECT_EQ(script.outcome.code(), Code::unauthenticated);
    EXPECT_EQ(script.outcome.result->error().detail, "Unauthorized (error 401000, tracking id t)");
}

TEST(HttpsRegistration, ABusyServerThatClosesSaysWhenToComeAgain) {
    Script script;
    script.start();
    script.feed(
        response("503 Service Unavailable", "Retry-After: 30\r\nConnection: close\r\n", ""));
    EXPECT_EQ(script.outcome.code(), Code::unavailable);
    EXPECT_EQ(script.outcome.result->error().retry_after, 30s);
}

TEST(HttpsRegistration, AnAssignmentCountsThoughTheServerCloses) {
    Script script;
    script.start();
    script.feed(response("200 OK", "Connection: close\r\n", assigned_body));
    ASSERT_EQ(script.outcome.calls, 1);
    EXPECT_TRUE(*script.outcome.result);
}

TEST(HttpsRegistration, NonsenseEndsIt) {
    Script script;
    script.start();
    script.feed("220 smtp ready\r\n\r\n");
    EXPECT_EQ(script.outcome.code(), Code::malformed);
}

// ---- the same script, failing at each step in turn ----

/// Plays the whole script up to `steps` bytes or waits, one byte at a time.
void play(Script& script, std::size_t steps) {
    script.start();
    const auto feed = [&](const std::string& bytes) {
        for (const char& byte : bytes) {
            if (steps-- == 0) {
                steps = 0;
                return false;
            }
            script.feed(std::string_view(&byte, 1));
        }
        return true;
    };
    if (feed(throttled) && !script.wait(10s).empty() && feed(assigning) &&
        !script.wait(3s).empty()) {
        feed(assigned);
    }
}

const std::size_t all_steps = throttled.size() + assigning.size() + assigned.size();

TEST(HttpsRegistration, ByteByByteItWorks) {
    Script script;
    play(script, all_steps);
    ASSERT_EQ(script.outcome.calls, 1);
    EXPECT_TRUE(*script.outcome.result);
}

TEST(HttpsRegistration, BrokenAnywhereItEndsOnceAndWithAReason) {
    for (std::size_t steps = 0; steps < all_steps; ++steps) {
        Script lost;
        play(lost, steps);
        lost.conversation->lost(lost.now);
        ASSERT_EQ(lost.outcome.calls, 1) << steps;
        ASSERT_EQ(lost.outcome.code(), Code::unavailable) << steps;
        ASSERT_TRUE(lost.conversation->wants_close());

        Script silent;
        play(silent, steps);
        silent.wait(120s);
        ASSERT_EQ(silent.outcome.calls, 1) << steps;
        ASSERT_EQ(silent.outcome.code(), Code::deadline_exceeded) << steps;

        Script stopped;
        play(stopped, steps);
        stopped.conversation->stop(stopped.now);
        ASSERT_EQ(stopped.outcome.code(), Code::unavailable) << steps;
        ASSERT_TRUE(stopped.conversation->wants_close());
    }
}

} // namespace
} // namespace muster::device
