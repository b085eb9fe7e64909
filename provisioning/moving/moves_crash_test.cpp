// Moves through crashes at every call, several processes, and everything at once.

#include "provisioning/moving/moving_world.h"

#include <random>

namespace muster::provisioning {
namespace {

using enum RegistrationStatus;
using When = Faults::When;

constexpr int calls_max = 400;

struct SeveralProcesses : testing::Test, MovingWorld {};

struct CrashingMoves : testing::TestWithParam<std::tuple<When, bool>>, MovingWorld {
    CrashingMoves() : MovingWorld(std::get<1>(GetParam())) {}

    template <class Action>
    bool dies(Action action) {
        try {
            action();
            return false;
        } catch (const Crash&) {
            return true;
        }
    }

    /// Back and forth, the process dying at the first call, the second, ...
    template <class Action>
    void die_at_each_call(Action action) {
        settle_down();
        bool died = true;
        int call = 1;
        for (; died && call < calls_max; ++call) {
            SCOPED_TRACE("call " + std::to_string(call));
            const HubName target = record("dev-1")->assignment->hub == hub_1 ? hub_2 : hub_1;
            pin_to(target);
            faults.crash_at(call, std::get<0>(GetParam()));
            died = dies([&] { action(); });
            ASSERT_LE(hubs.hubs_serving(device).size(), 1U);
            restart();
            ASSERT_TRUE(registration->resume());
            settle();
            provision(request);
            expect_at(target);
        }
        EXPECT_GT(call, 10) << "it takes that many calls at least";
        EXPECT_FALSE(died);
    }
};

TEST_P(CrashingMoves, BetweenAnyTwoCallsOfAMove) {
    die_at_each_call([&] {
        (void)registration->register_device(request);
        settle();
    });
}

TEST_P(CrashingMoves, BetweenAnyTwoCallsOfACancelledMove) {
    die_at_each_call([&] {
        (void)registration->register_device(request);
        workers.run_one();
        (void)moves().cancel(id, test_operator);
        settle();
    });
}

INSTANTIATE_TEST_SUITE_P(BeforeAndAfter, CrashingMoves,
                         testing::Combine(testing::Values(When::before_effect, When::after_effect),
                                          testing::Bool()));

TEST_F(SeveralProcesses, TwoProcessesMoveItOnce) {
    for (int head_start = 0; head_start < 6; ++head_start) {
        SCOPED_TRACE(head_start);
        if (!record("dev-1")) {
            settle_down();
        }
        const HubName target = record("dev-1")->assignment->hub == hub_1 ? hub_2 : hub_1;
        pin_to(target);
        ASSERT_TRUE(registration->register_device(request));
        for (int i = 0; i < head_start; ++i) {
            workers.run_one();
        }
        DeviceRegistration other(registration_ports());
        ASSERT_TRUE(other.resume());
        settle();
        expect_at(target);
    }
}

/// Whatever the hubs do, and whoever interferes: when it is quiet again, the rules hold (design,
/// section 8).
class Chaos {
  public:
    Chaos(MovingWorld& world, unsigned seed) : world_(world), engine_(seed) {}

    void run() {
        for (int i = 0; i < 60; ++i) {
            fail_somehow();
            act();
            ASSERT_LE(world_.hubs.hubs_serving(device).size(), 1U);
            if (one_in(4)) {
                world_.hubs.release_late();
            }
        }
        world_.hubs.recover();
        world_.hubs.release_late();
        world_.faults.clear();
        ASSERT_LE(world_.hubs.hubs_serving(device).size(), 1U);
    }

  private:
    bool one_in(unsigned count) { return engine_() % count == 0; }

    void fail_somehow() {
        using enum FakeHubs::Effect;
        const FakeHubs::Effect effects[] = {none, done, late};
        world_.hubs.answer_by([this, chosen = effects[engine_() % 3], odds = engine_() % 8 + 2](
                                  const FakeHubs::Call&) -> std::optional<FakeHubs::Answer> {
            return engine_() % odds == 0 ? std::optional(FakeHubs::Answer{.code = Code::unavailable,
                                                                          .effect = chosen})
                                         : std::nullopt;
        });
    }

    void act() {
        switch (engine_() % 8) {
        case 0: world_.pin_to(one_in(2) ? hub_1 : hub_2); return;
        case 1: (void)world_.moves().cancel(id, test_operator); return;
        case 2:
            world_.restart();
            (void)world_.registration->resume();
            return;
        case 3: (void)world_.registration->register_device(world_.request); return;
        default:
            for (unsigned i = engine_() % 8; i > 0; --i) {
                if (!world_.workers.run_one()) {
                    world_.timers.run_next();
                }
            }
        }
    }

    MovingWorld& world_;
    std::mt19937 engine_;
};

TEST(ChaosOfMoves, EndsByTheRules) {
    for (unsigned seed = 1; seed <= 60; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        MovingWorld world(true);
        world.settle_down();
        Chaos(world, seed).run();
        if (testing::Test::HasFatalFailure()) {
            return;
        }
        world.pin_to(hub_2);
        world.provision(world.request); // what is under way is finished first
        EXPECT_EQ(world.provision(world.request).status, assigned);
        world.settle();
        EXPECT_EQ(world.record("dev-1")->assignment->hub, hub_2);
        EXPECT_EQ(world.hubs.hubs_serving(device), std::vector{hub_2});
        EXPECT_EQ(world.hubs.twin(hub_2, device), world.lived);
    }
}

} // namespace
} // namespace muster::provisioning
