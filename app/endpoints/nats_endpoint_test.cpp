#include "app/endpoints/nats_endpoint.h"
#include "base/json.h"

#include <gtest/gtest.h>

#include <vector>

namespace muster::app {

namespace {

hub::Event event(std::int64_t sequence, std::string device) {
    return {.sequence = sequence,
            .source = hub::EventSource::telemetry,
            .identity = DeviceId(std::move(device)),
            .body = "x"};
}

std::string mistake(const std::string& text) {
    const auto subject = NatsSubject::parse(text);
    return subject ? "none" : subject.error().detail;
}

/// Remembers the ids of each call; fails when it is told to.
struct Publisher {
    NatsEndpoint endpoint(const std::string& subject = "m.{hub}.{source}.{device}") {
        return NatsEndpoint(
            {.hub = HubName("hub1.example.org"),
             .hub_name = "hub-1",
             .subject = NatsSubject::parse(subject).value()},
            [this](NatsEndpoint::Messages messages) { return take(messages); },
            [this] { ++interrupts; });
    }

    Result<void> take(NatsEndpoint::Messages messages) {
        if (calls.size() == fails_at) {
            return fail(Code::unavailable, "no");
        }
        calls.emplace_back();
        for (const auto& message : messages) {
            calls.back().push_back(message.id);
            last = message;
        }
        return {};
    }

    std::vector<std::vector<std::string>> calls;
    net::NatsPublisher::Message last;
    std::size_t fails_at = 1000;
    int interrupts = 0;
};

} // namespace

TEST(NatsSubjects, AreTokensBetweenDots) {
    EXPECT_EQ(mistake("muster.{hub}.{source}.{device}"), "none");
    EXPECT_EQ(mistake("one"), "none");
    for (const auto* text : {"", ".", "a.", ".a", "a..b", "a b", "a.*", "a.>", "a.{other}",
                             "a-{hub}", "a.{hub", "a\n", "a.\xc3\xa4"}) {
        EXPECT_NE(mistake(text), "none") << text;
    }
    EXPECT_EQ(mistake("$JS.API.{device}"), "begins like the server's own subjects");
    EXPECT_EQ(mistake("_INBOX.{device}"), "begins like the server's own subjects");
    EXPECT_EQ(mistake(std::string(257, 'a')), "is longer than 256 bytes");
}

TEST(NatsSubjects, DeviceIdsStayOneToken) {
    const auto subject = NatsSubject::parse("m.{hub}.{source}.{device}").value();
    EXPECT_EQ(subject.of("hub-1", event(1, "dev_01-a")), "m.hub-1.telemetry.dev_01-a");
    EXPECT_EQ(subject.of("plant 7.x", event(1, "a.b:c*d>e%f$g")),
              "m.plant%207%2Ex.telemetry.a%2Eb%3Ac%2Ad%3Ee%25f%24g");
    EXPECT_EQ(subject.all_of("plant.7"), "m.plant%2E7.*.*");
}

TEST(NatsEndpoints, SendTheDocumentUnderItsId) {
    Publisher publisher;
    auto endpoint = publisher.endpoint();
    const std::vector<hub::Event> events{event(17, "dev.01")};
    ASSERT_TRUE(endpoint.deliver(events));
    EXPECT_EQ(publisher.last.subject, "m.hub-1.telemetry.dev%2E01");
    EXPECT_EQ(publisher.last.id, "hub1.example.org:17");
    EXPECT_EQ(publisher.last.content_type, "application/cloudevents+json; charset=utf-8");
    EXPECT_EQ(parse_json_object(publisher.last.data).value().at("id"), Json("hub1.example.org:17"));
    endpoint.interrupt();
    EXPECT_EQ(publisher.interrupts, 1);
}

TEST(NatsEndpoints, TwoEventsOfADeviceAreNeverUnderWayTogether) {
    Publisher publisher;
    auto endpoint = publisher.endpoint();
    const std::vector<hub::Event> events{event(1, "a"), event(2, "a"), event(3, "b"), event(4, "a"),
                                         event(5, "b")};
    ASSERT_TRUE(endpoint.deliver(events));
    const std::string hub = "hub1.example.org:";
    EXPECT_EQ(publisher.calls, (std::vector<std::vector<std::string>>{
                                   {hub + "1", hub + "3"}, {hub + "2", hub + "5"}, {hub + "4"}}));
}

TEST(NatsEndpoints, AfterAFailureNothingMoreIsSent) {
    Publisher publisher;
    publisher.fails_at = 1;
    auto endpoint = publisher.endpoint();
    const std::vector<hub::Event> events{event(1, "a"), event(2, "a"), event(3, "a")};
    const auto failed = endpoint.deliver(events);
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().detail, "no");
    EXPECT_EQ(publisher.calls.size(), 1U);
}

} // namespace muster::app
