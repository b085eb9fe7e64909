// Reading a hub's event log page by page, and the stored positions of consumers.

#include "gateway/hub_world.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

namespace muster::gateway {
namespace {

using namespace std::chrono_literals;

class EventsOverHttp : public testing::Test {
  protected:
    HttpReply run(std::string method, std::string target, std::string body = {}) {
        return world.ask(
            {.method = std::move(method), .target = std::move(target), .body = std::move(body)});
    }

    HttpReply get(const std::string& query) { return run("GET", "/messages/events?" + query); }

    /// The sequences of a page.
    static std::string sequences(const HttpReply& reply) {
        EXPECT_EQ(reply.status, 200U) << reply.body;
        std::string text;
        const JsonArray page = reply.json().as_array();
        for (const Json& event : page) {
            text += (text.empty() ? "" : " ") + std::to_string(event.at("sequence").as_int64());
        }
        return text;
    }

    static void expect_refused(const HttpReply& reply, unsigned status, std::string_view name) {
        EXPECT_EQ(reply.status, status) << reply.body;
        EXPECT_EQ(reply.header("iothub-errorcode"), name) << reply.body;
    }

    /// A request whose answer comes later.
    Wire begin(const std::string& query) {
        auto wire = world.https();
        wire.send(
            bytes_of(world.completed({.target = "/messages/events?" + query}, "iothubowner")));
        world.settle({&wire});
        return wire;
    }

    HttpReply end(Wire& wire) {
        world.settle({&wire});
        auto text = wire.take();
        return take_reply(text);
    }

    void pass(std::chrono::milliseconds time) {
        world.clock.advance(time);
        world.timers.advance(time);
    }

    void send(std::string body, std::string_view device = "dev-01",
              hub::EventSource source = hub::EventSource::telemetry) {
        hub::Event event;
        event.source = source;
        event.identity = DeviceId(std::string(device));
        event.properties = {{"level", "high"}};
        event.body = std::move(body);
        world.hub.send_telemetry({event}).value();
    }

    HubWorld world;
};

// ---- pages ----

TEST_F(EventsOverHttp, ComeInPages) { // IOTHUB-28
    send("one");
    send("\xff\xfe");
    send("three");
    const auto position = run("GET", "/messages/events");
    EXPECT_EQ(position.body, "[]");
    EXPECT_EQ(position.header("muster-first-sequence"), "1");
    EXPECT_EQ(position.header("muster-last-sequence"), "3");
    EXPECT_EQ(position.header("muster-position"), "3");
    EXPECT_FALSE(position.has_header("muster-lost"));
    EXPECT_EQ(position.header("Content-Type"), "application/json; charset=utf-8");

    const auto page = get("after=0&max=2").json().as_array();
    ASSERT_EQ(page.size(), 2U);
    const auto partition = std::to_string(hub::partition_of(DeviceId("dev-01"), 4));
    EXPECT_EQ(to_text(page[0]),
              R"({"sequence":1,"partition":)" + partition +
                  R"(,"source":"Telemetry","deviceId":"dev-01","enqueuedTime":")" +
                  format_time(world.clock.wall()) +
                  R"(","properties":{"level":"high"},"body":"one"})");
    EXPECT_EQ(page[1].at("bodyBase64"), "//4=");
    EXPECT_FALSE(page[1].as_object().contains("body"));

    const std::vector<std::pair<std::string, std::string>> rows = {{"after=0", "1 2 3"},
                                                                   {"after=2", "3"},
                                                                   {"after=3", ""},
                                                                   {"after=9", ""},
                                                                   {"after=0&max=0", "1"},
                                                                   {"after=0&max=5000", "1 2 3"},
                                                                   {"max=2", ""},
                                                                   {"after=0&wait=0", "1 2 3"},
                                                                   {"after=99999999999999999", ""}};
    for (const auto& [query, expected] : rows) {
        const auto reply = get(query);
        EXPECT_EQ(sequences(reply), expected) << query;
        EXPECT_EQ(reply.header("muster-last-sequence"), "3");
    }
    for (const auto* bad : {"after=x", "after=-1", "after=0&max=1.5", "after=0&wait=soon",
                            "partition=x", "partition=32", "source=news", "consumer=a%20b"}) {
        expect_refused(get(bad), 400, "ArgumentInvalid");
    }
}

