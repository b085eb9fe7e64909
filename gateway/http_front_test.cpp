#include "gateway/http_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace muster::gateway {
namespace {

class HttpFront : public testing::Test {
  protected:
    HttpFront() { world.enroll("dev-1"); }

    [[nodiscard]] HttpAsk get_enrollment() const {
        return {.method = "GET",
                .target = "/enrollments/dev-1?api-version=2021-10-01",
                .headers = {{"Authorization", world.service_token("provisioningserviceowner")}}};
    }

    HttpReply settled_reply(Wire& wire) {
        wire.settle(world.workers);
        auto text = wire.take();
        return take_reply(text);
    }

    static void expect_problem(const HttpReply& reply, unsigned status, int error_code) {
        EXPECT_EQ(reply.status, status) << reply.body;
        EXPECT_EQ(reply.error_code(), error_code) << reply.body;
        EXPECT_EQ(reply.header("Content-Type"), "application/json; charset=utf-8");
        EXPECT_EQ(reply.member("trackingId").as_string(), reply.header("x-ms-request-id"));
        EXPECT_EQ(reply.header("x-ms-request-id").size(), 36U);
        EXPECT_EQ(reply.header("x-ms-error-code"), std::to_string(error_code));
        EXPECT_TRUE(reply.member("message").is_string());
        EXPECT_TRUE(reply.member("timestampUtc").as_string().ends_with("Z"));
    }

