#include "provisioning/fleet/suspects.h"

#include <gtest/gtest.h>

namespace muster::provisioning {
namespace {

using namespace std::chrono_literals;

const WallTime now = from_unix_seconds(1'893'456'000);

struct Seen {
    RegistrationRecord record{.id = RegistrationId("dev-1")};
    std::optional<HubDevice> at_hub = {};
    bool hub_was_read = false;
};

std::string look_at(const Seen& seen) {
    const auto suspect = examine({.record = seen.record,
                                  .at_hub = seen.at_hub,
                                  .hub_was_read = seen.hub_was_read,
                                  .now = now});
    if (!suspect) {
        return "fine";
    }
    EXPECT_EQ(suspect->id, seen.record.id);
    std::string text;
    for (const auto suspicion : suspect->suspicions) {
        text += std::string(to_string(suspicion)) + " ";
    }
    return text + "(" + suspect->detail + ")";
}

std::vector<WallTime> times(int count, std::chrono::seconds apart) {
    std::vector<WallTime> all;
    for (int i = 1; i <= count; ++i) {
        all.push_back(now - i * apart);
    }
    return all;
}

TEST(Suspects, RegisterTooOften) {
    Seen seen;
    seen.record.registered = times(20, 60s);
    EXPECT_EQ(look_at(seen), "fine") << "twenty are allowed";
    seen.record.registered = times(21, 60s);
    EXPECT_EQ(look_at(seen), "registersTooOften (21 registrations within 21 min)");
    seen.record.registered = times(24, 170s);
    EXPECT_EQ(look_at(seen), "registersTooOften (21 registrations within 60 min)")
        << "what is older does not count";
    seen.record.registered = times(24, 3600s);
    EXPECT_EQ(look_at(seen), "fine");
    seen.record.registered = times(24, 1s);
    EXPECT_EQ(look_at(seen), "registersTooOften (24 registrations within 1 min)");
}

TEST(Suspects, AlternateBetweenHubs) {
    Seen seen;
    seen.record.assignment = Assignment{.hub = HubName("hub-2"), .device_id = DeviceId("dev-1")};
    seen.record.moved = times(2, 60s);
    EXPECT_EQ(look_at(seen), "fine");
    seen.record.moved = times(3, 600s);
    EXPECT_EQ(look_at(seen), "alternates (3 moves within 30 min, now at hub-2)");
    seen.record.moved = times(8, 1800s);
    EXPECT_EQ(look_at(seen), "fine") << "one every half hour: the second is at the window's end";
}

TEST(Suspects, NeverConnected) {
    Seen seen;
    seen.record.assignment =
        Assignment{.hub = HubName("hub-1"), .device_id = DeviceId("dev-1"), .since = now - 90min};
    seen.at_hub = HubDevice{.id = DeviceId("dev-1")};
    EXPECT_EQ(look_at(seen), "fine") << "the hub was not asked";
    seen.hub_was_read = true;
    EXPECT_EQ(look_at(seen), "neverConnected (assigned to hub-1 1 h ago, never seen there)");
    seen.at_hub->last_activity = now - 80min;
    EXPECT_EQ(look_at(seen), "fine") << "it was there";
    seen.at_hub->last_activity.reset();
    seen.at_hub->connected = true;
    EXPECT_EQ(look_at(seen), "fine") << "it is there";
    seen.at_hub->connected = false;
    seen.record.assignment->since = now - 1h;
    EXPECT_EQ(look_at(seen), "fine") << "it may still come";
    seen.record.assignment->since.reset();
    EXPECT_EQ(look_at(seen), "fine") << "nobody knows since when";
    seen.record.assignment->since = now - 90min;
    seen.at_hub.reset();
    EXPECT_EQ(look_at(seen), "fine") << "the hub does not know it";
}

TEST(Suspects, SayEverythingAtOnce) {
    Seen seen;
    seen.record.registered = times(24, 60s);
    seen.record.moved = times(8, 60s);
    EXPECT_EQ(look_at(seen), "registersTooOften alternates (24 registrations within 24 min; 8 "
                             "moves within 8 min)");
}

} // namespace
} // namespace muster::provisioning
