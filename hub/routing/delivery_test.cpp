#include "hub/routing/delivery.h"
#include "hub/routing/fixture.h"

#include <fmt/format.h>

namespace muster::hub {

namespace {

using namespace routing_fixture;
using namespace std::chrono_literals;

/// "read 5..: 256", "send", "save 7", "pause 500", "wait 7"
std::string text(const Delivery::Step& step) {
    if (const auto* read = std::get_if<Delivery::Read>(&step)) {
        return fmt::format("read {}..: {}", read->range.after + 1, read->range.count_max);
    }
    if (const auto* save = std::get_if<Delivery::Save>(&step)) {
        return fmt::format("save {}", save->position);
    }
    if (const auto* pause = std::get_if<Delivery::Pause>(&step)) {
        return fmt::format("pause {}", pause->time.count());
    }
    if (const auto* wait = std::get_if<Delivery::Wait>(&step)) {
        return fmt::format("wait {}", wait->after);
    }
    return "send";
}

std::vector<Event> batch(std::int64_t from, std::int64_t to) {
    std::vector<Event> events;
    for (std::int64_t sequence = from; sequence <= to; ++sequence) {
        events.push_back(telemetry("d", ""));
        events.back().sequence = sequence;
    }
    return events;
}

const Error refused{.code = Code::unavailable, .detail = "no"};

} // namespace

TEST(Delivery, WhatArrivedIsStoredBeforeAnythingElseIsSent) {
    Delivery delivery(4);
    EXPECT_EQ(text(delivery.begin()), "read 5..: 256");
    delivery.on_read(batch(5, 7));
    EXPECT_EQ(text(delivery.on_routed(2)), "send");
    EXPECT_EQ(delivery.position(), 4); // not yet
    EXPECT_EQ(text(delivery.on_sent()), "save 7");
    EXPECT_EQ(text(delivery.on_saved()), "read 8..: 256");
    EXPECT_EQ(text(delivery.on_read({})), "wait 7");
    EXPECT_EQ(text(delivery.on_resumed()), "read 8..: 256");
}

TEST(Delivery, WhatNobodyWantsIsPassedOverAndStoredNowAndThen) {
    Delivery delivery(0, {.passed_over_max = 5});
    delivery.on_read(batch(1, 3));
    EXPECT_EQ(text(delivery.on_routed(0)), "read 4..: 256");
    delivery.on_read(batch(4, 6));
    EXPECT_EQ(text(delivery.on_routed(0)), "save 6");
    EXPECT_EQ(text(delivery.on_saved()), "read 7..: 256");
    delivery.on_read(batch(7, 7));
    EXPECT_EQ(text(delivery.on_routed(0)), "read 8..: 256");
    EXPECT_EQ(text(delivery.on_read({})), "wait 7");
    // Nothing happened for the whole time: there is time for it.
    EXPECT_EQ(text(delivery.on_resumed()), "read 8..: 256");
    EXPECT_EQ(text(delivery.on_read({})), "save 7");
    EXPECT_EQ(text(delivery.on_saved()), "read 8..: 256");
    EXPECT_EQ(text(delivery.on_read({})), "wait 7");
    delivery.on_resumed();
    EXPECT_EQ(text(delivery.on_read({})), "wait 7");
}

TEST(Delivery, PausesGrowUpToTheirBoundAndEndWithTheFirstSuccess) {
    Delivery delivery(0);
    delivery.on_read(batch(1, 1));
    delivery.on_routed(1);
    std::vector<std::string> pauses;
    for (int failures = 0; failures < 10; ++failures) {
        pauses.push_back(text(delivery.on_failure(refused, 1)));
        EXPECT_TRUE(text(delivery.on_resumed()).starts_with("read 1..")) << failures;
    }
    EXPECT_EQ(pauses,
              (std::vector<std::string>{"pause 500", "pause 1000", "pause 2000", "pause 4000",
                                        "pause 8000", "pause 16000", "pause 32000", "pause 60000",
                                        "pause 60000", "pause 60000"}));
    EXPECT_EQ(delivery.failures_in_a_row(), 10);
    delivery.on_read(batch(1, 1));
    delivery.on_routed(1);
    delivery.on_sent();
    delivery.on_saved();
    EXPECT_EQ(delivery.failures_in_a_row(), 0);
    EXPECT_EQ(text(delivery.on_failure(refused, 0)), "pause 250");
    EXPECT_EQ(text(delivery.on_failure(refused, 0.5)), "pause 750");
}

TEST(Delivery, WhoAsksForMoreTimeGetsItWithinBounds) {
    Delivery delivery(0);
    Error asking = refused;
    asking.retry_after = 20s;
    EXPECT_EQ(text(delivery.on_failure(asking, 1)), "pause 20000");
    asking.retry_after = 24h;
    EXPECT_EQ(text(delivery.on_failure(asking, 1)), "pause 300000");
    asking.retry_after = -5s;
    EXPECT_EQ(text(delivery.on_failure(asking, 1)), "pause 2000");
}

TEST(Delivery, BatchesShrinkWithFailuresAndGrowAgain) {
    Delivery delivery(0, {.events_max = 8});
    for (const char* next : {"read 1..: 4", "read 1..: 2", "read 1..: 1", "read 1..: 1"}) {
        delivery.on_failure(refused, 1);
        EXPECT_EQ(text(delivery.on_resumed()), next);
    }
    std::int64_t sequence = 0;
    for (const char* next : {": 2", ": 4", ": 8", ": 8"}) {
        ++sequence;
        delivery.on_read(batch(sequence, sequence));
        delivery.on_routed(1);
        delivery.on_sent();
        EXPECT_TRUE(text(delivery.on_saved()).ends_with(next)) << next;
    }
}

TEST(Delivery, APositionThatCannotBeStoredIsTriedAgainFirst) {
    Delivery delivery(0);
    delivery.on_read(batch(1, 2));
    delivery.on_routed(2);
    EXPECT_EQ(text(delivery.on_sent()), "save 2");
    EXPECT_EQ(text(delivery.on_failure(refused, 1)), "pause 500");
    EXPECT_EQ(text(delivery.on_resumed()), "save 2");
    EXPECT_EQ(text(delivery.on_failure(refused, 1)), "pause 1000");
    EXPECT_EQ(text(delivery.on_resumed()), "save 2");
    EXPECT_TRUE(text(delivery.on_saved()).starts_with("read 3.."));
}

TEST(Delivery, WhatRetentionTookIsCountedOnce) {
    Delivery delivery(3);
    delivery.on_read(batch(10, 12));
    EXPECT_EQ(delivery.lost(), 6);
    delivery.on_routed(3);
    delivery.on_failure(refused, 1);
    delivery.on_resumed();
    delivery.on_read(batch(11, 12)); // one more in the meantime
    EXPECT_EQ(delivery.lost(), 7);
    delivery.on_routed(2);
    delivery.on_sent();
    delivery.on_saved();
    delivery.on_read(batch(13, 13));
    EXPECT_EQ(delivery.lost(), 7);
}

} // namespace muster::hub
