#include "gateway/hub_world.h"

#include <gtest/gtest.h>

namespace muster::gateway {
namespace {

HttpReply ask_endpoints(HubWorld& world, std::string_view policy = "service",
                        std::string method = "GET") {
    return world.ask({.method = std::move(method), .target = "/messages/endpoints"}, policy);
}

} // namespace

TEST(EndpointsOverHttp, ThereAreNone) {
    HubWorld world;
    const auto reply = ask_endpoints(world);
    EXPECT_EQ(reply.status, 200U);
    EXPECT_EQ(reply.body, R"({"lastSequence":0,"endpoints":[]})");
}

TEST(EndpointsOverHttp, ShowWhatIsKnown) {
    HubWorld world;
    world.hub.endpoints().put({.name = "new", .kind = "nats", .target = "nats://n muster.x"});
    world.hub.endpoints().put({.name = "stuck",
                               .kind = "webhook",
                               .target = "https://w/?****",
                               .routes = {"all"},
                               .position = -7,
                               .sent = 3,
                               .lost = 2,
                               .attempts_failed = 4,
                               .last_sent = world.clock.wall(),
                               .last_failed = world.clock.wall(),
                               .failing_since = world.clock.wall(),
                               .next_attempt = world.clock.wall(),
                               .last_error = "the webhook answered with status 500"});
    const auto reply = ask_endpoints(world);
    EXPECT_EQ(reply.status, 200U);
    EXPECT_EQ(reply.body,
              R"({"lastSequence":0,"endpoints":[)"
              R"({"name":"new","type":"nats","target":"nats://n muster.x",)"
              R"("routes":[],"state":"unknown","position":0,"lag":0,"sent":0,"lost":0,)"
              R"("attemptsFailed":0},{"name":"stuck","type":"webhook","target":"https://w/?****",)"
              R"("routes":["all"],"state":"failing","position":-7,"lag":7,"sent":3,"lost":2,)"
              R"("attemptsFailed":4,"lastSentTime":"2030-01-02T03:04:05.0000000Z",)"
              R"("lastFailedTime":"2030-01-02T03:04:05.0000000Z",)"
              R"("lastError":"the webhook answered with status 500",)"
              R"("failingSince":"2030-01-02T03:04:05.0000000Z",)"
              R"("nextAttemptTime":"2030-01-02T03:04:05.0000000Z"}]})");
}

TEST(EndpointsOverHttp, AreForBackEnds) {
    HubWorld world;
    EXPECT_EQ(ask_endpoints(world, "device").status, 401U);
    EXPECT_EQ(ask_endpoints(world, "service", "PUT").status, 405U);
}

} // namespace muster::gateway
