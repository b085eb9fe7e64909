#include "hub/fixture.h"
#include "hub/live.h"

#include <thread>

namespace muster::hub {

namespace {

class LiveTest : public testing::Test {
  protected:
    std::shared_ptr<fakes::Link> new_link() { return std::make_shared<fakes::Link>(); }

    const DeviceId device{"dev-01"};
    ManualClock clock{noon()};
    Live live{clock};
};

} // namespace

// IOTHUB-7: the newer connection wins; the displaced one cannot touch its successor.
TEST_F(LiveTest, NewerConnectionDisplacesTheOlder) {
    const auto first = new_link();
    const auto second = new_link();
    const LinkId first_id = live.attach(device, first);
    const LinkId second_id = live.attach(device, second);
    ASSERT_EQ(first->closed.size(), 1u);
    EXPECT_TRUE(second->closed.empty());
    EXPECT_EQ(live.connected_count(), 1u);

    live.set_takes_desired(device, second_id, true);
    live.set_takes_desired(device, first_id, false);
    live.set_takes_methods(device, first_id, true);
    live.detach(device, first_id);
    EXPECT_TRUE(live.presence(device).connected);
    EXPECT_TRUE(live.send_desired(device, {}, 2));
    EXPECT_FALSE(live.send_method(device, {"m", "1", ""}));
    EXPECT_TRUE(first->notifications.empty());
    EXPECT_EQ(second->notifications.size(), 1u);
}

TEST_F(LiveTest, SubscriptionsDoNotPassToTheSuccessor) {
    const LinkId first = live.attach(device, new_link());
    live.set_takes_desired(device, first, true);
    live.set_takes_methods(device, first, true);
    live.attach(device, new_link());
    EXPECT_FALSE(live.send_desired(device, {}, 2));
    EXPECT_FALSE(live.send_method(device, {"m", "1", ""}));
}

TEST_F(LiveTest, TellsPresence) {
    EXPECT_FALSE(live.presence(device).connected);
    EXPECT_FALSE(live.presence(device).last_activity);
    const LinkId link = live.attach(device, new_link());
    clock.advance(std::chrono::seconds(5));
    live.touch(device, link);
    EXPECT_EQ(live.presence(device).connection_updated, noon());
    EXPECT_EQ(live.presence(device).last_activity, noon() + std::chrono::seconds(5));
    clock.advance(std::chrono::seconds(5));
    live.detach(device, link);
    live.detach(device, link);
    EXPECT_FALSE(live.presence(device).connected);
    EXPECT_EQ(live.presence(device).connection_updated, noon() + std::chrono::seconds(10));
    EXPECT_EQ(live.presence(device).last_activity, noon() + std::chrono::seconds(5));
    EXPECT_EQ(live.connected_count(), 0u);
    live.forget(device);
    EXPECT_FALSE(live.presence(device).last_activity);
}

// IOTHUB-34
TEST_F(LiveTest, CutEndsTheConnectionOnce) {
    const auto link = new_link();
    const LinkId id = live.attach(device, link);
    live.set_takes_desired(device, id, true);
    live.cut(device, "disabled");
    live.cut(device, "disabled");
    ASSERT_EQ(link->closed, std::vector<std::string>{"disabled"});
    EXPECT_FALSE(live.send_desired(device, {}, 2));
    EXPECT_EQ(live.connected_count(), 0u);
    live.detach(device, id); // the connection's own goodbye comes later
    EXPECT_EQ(live.connected_count(), 0u);
}

// IOTHUB-34: a device that was looked up before the cut is not let in after it.
TEST_F(LiveTest, StaleAdmissionIsRefused) {
    const auto admission = live.admission(device);
    live.cut(device, "re-keyed");
    const auto link = new_link();
    const LinkId id = live.attach(device, link, admission);
    EXPECT_EQ(link->closed.size(), 1u);
    EXPECT_FALSE(live.presence(device).connected);
    live.set_takes_methods(device, id, true);
    EXPECT_FALSE(live.send_method(device, {"m", "1", ""}));

    const auto next = new_link();
    live.attach(device, next, live.admission(device));
    EXPECT_TRUE(next->closed.empty());
    EXPECT_TRUE(live.presence(device).connected);
}

// A connection with a stale admission must not displace the one that is there.
TEST_F(LiveTest, StaleAdmissionDisplacesNobody) {
    const auto admission = live.admission(device);
    live.cut(device, "re-keyed");
    const auto current = new_link();
    live.attach(device, current, live.admission(device));
    live.attach(device, new_link(), admission);
    EXPECT_TRUE(current->closed.empty());
    EXPECT_TRUE(live.presence(device).connected);
}

TEST_F(LiveTest, WakesThoseWhoWaitForMethods) {
    int woken = 0;
    const auto wait = [&] { return live.when_takes_methods(device, [&] { ++woken; }); };
    EXPECT_NE(wait(), 0u);
    const std::uint64_t given_up = wait();
    live.stop_waiting(device, given_up);
    const LinkId link = live.attach(device, new_link());
    EXPECT_EQ(woken, 0) << "connected is not subscribed";
    live.set_takes_methods(device, link, true);
    EXPECT_EQ(woken, 1);
    live.set_takes_methods(device, link, true);
    EXPECT_EQ(woken, 1);
    EXPECT_EQ(wait(), 0u) << "it takes methods now";
    EXPECT_EQ(woken, 2);
    live.stop_waiting(device, 0);
}

TEST_F(LiveTest, KeepsManyDevicesApart) {
    constexpr std::size_t many = 1000;
    std::vector<std::shared_ptr<fakes::Link>> links(many);
    for (std::size_t at = 0; at < many; ++at) {
        links[at] = new_link();
        live.attach(DeviceId("dev-" + std::to_string(at)), links[at]);
    }
    EXPECT_EQ(live.connected_count(), many);
    for (std::size_t at = 0; at < many; at += 2) {
        live.cut(DeviceId("dev-" + std::to_string(at)), "cut");
    }
    EXPECT_EQ(live.connected_count(), many / 2);
    for (std::size_t at = 0; at < many; ++at) {
        EXPECT_EQ(links[at]->closed.size(), at % 2 == 0 ? 1U : 0U) << at;
    }
}

TEST_F(LiveTest, OneStaysConnectedWhenManyRace) {
    std::vector<std::shared_ptr<fakes::Link>> links(8 * 50);
    std::vector<std::thread> threads;
    for (std::size_t thread = 0; thread < 8; ++thread) {
        threads.emplace_back([&, thread] {
            for (std::size_t at = 0; at < 50; ++at) {
                links[thread * 50 + at] = new_link();
                live.attach(device, links[thread * 50 + at]);
            }
        });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
    std::size_t open = 0;
    for (const auto& link : links) {
        EXPECT_LE(link->closed.size(), 1u);
        open += link->closed.empty() ? 1 : 0;
    }
    EXPECT_EQ(open, 1u);
    EXPECT_EQ(live.connected_count(), 1u);
}

} // namespace muster::hub
