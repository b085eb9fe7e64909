#include "hub/routing/dispatcher.h"
#include "hub/routing/fixture.h"

#include <numeric>

namespace muster::hub {

namespace {

using namespace routing_fixture;
using namespace std::chrono_literals;

class DispatcherTest : public testing::Test {
  protected:
    DispatcherTest() {
        board_routes({{.name = "all", .source = {}, .condition = "", .endpoint = "store"}});
    }

    void board_routes(std::vector<Route> wanted) {
        routes = RoutingTable::make(std::move(wanted), {"store"}).value();
    }

    [[nodiscard]] DispatcherPorts ports() {
        return {.log = log,
                .routes = routes,
                .twins = [this](const IdentityId& id) { return twins(id); },
                .board = board,
                .senders = senders,
                .timers = timers,
                .clock = clock,
                .random = random};
    }

    std::unique_ptr<Dispatcher> begin(const DeliveryLimits& limits = {}) {
        auto made = std::make_unique<Dispatcher>(Dispatcher::Named{.hub = "hub1",
                                                                   .name = "store",
                                                                   .kind = "webhook",
                                                                   .target = "https://store",
                                                                   .endpoint = endpoint},
                                                 ports(), limits);
        EXPECT_TRUE(made->start());
        return made;
    }

    /// Stores telemetry of the bodies from..to.
    void append(int from, int to) {
        std::vector<Event> events;
        for (int number = from; number <= to; ++number) {
            events.push_back(
                telemetry("dev-" + std::to_string(number % 3), std::to_string(number)));
        }
        EXPECT_TRUE(log.append(std::move(events)));
    }

    void pass(std::chrono::milliseconds time) {
        clock.advance(time);
        timers.advance(time);
        senders.run_all();
    }

    static std::vector<std::string> numbers(int from, int to) {
        std::vector<std::string> made;
        for (int number = from; number <= to; ++number) {
            made.push_back(std::to_string(number));
        }
        return made;
    }

    [[nodiscard]] EndpointStatus status() const { return board.all().front(); }

    std::int64_t stored() {
        const auto all = store.positions(hub, {EventGroup::Kind::endpoint, "store"}).value();
        return position_in(all, std::nullopt).value_or(-1);
    }

