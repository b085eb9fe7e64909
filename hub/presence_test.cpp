#include "hub/fixture.h"
#include "hub/presence_writer.h"

namespace muster::hub {
namespace {

class PresenceTest : public HubTest {
  protected:
    Live::Presence stored(const char* id) {
        return presences.find(name, DeviceId(id))->value_or(Live::Presence{});
    }

    const HubName name{"hub1.example.org"};
    fakes::Presences presences;
    fakes::Workers pool;
    ManualClock time{noon()};
    Live live{time};
    PresenceWriter writer{{.hub = name,
                           .live = live,
                           .store = presences,
                           .timers = timers,
                           .workers = pool,
                           .clock = time}};
};

TEST_F(PresenceTest, WritesBehindOnceASecond) {
    ASSERT_TRUE(writer.start());
    const auto link = live.attach(DeviceId("a"), std::make_shared<fakes::Link>());
    EXPECT_FALSE(stored("a").connected);
    timers.advance(std::chrono::milliseconds(1000));
    pool.run_all();
    EXPECT_TRUE(stored("a").connected);
    EXPECT_EQ(stored("a").last_activity, noon());
    time.advance(std::chrono::seconds(5));
    live.detach(DeviceId("a"), link);
    timers.advance(std::chrono::milliseconds(1000));
    pool.run_all();
    EXPECT_FALSE(stored("a").connected);
    EXPECT_EQ(stored("a").connection_updated, noon() + std::chrono::seconds(5));
}

TEST_F(PresenceTest, NotesActivityNowAndThenOnly) {
    const auto link = live.attach(DeviceId("a"), std::make_shared<fakes::Link>());
    ASSERT_TRUE(writer.write());
    time.advance(std::chrono::seconds(29));
    live.touch(DeviceId("a"), link);
    EXPECT_TRUE(live.take_changed(10).empty());
    time.advance(std::chrono::seconds(1));
    live.touch(DeviceId("a"), link);
    ASSERT_TRUE(writer.write());
    EXPECT_EQ(stored("a").last_activity, noon() + std::chrono::seconds(30));
}

TEST_F(PresenceTest, StartsWithNobodyConnected) {
    const std::vector<PresenceChange> before{
        {DeviceId("a"),
         {.connected = true, .connection_updated = noon(), .last_activity = noon()}}};
    ASSERT_TRUE(presences.save(name, before));
    time.advance(std::chrono::hours(1));
    ASSERT_TRUE(writer.start());
    EXPECT_FALSE(stored("a").connected);
    EXPECT_EQ(stored("a").connection_updated, noon() + std::chrono::hours(1));
    EXPECT_EQ(stored("a").last_activity, noon());
}

} // namespace
} // namespace muster::hub
