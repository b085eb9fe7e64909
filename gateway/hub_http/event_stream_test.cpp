// Events of a hub's log as they come (gateway/hub_http/event_stream.h).

#include "gateway/hub_world.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <charconv>
#include <chrono>
#include <string>
#include <string_view>

namespace muster::gateway {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

/// The data of all chunks; a "|END" where the last one stands.
std::string unchunked(std::string_view bytes) {
    std::string data;
    while (!bytes.empty()) {
        std::size_t size = 0;
        const auto line = bytes.find("\r\n");
        std::from_chars(bytes.data(), bytes.data() + line, size, 16);
        data += size == 0 ? "|END" : bytes.substr(line + 2, size);
        bytes.remove_prefix(line + 2 + size + 2);
    }
    return data;
}

class EventStreams : public testing::Test {
  protected:
    static hub::HubSettings settings() {
        hub::HubSettings settings = HubWorld::settings();
        settings.events.streams_max = 2;
        return settings;
    }

    Wire open(std::string query = "stream", std::vector<session::HttpHeader> headers = {}) {
        auto wire = world.https();
        wire.send(bytes_of(
            world.completed({.target = "/messages/events?" + query, .headers = std::move(headers)},
                            "iothubowner")));
        world.settle({&wire});
        return wire;
    }

    /// What came since the last time; the head of the answer, if it is in there, goes to `head`.
    std::string data(Wire& wire) {
        world.settle({&wire});
        std::string bytes = wire.take();
        if (bytes.starts_with("HTTP/1.1 ")) {
            const auto end = bytes.find("\r\n\r\n");
            head = bytes.substr(0, end);
            bytes.erase(0, end + 4);
        }
        return unchunked(bytes);
    }

    void send(std::string body, std::string_view device = "dev-01") {
        hub::Event event;
        event.identity = DeviceId(std::string(device));
        event.body = std::move(body);
        world.hub.send_telemetry({event}).value();
    }

    void pass(std::chrono::milliseconds time) {
        world.clock.advance(time);
        world.timers.advance(time);
    }

    static std::string frame(int sequence, std::string_view body) {
        return fmt::format("id: {}\ndata: {{\"sequence\":{},\"partition\":{},\"source\":"
                           "\"Telemetry\",\"deviceId\":\"dev-01\",\"enqueuedTime\":"
                           "\"2030-01-02T03:04:05.0000000Z\",\"properties\":{{}},\"body\":\"{}\"}}"
                           "\n\n",
                           sequence, sequence, hub::partition_of(DeviceId("dev-01"), 4), body);
    }