TEST_F(EventsOverHttp, SaysAllThatIsKnownOfAnEvent) {
    hub::Event event;
    event.identity = {DeviceId("dev-01"), ModuleId("cam")};
    event.properties = {{"$.mid", "m"}, {std::string("\xff", 1), std::string("\xfe\x01", 2)}};
    event.auth_method = R"({"scope":"device"})";
    event.generation_id = "1";
    event.model_id = "dtmi:com:example;1";
    world.hub.send_telemetry({event}).value();
    const auto page = get("after=0").json().as_array();
    ASSERT_EQ(page.size(), 1U);
    EXPECT_EQ(page[0].at("moduleId"), "cam");
    EXPECT_EQ(to_text(page[0].at("properties")), R"({"$.mid":"m","%FF":"%FE%01"})");
    EXPECT_EQ(page[0].at("authMethod"), R"({"scope":"device"})");
    EXPECT_EQ(page[0].at("generationId"), "1");
    EXPECT_EQ(page[0].at("modelId"), "dtmi:com:example;1");
}

TEST_F(EventsOverHttp, AreChosenBySourceAndPartition) {
    send("a");
    send("b", "dev-01", hub::EventSource::twin_change);
    send("c", "dev-01", hub::EventSource::lifecycle);
    EXPECT_EQ(sequences(get("after=0&source=telemetry")), "1");
    EXPECT_EQ(sequences(get("after=0&source=twinChangeEvents,deviceLifecycleEvents")), "2 3");
    const int own = hub::partition_of(DeviceId("dev-01"), 4);
    EXPECT_EQ(sequences(get("after=0&partition=" + std::to_string(own))), "1 2 3");
    const auto other = get("after=0&partition=" + std::to_string(3 - own));
    EXPECT_EQ(sequences(other), "");
    EXPECT_EQ(other.header("muster-position"), "3") << "nothing is looked at twice";
}

// ---- waiting ----

TEST_F(EventsOverHttp, AReaderWaits) {
    auto woken = begin("after=0&wait=30");
    auto patient = begin("after=1&wait=999"); // 30 s at most
    EXPECT_EQ(end(woken).status, 0U);
    send("news");
    const auto news = end(woken);
    EXPECT_EQ(news.status, 200U);
    EXPECT_EQ(news.header("muster-last-sequence"), "1");
    EXPECT_EQ(news.json().as_array().at(0).at("body"), "news");

    EXPECT_EQ(end(patient).status, 0U) << "nothing is newer than 1";
    pass(29'999ms);
    EXPECT_EQ(end(patient).status, 0U);
    pass(1ms);
    EXPECT_EQ(end(patient).body, "[]");
}

TEST_F(EventsOverHttp, AReaderWaitsOnForWhatItWants) {
    auto wire = begin("after=0&wait=30&source=deviceLifecycleEvents");
    send("telemetry");
    EXPECT_EQ(end(wire).status, 0U);
    pass(20s);
    send("created", "dev-01", hub::EventSource::lifecycle);
    EXPECT_EQ(sequences(end(wire)), "2");

    auto in_vain = begin("after=2&wait=30&source=deviceLifecycleEvents");
    pass(20s);
    send("telemetry");
    EXPECT_EQ(end(in_vain).status, 0U);
    pass(10s);
    const auto nothing = end(in_vain);
    EXPECT_EQ(nothing.body, "[]") << "in 30 s, not 30 s after the last one";
    EXPECT_EQ(nothing.header("muster-position"), "3");
}

TEST_F(EventsOverHttp, AWaitingReaderIsRefusedByABusyServer) {
    auto wire = begin("after=0&wait=30");
    world.workers.full = true;
    send("news");
    expect_refused(end(wire), 503, "ServiceUnavailable");
}

// ---- consumers ----

TEST_F(EventsOverHttp, AConsumerHasAPosition) {
    for (const auto* body : {"a", "b", "c"}) {
        send(body);
    }
    EXPECT_EQ(sequences(get("consumer=billing")), "1 2 3") << "it has seen nothing yet";
    const auto put = run("PUT", "/messages/events/consumers/billing", R"({"position":2})");
    EXPECT_EQ(put.status, 200U) << put.body;
    const std::string time = format_time(world.clock.wall());
    const std::string billing = R"({"name":"billing","positions":[{"position":2,"savedTime":")" +
                                time + R"("}],"firstSequence":1,"lastSequence":3,"lost":0})";
    EXPECT_EQ(put.body, billing);
    EXPECT_EQ(sequences(get("consumer=billing")), "3");
    EXPECT_EQ(sequences(get("consumer=billing")), "3") << "until it says that it has that, too";
    EXPECT_EQ(sequences(get("consumer=billing&after=1")), "2 3") << "what it asks for, it gets";
    EXPECT_EQ(run("GET", "/messages/events/consumers/billing").body, billing);
    EXPECT_EQ(run("GET", "/messages/events/consumers/").body, R"({"consumers":[)" + billing + "]}");

    EXPECT_EQ(run("DELETE", "/messages/events/consumers/billing").status, 204U);
    expect_refused(run("DELETE", "/messages/events/consumers/billing"), 404, "GroupNotFound");
    expect_refused(run("GET", "/messages/events/consumers/billing"), 404, "GroupNotFound");
    EXPECT_EQ(run("GET", "/messages/events/consumers").body, R"({"consumers":[]})");
}