    const Error refused{.code = Code::unavailable, .detail = "the endpoint said no"};
    const HubName hub{"hub1.example.org"};
    ManualClock clock{start()};
    SeededRandom random{7};
    fakes::ManualScheduler timers;
    fakes::Workers senders;
    fakes::Events store;
    EventSettings settings;
    EventLog log{hub, settings, store, timers, clock};
    RoutingTable routes;
    EndpointBoard board;
    ScriptedEndpoint endpoint;
    TwinLookup twins = no_twins();
};

} // namespace

TEST_F(DispatcherTest, BeginsWithWhatIsNew) {
    append(1, 3);
    const auto dispatcher = begin();
    EXPECT_EQ(stored(), 3); // known before anything else: a crash now loses nothing
    append(4, 5);
    senders.run_all();
    EXPECT_EQ(endpoint.arrived, numbers(4, 5));
    append(6, 6); // wakes it
    senders.run_all();
    EXPECT_EQ(endpoint.arrived, numbers(4, 6));
    EXPECT_EQ(stored(), 6);
    EXPECT_EQ(status().sent, 3);
    EXPECT_EQ(status().position, 6);
    EXPECT_EQ(status().last_sent, clock.wall());
}

TEST_F(DispatcherTest, GoesOnFromTheStoredPosition) {
    append(1, 3);
    begin();
    append(4, 6); // nobody is there
    const auto next = begin();
    senders.run_all();
    EXPECT_EQ(endpoint.arrived, numbers(4, 6));
}

TEST_F(DispatcherTest, AFailureIsTriedAgainUntilItSucceeds) {
    const auto dispatcher = begin();
    endpoint.failures = {refused, refused, refused};
    append(1, 3);
    senders.run_all();
    EXPECT_EQ(endpoint.attempts, 1);
    EXPECT_EQ(status().failing_since, clock.wall());
    EXPECT_EQ(status().last_error, "the endpoint said no");
    EXPECT_GT(status().next_attempt, clock.wall());
    const auto since = clock.wall();
    pass(500ms);
    EXPECT_EQ(endpoint.attempts, 2);
    pass(1s);
    EXPECT_EQ(endpoint.attempts, 3);
    append(4, 4); // does not disturb a pause
    senders.run_all();
    EXPECT_EQ(endpoint.attempts, 3);
    EXPECT_EQ(status().failing_since, since);
    EXPECT_EQ(stored(), 0);
    pass(2s);
    EXPECT_EQ(endpoint.arrived, numbers(1, 4));
    EXPECT_EQ(status().attempts_failed, 3);
    EXPECT_FALSE(status().failing_since);
    EXPECT_FALSE(status().next_attempt);
    EXPECT_EQ(stored(), 4);
}

TEST_F(DispatcherTest, WhatArrivedWithoutASignIsSentAgain) {
    const auto dispatcher = begin();
    endpoint.after = [this]() -> Result<void> {
        endpoint.after = nullptr;
        return std::unexpected(refused);
    };
    append(1, 2);
    senders.run_all();
    pass(500ms);
    // The second attempt is a batch of half the size, and so on from there.
    EXPECT_EQ(endpoint.arrived, (std::vector<std::string>{"1", "2", "1", "2"}));
}

TEST_F(DispatcherTest, ACrashBetweenSendingAndStoringSendsAgain) {
    auto dispatcher = begin();
    append(1, 2);
    endpoint.after = [&]() -> Result<void> {
        dispatcher->stop(); // nothing is stored any more, as if the process had died
        return {};
    };
    senders.run_all();
    EXPECT_EQ(endpoint.arrived, numbers(1, 2));
    EXPECT_EQ(stored(), 0);
    endpoint.after = nullptr;
    dispatcher = begin();
    append(3, 3);
    senders.run_all();
    EXPECT_EQ(endpoint.arrived, (std::vector<std::string>{"1", "2", "1", "2", "3"}));
}

TEST_F(DispatcherTest, OnlyWhatIsRoutedHereIsSent) {
    board_routes({{.name = "odd", .source = {}, .condition = "kind = 'odd'", .endpoint = "store"}});
    const auto dispatcher = begin();
    for (int number = 1; number <= 9; ++number) {
        EXPECT_TRUE(log.append({telemetry("d", std::to_string(number),
                                          {{"kind", number % 2 == 1 ? "odd" : "even"}})}));
    }
    senders.run_all();
    EXPECT_EQ(endpoint.arrived, (std::vector<std::string>{"1", "3", "5", "7", "9"}));
    EXPECT_EQ(status().sent, 5);
    EXPECT_EQ(status().position, 9);
}

TEST_F(DispatcherTest, BatchesAreBounded) {
    const auto dispatcher = begin({.events_max = 10});
    append(1, 95);
    senders.run_all();
    EXPECT_EQ(endpoint.arrived, numbers(1, 95));
    EXPECT_EQ(endpoint.largest, 10U);
}

TEST_F(DispatcherTest, BatchesAreBoundedInBytesToo) {
    const auto dispatcher = begin({.bytes_max = 3000});
    std::vector<Event> large(6, telemetry("d", std::string(1000, 'x')));
    EXPECT_TRUE(log.append(std::move(large)));
    senders.run_all();
    EXPECT_EQ(endpoint.arrived.size(), 6U);
    EXPECT_LE(endpoint.largest, 3U);
}

TEST_F(DispatcherTest, ATwinThatCannotBeReadHoldsTheEventBack) {
    board_routes(
        {{.name = "t", .source = {}, .condition = "$twin.tags.a = 1", .endpoint = "store"}});
    twins = [](const IdentityId&) -> Result<std::optional<JsonObject>> {
        return fail(Code::unavailable, "the store is busy");
    };
    const auto dispatcher = begin();
    append(1, 1);
    senders.run_all();
    EXPECT_EQ(endpoint.attempts, 0);
    EXPECT_EQ(status().last_error, "the store is busy");
    twins = [](const IdentityId&) -> Result<std::optional<JsonObject>> {
        return JsonObject{{"tags", {{"a", 1}}}};
    };
    pass(1s);
    EXPECT_EQ(endpoint.arrived, numbers(1, 1));
}

TEST_F(DispatcherTest, WhatRetentionTakesFromAStuckEndpointIsCounted) {
    settings.retention.events_max = 5;
    EventLog small(hub, settings, store, timers, clock);
    const auto dispatcher = begin();
    endpoint.failures = {refused};
    append(1, 2);
    senders.run_all();
    std::vector<Event> more(10, telemetry("d", "late"));
    EXPECT_TRUE(small.append(std::move(more)));
    pass(1s);
    EXPECT_EQ(endpoint.arrived.size(), 5U);
    EXPECT_EQ(status().lost, 7);
    EXPECT_EQ(status().position, 12);
}

TEST_F(DispatcherTest, AfterAStopNothingIsTouched) {
    const auto dispatcher = begin();
    endpoint.failures = {refused};
    append(1, 1);
    senders.run_all();
    dispatcher->stop();
    EXPECT_EQ(endpoint.interrupts, 1);
    pass(1min);
    append(2, 2);
    senders.run_all();
    EXPECT_EQ(endpoint.attempts, 1);
    dispatcher->stop();
    EXPECT_EQ(endpoint.interrupts, 1);
}

/// Random failures before, after and instead of arrivals; kills at any time: everything arrives,
/// and the last copies of what has arrived are in order.
TEST_F(DispatcherTest, NothingIsLostOrReorderedWhateverFails) {
    auto dispatcher = begin({.events_max = 7});
    const auto chance = [this](unsigned of) {
        return static_cast<unsigned char>(random.bytes(1)[0]) % of == 0;
    };
    endpoint.after = [&]() -> Result<void> {
        return chance(4) ? Result<void>(std::unexpected(refused)) : Result<void>();
    };
    endpoint.before = [&] {
        if (chance(5)) {
            endpoint.failures.push_back(refused);
        }
    };
    int appended = 0;
    for (int round = 0; round < 300; ++round) {
        append(appended + 1, appended + 5);
        appended += 5;
        pass(700ms);
        if (chance(10)) {
            dispatcher->stop();
            senders.run_all();
            dispatcher = begin({.events_max = 7});
        }
    }
    endpoint.before = nullptr;
    endpoint.after = nullptr;
    endpoint.failures.clear();
    for (int round = 0; round < 300; ++round) {
        pass(60s);
    }
    std::vector<std::string> firsts; // in the order of their first arrival
    for (const std::string& body : endpoint.arrived) {
        if (std::ranges::find(firsts, body) == firsts.end()) {
            firsts.push_back(body);
        }
    }
    EXPECT_EQ(firsts, numbers(1, appended));
    EXPECT_EQ(stored(), appended);
}

} // namespace muster::hub
