// Operations that are paused, stopped, or lose their process, at every point.

#include "provisioning/fleet/fleet_world.h"

namespace muster::provisioning {
namespace {

constexpr int devices = 12;
constexpr OperationLimits some{.per_second = 20, .concurrency = 4, .failures_max = 100};

void take_steps(FleetWorld& world, int steps) {
    const auto end = world.timers.now() + 600s;
    for (int i = 0; i < steps; ++i) {
        world.step(end);
    }
}

/// Everybody is enabled at one hub with the twin that it had, and nobody moved twice.
void expect_all_well(FleetWorld& world, const std::string& story) {
    for (int number = 0; number < devices; ++number) {
        const auto id = FleetWorld::id_of(number);
        EXPECT_NE(world.hub_of(id), "") << story << ": " << id;
        EXPECT_LE(world.record(id)->moved.size(), 1U) << story << ": " << id;
        EXPECT_FALSE(world.record(id)->unfinished()) << story << ": " << id;
    }
}

/// How many steps a whole drain takes.
int steps_of_a_drain() {
    FleetWorld world;
    world.populate(devices);
    const auto begun = world.begin(OperationKind::drain, some);
    int steps = 0;
    while (world.state(begun.id) != OperationState::done && world.step(600s)) {
        ++steps;
    }
    return steps;
}

TEST(FleetInterruptions, PauseAndResumeAtEveryPoint) {
    const int all = steps_of_a_drain();
    ASSERT_GT(all, devices);
    for (int steps = 0; steps < all; steps += 3) {
        const auto story = "paused after " + std::to_string(steps) + " steps";
        FleetWorld world;
        world.populate(devices);
        const auto begun = world.begin(OperationKind::drain, some);
        take_steps(world, steps);
        ASSERT_TRUE(world.fleets->pause(begun.id, fleet_operator)) << story;
        world.run_for(30s);
        const auto paused = world.view(begun.id);
        EXPECT_EQ(paused.under_way, 0) << story << ": plans under way end";
        world.run_for(60s);
        EXPECT_EQ(world.view(begun.id).operation.progress.looked_at,
                  paused.operation.progress.looked_at)
            << story << ": it begins nothing";
        EXPECT_EQ(world.fleets->pause(begun.id, fleet_operator).error().code, Code::precondition);
        ASSERT_TRUE(world.fleets->resume(begun.id, fleet_operator)) << story;
        EXPECT_EQ(world.run_until_quiet(begun.id), OperationState::done) << story;
        world.run_for(120s);
        const auto progress = world.view(begun.id).operation.progress;
        EXPECT_EQ(progress.moved, devices) << story;
        EXPECT_EQ(progress.looked_at, devices) << story;
        EXPECT_EQ(world.count_at(hub_1, devices), 0) << story;
        expect_all_well(world, story);
    }
}

TEST(FleetInterruptions, StopAtEveryPoint) {
    const int all = steps_of_a_drain();
    int stayed_sometimes = 0;
    for (int steps = 0; steps < all; steps += 3) {
        const auto story = "stopped after " + std::to_string(steps) + " steps";
        FleetWorld world;
        world.populate(devices);
        const auto begun = world.begin(OperationKind::drain, some);
        take_steps(world, steps);
        ASSERT_TRUE(world.fleets->stop(begun.id, fleet_operator)) << story;
        EXPECT_EQ(world.run_until_quiet(begun.id), OperationState::stopped) << story;
        const auto stopped = world.view(begun.id).operation;
        EXPECT_TRUE(stopped.ended) << story;
        world.run_for(200s);
        expect_all_well(world, story);
        const int away = devices - world.count_at(hub_1, devices);
        EXPECT_EQ(stopped.progress.moved, away) << story;
        stayed_sometimes += away < devices ? 1 : 0;
        EXPECT_EQ(world.fleets->resume(begun.id, fleet_operator).error().code, Code::precondition)
            << story << ": what is stopped stays so";
    }
    EXPECT_GT(stayed_sometimes, 3);
}

/// What cannot be decided, because the other hubs do not answer, is rolled back.
TEST(FleetInterruptions, StopRollsBackWhatIsNotDecided) {
    FleetWorld world;
    world.populate(devices);
    world.hubs.down(hub_2);
    world.hubs.down(hub_3);
    const auto begun = world.begin(OperationKind::drain, some);
    world.run_for(2s);
    EXPECT_EQ(world.view(begun.id).under_way, some.concurrency);
    EXPECT_LT(world.count_at(hub_1, devices), devices) << "some are fenced";
    ASSERT_TRUE(world.fleets->stop(begun.id, fleet_operator));
    EXPECT_EQ(world.run_until_quiet(begun.id), OperationState::stopped);
    world.hubs.recover();
    world.run_for(300s);
    EXPECT_EQ(world.count_at(hub_1, devices), devices);
    expect_all_well(world, "rolled back");
}

TEST(FleetInterruptions, RestartAtEveryPoint) {
    const int all = steps_of_a_drain();
    for (int steps = 0; steps < all; steps += 2) {
        const auto story = "restarted after " + std::to_string(steps) + " steps";
        FleetWorld world;
        world.populate(devices);
        const auto begun = world.begin(OperationKind::drain, some);
        take_steps(world, steps);
        world.restart_process();
        EXPECT_EQ(world.run_until_quiet(begun.id), OperationState::done) << story;
        world.run_for(200s);
        EXPECT_EQ(world.count_at(hub_1, devices), 0) << story;
        expect_all_well(world, story);
    }
}

TEST(FleetInterruptions, RestartWhilePausedStoppingOrHeld) {
    for (const bool stop : {false, true}) {
        FleetWorld world;
        world.populate(devices);
        const auto begun = world.begin(OperationKind::drain, some);
        world.run_for(200ms);
        ASSERT_TRUE(stop ? world.fleets->stop(begun.id, fleet_operator)
                         : world.fleets->pause(begun.id, fleet_operator));
        world.restart_process();
        world.run_for(300s);
        EXPECT_EQ(world.state(begun.id), stop ? OperationState::stopped : OperationState::paused);
        expect_all_well(world, stop ? "stopping" : "paused");
        if (!stop) {
            ASSERT_TRUE(world.fleets->resume(begun.id, fleet_operator));
            EXPECT_EQ(world.run_until_quiet(begun.id), OperationState::done);
            world.run_for(120s);
            EXPECT_EQ(world.count_at(hub_1, devices), 0);
        }
    }
}

TEST(FleetInterruptions, SurvivesAStoreThatIsDown) {
    FleetWorld world;
    world.populate(devices);
    const auto begun = world.begin(OperationKind::drain, some);
    for (int i = 0; i < 10; ++i) {
        world.run_for(100ms);
        world.store.fail_reads(1, Code::unavailable);
        world.store.fail_saves(1, Code::unavailable);
        world.operations.fail_saves(1, Code::unavailable);
    }
    EXPECT_EQ(world.run_until_quiet(begun.id), OperationState::done);
    world.run_for(200s);
    while (!world.registrations().find(test_scope, RegistrationId("dev-00000"))) {
    }
    expect_all_well(world, "store down");
    const auto progress = world.view(begun.id).operation.progress;
    EXPECT_EQ(progress.looked_at, devices);
    EXPECT_EQ(progress.moved + progress.failed, devices);
}

TEST(FleetInterruptions, SavesItsProgressAsItGoes) {
    FleetWorld world;
    world.populate(devices);
    const auto begun = world.begin(OperationKind::drain, {.per_second = 1});
    world.run_for(7s);
    const auto stored = world.operations.all(test_scope)->front();
    EXPECT_GE(stored.progress.looked_at, 5);
    // The plan of the last one may not have been stored yet.
    const auto last = static_cast<int>(stored.progress.looked_at) - 1;
    EXPECT_GE(stored.after, FleetWorld::id_of(last - 1));
    EXPECT_LE(stored.after, FleetWorld::id_of(last));
}

// ---- two processes with one database ----

/// Of two processes one works on an operation at a time; when that one is gone, the other goes on.
TEST(FleetInterruptions, TwoProcessesTakeTurns) {
    FleetWorld world;
    world.populate(devices);
    DeviceRegistration other_registration(world.registration_ports());
    const auto begun = world.begin(OperationKind::drain, {.per_second = 0.1, .concurrency = 1});
    world.run_for(5s);
    auto other = world.make_fleets(other_registration);
    ASSERT_TRUE(other->resume_all()); // takes it over
    world.run_for(90s);
    const auto stored = world.operations.all(test_scope)->front();
    EXPECT_GE(stored.progress.looked_at, 8);
    EXPECT_LE(stored.progress.looked_at, 11) << "they do not both work";
    ASSERT_TRUE(other->change_limits(begun.id, FleetWorld::fast, fleet_operator));
    EXPECT_EQ(world.run_until_quiet(begun.id), OperationState::done);
    other.reset();
    world.run_for(120s);
    EXPECT_EQ(world.count_at(hub_1, devices), 0);
    expect_all_well(world, "two processes");
}

TEST(FleetInterruptions, AnotherProcessGoesOnWhenOneIsGone) {
    FleetWorld world;
    world.populate(devices);
    DeviceRegistration other_registration(world.registration_ports());
    auto other = world.make_fleets(other_registration);
    ASSERT_TRUE(other->resume_all());
    const auto begun = world.begin(OperationKind::drain, {.per_second = 0.1, .concurrency = 1});
    world.run_for(5s);
    world.fleets.reset(); // and nobody says so
    world.run_for(100s);
    const auto went_on = world.operations.all(test_scope)->front();
    EXPECT_GT(went_on.progress.looked_at, 3);
    ASSERT_TRUE(other->change_limits(begun.id, FleetWorld::fast, fleet_operator));
    world.run_for(60s);
    EXPECT_EQ(other->get(begun.id)->operation.state, OperationState::done);
    other.reset();
    world.run_for(120s);
    EXPECT_EQ(world.count_at(hub_1, devices), 0);
    expect_all_well(world, "the other one");
}

/// Who asks for a pause need not be who works on it.
TEST(FleetInterruptions, ObeysWhatIsSaidToAnotherProcess) {
    FleetWorld world;
    world.populate(devices);
    DeviceRegistration other_registration(world.registration_ports());
    auto other = world.make_fleets(other_registration);
    const auto begun = world.begin(OperationKind::drain, {.per_second = 1, .concurrency = 1});
    world.run_for(3s);
    ASSERT_TRUE(other->pause(begun.id, fleet_operator));
    world.run_for(10s);
    EXPECT_EQ(world.state(begun.id), OperationState::paused);
    const auto paused = world.view(begun.id).operation.progress.looked_at;
    world.run_for(60s);
    EXPECT_EQ(world.view(begun.id).operation.progress.looked_at, paused);
    other.reset();
    ASSERT_TRUE(world.fleets->resume(begun.id, fleet_operator));
    EXPECT_EQ(world.run_until_quiet(begun.id), OperationState::done);
}

} // namespace
} // namespace muster::provisioning