TEST_F(EventsOverHttp, AConsumerMayHaveAPositionInEachPartition) {
    send("a");
    send("b");
    const auto own = std::to_string(hub::partition_of(DeviceId("dev-01"), 4));
    run("PUT", "/messages/events/consumers/c", R"({"position":2,"partition":)" + own + "}");
    run("PUT", "/messages/events/consumers/c", R"({"position":1})");
    EXPECT_EQ(sequences(get("consumer=c")), "2");
    EXPECT_EQ(sequences(get("consumer=c&partition=" + own)), "");
    const auto shown = run("GET", "/messages/events/consumers/c").member("positions").as_array();
    ASSERT_EQ(shown.size(), 2U);
    EXPECT_EQ(std::to_string(shown[1].at("partition").as_int64()), own);
}

TEST_F(EventsOverHttp, APositionMustMakeSense) {
    send("a");
    const std::string path = "/messages/events/consumers/c";
    for (const auto* bad :
         {"", "{}", "[]", "not JSON", R"({"position":"1"})", R"({"position":-1})",
          R"({"position":2})", R"({"position":1.5})", R"({"position":1,"partition":4})",
          R"({"position":1,"partition":-1})", R"({"position":1,"partition":"a"})",
          R"({"position":1,"partition":99999999999})"}) {
        expect_refused(run("PUT", path, bad), 400, "ArgumentInvalid");
    }
    expect_refused(run("PUT", path + std::string(64, 'x'), R"({"position":1})"), 400,
                   "ArgumentInvalid");
    EXPECT_EQ(run("GET", "/messages/events/consumers").body, R"({"consumers":[]})");
    EXPECT_EQ(run("POST", path, R"({"position":1})").status, 405U);
    EXPECT_EQ(run("DELETE", "/messages/events/consumers").status, 405U);
    EXPECT_EQ(run("GET", path + "/more").status, 404U);
    EXPECT_EQ(run("PUT", "/messages/events/consumers/$Default.1_a-b", R"({"position":1})").status,
              200U);
}

TEST_F(EventsOverHttp, ConsumersAreBoundedInNumber) {
    for (int number = 0; number < 20; ++number) {
        EXPECT_EQ(
            run("PUT", "/messages/events/consumers/c" + std::to_string(number), R"({"position":0})")
                .status,
            200U);
    }
    expect_refused(run("PUT", "/messages/events/consumers/more", R"({"position":0})"), 403,
                   "IotHubQuotaExceeded");
}

TEST_F(EventsOverHttp, WhatRetentionTookIsSaid) {
    hub::HubSettings small = HubWorld::settings();
    small.events.retention.events_max = 2;
    HubWorld tight(small);
    hub::Event event;
    event.identity = DeviceId("dev-01");
    tight.hub.send_telemetry({1, event}).value();
    tight.ask(
        {.method = "PUT", .target = "/messages/events/consumers/c", .body = R"({"position":1})"});
    tight.hub.send_telemetry({5, event}).value();
    const auto page = tight.ask({.target = "/messages/events?consumer=c"});
    EXPECT_EQ(sequences(page), "5 6");
    EXPECT_EQ(page.header("muster-first-sequence"), "5");
    EXPECT_EQ(page.header("muster-lost"), "3");
    EXPECT_EQ(tight.ask({.target = "/messages/events/consumers/c"}).member("lost"), 3);
    EXPECT_FALSE(tight.ask({.target = "/messages/events?after=0"}).has_header("muster-lost"))
        << "who starts at the beginning starts with what there is";
}

} // namespace
} // namespace muster::gateway