    HubWorld world{settings()};
    std::string head;
};

constexpr std::string_view opening = "retry: 2000\n\n";

TEST_F(EventStreams, EventsComeAsTheyAreStored) {
    send("before");
    auto wire = open();
    EXPECT_EQ(data(wire), opening);
    EXPECT_THAT(head, HasSubstr("200 OK"));
    EXPECT_THAT(head, HasSubstr("Content-Type: text/event-stream\r\n"));
    EXPECT_THAT(head, HasSubstr("Transfer-Encoding: chunked\r\n"));
    EXPECT_THAT(head, HasSubstr("muster-last-sequence: 1"));
    send("a");
    EXPECT_EQ(data(wire), frame(2, "a"));
    send("b");
    send("c");
    EXPECT_EQ(data(wire), frame(3, "b") + frame(4, "c"));
    EXPECT_FALSE(wire.wants_close());
}

TEST_F(EventStreams, TheMediaTypeIsEnough) {
    auto wire = open("after=0", {{"Accept", "text/event-stream"}});
    EXPECT_EQ(data(wire), opening);
}

TEST_F(EventStreams, GoesOnWhereTheLastOneEnded) {
    send("a");
    send("b");
    send("c");
    auto first = open("stream&after=0");
    EXPECT_EQ(data(first), std::string(opening) + frame(1, "a") + frame(2, "b") + frame(3, "c"));
    first.lose();
    send("d");
    auto second = open("stream&after=0", {{"Last-Event-ID", "2"}});
    EXPECT_EQ(data(second), std::string(opening) + frame(3, "c") + frame(4, "d"));
    auto odd = open("stream", {{"Last-Event-ID", "two"}});
    EXPECT_THAT(odd.take(), HasSubstr("400 Bad Request"));
}

TEST_F(EventStreams, AConsumerStartsAtItsPosition) {
    send("a");
    send("b");
    world.hub.events()
        .save_position({hub::EventGroup::Kind::consumer, "billing"}, std::nullopt, 1)
        .value();
    auto known = open("stream&consumer=billing");
    EXPECT_EQ(data(known), std::string(opening) + frame(2, "b"));
    auto fresh = open("stream&consumer=alarms");
    EXPECT_EQ(data(fresh), std::string(opening) + frame(1, "a") + frame(2, "b"));
    const auto stored =
        world.hub.events().positions({hub::EventGroup::Kind::consumer, "billing"}).value();
    EXPECT_EQ(stored.front().sequence, 1) << "reading moves nothing";
}

TEST_F(EventStreams, SaysThatItIsStillThere) {
    auto wire = open();
    EXPECT_EQ(data(wire), opening);
    pass(14'999ms);
    EXPECT_EQ(data(wire), "");
    pass(1ms);
    EXPECT_EQ(data(wire), ": still here\nid: 0\n\n");
    pass(15s);
    EXPECT_EQ(data(wire), ": still here\nid: 0\n\n");
}

TEST_F(EventStreams, WhatIsNotWantedMovesThePositionOn) {
    const int other = 3 - hub::partition_of(DeviceId("dev-01"), 4);
    auto wire = open(fmt::format("stream&partition={}", other));
    EXPECT_EQ(data(wire), opening);
    send("a");
    send("b");
    EXPECT_EQ(data(wire), "");
    pass(15s);
    EXPECT_EQ(data(wire), ": still here\nid: 2\n\n");
    auto of_source = open("stream&after=0&source=twinChangeEvents");
    EXPECT_EQ(data(of_source), opening);
}

TEST_F(EventStreams, SaysWhatRetentionTook) {
    hub::HubSettings small = settings();
    small.events.retention.events_max = 2;
    HubWorld tight(small);
    hub::Event event;
    event.identity = DeviceId("dev-01");
    tight.hub.send_telemetry({5, event}).value();
    auto wire = tight.https();
    wire.send(
        bytes_of(tight.completed({.target = "/messages/events?stream&after=1"}, "iothubowner")));
    tight.settle({&wire});
    EXPECT_THAT(wire.take(), HasSubstr("event: lost\ndata: {\"lost\":2,\"first\":4}\n\nid: 4\n"));
}

TEST_F(EventStreams, ASlowReaderSlowsTheReading) {
    auto wire = open("stream&after=0");
    EXPECT_EQ(data(wire), opening);
    wire.reading = false;
    for (int sent = 0; sent < 1000; ++sent) {
        send(std::string(10'000, 'x')); // 10 MB in all
    }
    world.settle({&wire});
    EXPECT_EQ(world.workers.waiting(), 0U) << "nothing more is read for it";
    wire.read_on();
    const std::string first = data(wire);
    EXPECT_THAT(first, HasSubstr("id: 1\n"));
    EXPECT_THAT(first, HasSubstr("id: 1000\n")) << "and everything once it reads again";
}

TEST_F(EventStreams, EndsWithTheRight) {
    auto wire = open();
    data(wire);
    pass(2h); // the token was good for one
    EXPECT_EQ(data(wire), "event: end\ndata: {\"reason\":\"the right to read has ended\"}\n\n|END");
    EXPECT_FALSE(wire.wants_close());
}

TEST_F(EventStreams, EndsInOrderWhenTheServerStops) {
    auto wire = open();
    data(wire);
    wire.stop();
    EXPECT_EQ(unchunked(wire.take()), "|END");
    EXPECT_TRUE(wire.wants_close());
    send("late");
    world.settle({&wire});
    EXPECT_EQ(wire.take(), "");
}

TEST_F(EventStreams, SaysSoIfTheLogCannotBeRead) {
    auto wire = open();
    data(wire);
    world.events.failure = Error{.code = Code::unavailable, .detail = "away"};
    pass(15s);
    EXPECT_THAT(data(wire), HasSubstr("event: end\n"));
}

TEST_F(EventStreams, WaitsWhileTheServerIsBusy) {
    auto wire = open();
    data(wire);
    world.workers.full = true;
    send("a");
    EXPECT_EQ(data(wire), "");
    pass(500ms);
    EXPECT_EQ(data(wire), "");
    world.workers.full = false;
    pass(500ms);
    EXPECT_THAT(data(wire), HasSubstr("\"body\":\"a\""));
}

TEST_F(EventStreams, AreBoundedInNumber) {
    auto first = open();
    {
        auto second = open();
        EXPECT_EQ(data(second), opening);
        auto third = open();
        EXPECT_THAT(third.take(), HasSubstr("429 Too Many Requests"));
    }
    auto instead = open();
    EXPECT_EQ(data(instead), opening) << "a stream that has gone counts no more";
}

TEST_F(EventStreams, AnIdleOneThatGoesLeavesNothingBehind) {
    {
        auto wire = open();
        data(wire);
        EXPECT_EQ(world.timers.pending(), 2U); // its own, and the sweep of messages
    }
    pass(15s);
    EXPECT_EQ(world.timers.pending(), 1U);
    EXPECT_FALSE(Wire::run_worker(world.workers));
}

TEST_F(EventStreams, NeedTheRightToRead) {
    auto wire = world.https();
    wire.send(bytes_of(world.completed({.target = "/messages/events?stream"}, "device")));
    world.settle({&wire});
    EXPECT_THAT(wire.take(), HasSubstr("IotHubUnauthorizedAccess"));
}

} // namespace
} // namespace muster::gateway
