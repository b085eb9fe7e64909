#include "provisioning/fleet/ledger.h"

#include <gtest/gtest.h>

namespace muster::provisioning {
namespace {

using namespace std::chrono_literals;

const SteadyTime now{std::chrono::hours(1)};
const Place place{.hub = HubName("hub-1"), .device_id = DeviceId("d")};

RegistrationId id(const std::string& text) {
    return RegistrationId(text);
}

std::string after(const Ledger& ledger) {
    FleetOperation operation;
    ledger.write_to(operation);
    return operation.after;
}

TEST(Ledger, GoesOnAfterTheLastOneThatIsSeenTo) {
    FleetOperation operation;
    operation.after = "a";
    Ledger ledger(operation);
    EXPECT_EQ(after(ledger), "a");
    ledger.look_at(id("B"));
    EXPECT_EQ(after(ledger), "a") << "nothing has become of it yet";
    ledger.begin(id("B"), place, now);
    EXPECT_EQ(after(ledger), "a") << "its plan is not stored";
    ledger.look_at(id("c"));
    ledger.stayed(id("c"), "");
    EXPECT_EQ(after(ledger), "a") << "the one before it would be missed";
    ledger.stored(id("B"));
    EXPECT_EQ(after(ledger), "c") << "a stored plan is found again";
    ledger.look_at(id("d"));
    ledger.wait(id("d"), now);
    ledger.look_at(id("e"));
    ledger.failed(id("e"), "no");
    EXPECT_EQ(after(ledger), "c");
    ledger.begin(id("d"), place, now);
    ledger.stored(id("d"));
    EXPECT_EQ(after(ledger), "e");
}

TEST(Ledger, CountsEachDeviceOnce) {
    Ledger ledger{FleetOperation()};
    for (const char* one : {"a", "b", "c", "d"}) {
        ledger.look_at(id(one));
    }
    ledger.begin(id("a"), place, now);
    ledger.begin(id("b"), place, now);
    ledger.stored(id("a"));
    ledger.stored(id("b"));
    EXPECT_EQ(ledger.under_way(), 2);
    ledger.moved(id("a"));
    ledger.failed(id("b"), "hub says no");
    ledger.stayed(id("c"), "its enrollment says never");
    EXPECT_FALSE(ledger.is_settled() && after(ledger) == "d") << "d is left";
    ledger.stayed(id("d"), "");
    EXPECT_TRUE(ledger.is_settled());
    const auto& progress = ledger.progress();
    EXPECT_EQ(progress.looked_at, 4);
    EXPECT_EQ(progress.moved, 1);
    EXPECT_EQ(progress.failed, 1);
    EXPECT_EQ(progress.stayed, 2);
    FleetOperation operation;
    ledger.write_to(operation);
    EXPECT_EQ(operation.failures,
              (std::vector<std::string>{"b: hub says no", "c: stays: its enrollment says never"}));
}

TEST(Ledger, KeepsTheFirstFailuresOnly) {
    Ledger ledger{FleetOperation()};
    for (int number = 0; number < 100; ++number) {
        const auto one = id("dev-" + std::to_string(number));
        ledger.look_at(one);
        ledger.failed(one, "no");
    }
    FleetOperation operation;
    ledger.write_to(operation);
    EXPECT_EQ(operation.failures.size(), 32U);
    EXPECT_EQ(operation.failures.front(), "dev-0: no");
    EXPECT_EQ(operation.progress.failed, 100);
}

TEST(Ledger, TellsWhichPlansAreQuiet) {
    Ledger ledger{FleetOperation()};
    ledger.adopt(id("adopted"), place, now);
    ledger.look_at(id("unsaved"));
    ledger.begin(id("unsaved"), place, now);
    EXPECT_TRUE(ledger.quiet_plans(now - 1s, now, 10).empty());
    EXPECT_EQ(ledger.quiet_plans(now, now + 10s, 10), std::vector<RegistrationId>{id("adopted")});
    EXPECT_TRUE(ledger.quiet_plans(now, now + 10s, 10).empty()) << "it was just looked at";
    ledger.stored(id("unsaved"));
    EXPECT_EQ(ledger.quiet_plans(now + 10s, now + 20s, 10).size(), 2U);
}

TEST(Ledger, KeepsWaitingSinceTheFirstTime) {
    Ledger ledger{FleetOperation()};
    ledger.look_at(id("a"));
    ledger.wait(id("a"), now);
    ledger.wait(id("a"), now + 5s);
    EXPECT_EQ(ledger.waiting_since(id("a")), now);
    EXPECT_FALSE(ledger.waiting_since(id("b")));
    EXPECT_TRUE(ledger.waiting_ones(now + 4s, now + 5s, 10).empty());
    EXPECT_EQ(ledger.waiting_ones(now + 5s, now + 6s, 10).size(), 1U);
    EXPECT_FALSE(ledger.is_settled());
    ledger.forget_waiting();
    EXPECT_TRUE(ledger.is_settled());
    EXPECT_EQ(after(ledger), "a");
}

} // namespace
} // namespace muster::provisioning