    ProvisioningWorld world;
};

TEST_F(HttpFront, AnswersFramingFaultsInTheReferencesShape) {
    // DPS-DEVICE-20, DPS-SERVICE-40; the framing is lost, so the connection ends
    const std::string start = "POST /x HTTP/1.1\r\nHost: h\r\n";
    const std::pair<std::string, unsigned> cases[] = {
        {"nonsense\r\n\r\n", 400},
        {"GET /x\r\n\r\n", 400},
        {"GET  /x HTTP/1.1\r\nHost: h\r\n\r\n", 400},
        {start + "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
        {start + "Content-Length: 1\r\nContent-Length: 2\r\n\r\n", 400},
        {start + "Content-Length: -1\r\n\r\n", 400},
        {start + "Bad Header: x\r\n\r\n", 400},
        {start + "Content-Length: 9999999\r\n\r\n", 413},
        {start + "X: " + std::string(20'000, 'x') + "\r\n\r\n", 431},
        {"GET /" + std::string(5'000, 'a') + " HTTP/1.1\r\nHost: h\r\n\r\n", 414},
        {"GET /x HTTP/3.0\r\nHost: h\r\n\r\n", 505},
        {start + "Transfer-Encoding: gzip\r\n\r\n", 501},
        {"\x16\x03\x01 TLS in TLS\r\n\r\n", 400},
    };
    for (const auto& [bytes, status] : cases) {
        auto wire = world.https();
        wire.send(bytes);
        const auto reply = settled_reply(wire);
        expect_problem(reply, status, static_cast<int>(status) * 1000);
        EXPECT_EQ(reply.header("Connection"), "close") << bytes.substr(0, 40);
        EXPECT_TRUE(wire.wants_close());
    }
}

TEST_F(HttpFront, RefusesUnreadableTargetsAndLivesOn) {
    auto wire = world.https();
    const auto refused = exchange(world, wire, {.target = "/enrollments/%zz"});
    expect_problem(refused, 400, 400000);
    EXPECT_EQ(exchange(world, wire, get_enrollment()).status, 200U);
}

TEST_F(HttpFront, ClosesSilentConnections) {
    auto silent = world.https();
    world.clock.advance(std::chrono::seconds(16));
    silent.deadline();
    EXPECT_TRUE(silent.wants_close());
    EXPECT_EQ(silent.take(), "");

    auto idle = world.https();
    EXPECT_EQ(exchange(world, idle, get_enrollment()).status, 200U);
    world.clock.advance(std::chrono::seconds(301)); // DPS-DEVICE-27: longer than any retry-after
    idle.deadline();
    EXPECT_FALSE(idle.wants_close());
    world.clock.advance(std::chrono::seconds(60));
    idle.deadline();
    EXPECT_TRUE(idle.wants_close());
}

TEST_F(HttpFront, AnswersPipelinedRequestsInOrderOneAtATime) {
    auto wire = world.https();
    auto second = get_enrollment();
    second.target = "/enrollments/dev-2?api-version=2021-10-01";
    wire.send(bytes_of(get_enrollment()) + bytes_of(second) + bytes_of(get_enrollment()));
    EXPECT_EQ(world.workers.waiting(), 1U);
    EXPECT_FALSE(wire.wants_input());
    wire.settle(world.workers);
    auto text = wire.take();
    EXPECT_EQ(take_reply(text).status, 200U);
    EXPECT_EQ(take_reply(text).status, 404U);
    EXPECT_EQ(take_reply(text).status, 200U);
    EXPECT_EQ(text, "");
    EXPECT_TRUE(wire.wants_input());
}

TEST_F(HttpFront, TakesALongPipelineOfRefusalsWithoutDeepRecursion) {
    auto wire = world.https();
    std::string bytes;
    for (int i = 0; i < 20'000; ++i) {
        bytes += "GET /%zz HTTP/1.1\r\nHost: h\r\n\r\n";
    }
    wire.send(bytes);
    auto text = wire.take();
    int refused = 0;
    while (take_reply(text).status == 400) {
        ++refused;
        if (refused == 3) {
            break; // the rest is alike, and erasing text from its front is slow
        }
    }
    EXPECT_EQ(refused, 3);
    EXPECT_FALSE(wire.wants_close());
}

TEST_F(HttpFront, GivesEveryRequestAnIdOfItsOwn) {
    auto wire = world.https();
    const auto first = exchange(world, wire, get_enrollment()).header("x-ms-request-id");
    const auto second = exchange(world, wire, get_enrollment()).header("x-ms-request-id");
    EXPECT_EQ(first.size(), 36U);
    EXPECT_NE(first, second);
}

TEST_F(HttpFront, AnswersAFullQueueWith503) {
    // DPS-DEVICE-31
    auto wire = world.https();
    world.workers.full = true;
    const auto reply = exchange(world, wire, get_enrollment());
    expect_problem(reply, 503, 503000);
    EXPECT_EQ(reply.header("Retry-After"), "3");
    world.workers.full = false;
    EXPECT_EQ(exchange(world, wire, get_enrollment()).status, 200U);
}

TEST_F(HttpFront, AnswersAHandlerThatThrowsWith500AndNothingElse) {
    auto wire = world.https();
    world.faults.crash_at(1, provisioning::Faults::When::before_effect);
    const auto reply = exchange(world, wire, get_enrollment());
    expect_problem(reply, 500, 500001);
    EXPECT_EQ(reply.member("message"), Json("internal error"));
    world.faults.clear();
    EXPECT_EQ(exchange(world, wire, get_enrollment()).status, 200U);
}

TEST_F(HttpFront, StopsAtOnceWhenIdle) {
    auto wire = world.https();
    EXPECT_EQ(exchange(world, wire, get_enrollment()).status, 200U);
    wire.stop();
    EXPECT_TRUE(wire.wants_close());
}

TEST_F(HttpFront, StopsAfterTheAnswerInFlight) {
    auto wire = world.https();
    wire.send(bytes_of(get_enrollment()));
    wire.stop();
    EXPECT_FALSE(wire.wants_close());
    const auto reply = settled_reply(wire);
    EXPECT_EQ(reply.status, 200U);
    EXPECT_EQ(reply.header("Connection"), "close");
    EXPECT_TRUE(wire.wants_close());
}

TEST_F(HttpFront, DropsAnswersThatComeTooLate) {
    auto wire = world.https();
    wire.send(bytes_of(get_enrollment()));
    wire.lose();
    EXPECT_TRUE(world.workers.run_one()); // the sanitizers watch
}

TEST_F(HttpFront, SaysThatNoServiceHasTheHost) {
    auto ask = get_enrollment();
    for (const auto* host : {"other.example.net", "", "127.0.0.78:443"}) {
        ask.host = host;
        expect_problem(exchange(world, ask), 404, 404000);
    }
}

TEST_F(HttpFront, FindsTheServiceWhateverTheHostsSpelling) {
    // DPS-SERVICE-5: `Host: name:443`
    auto ask = get_enrollment();
    for (const auto* host : {"DPS.Example.Net", "dps.example.net:443", "dps.example.net."}) {
        ask.host = host;
        EXPECT_EQ(exchange(world, ask).status, 200U) << host;
    }
}

} // namespace
} // namespace muster::gateway
