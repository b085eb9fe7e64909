#include "provisioning/fleet/fleet_world.h"

namespace muster::provisioning {
namespace {

class FleetsTest : public testing::Test {
  protected:
    FleetWorld world;
};

TEST_F(FleetsTest, DrainsAHub) {
    world.populate(60);
    world.place("zz-elsewhere", hub_2);
    const auto begun = world.begin(OperationKind::drain);
    EXPECT_TRUE(begun.id.starts_with("op-"));
    EXPECT_EQ(begun.progress.total, 60);
    EXPECT_FALSE(world.instance.get()->find_hub(hub_1)->apply_allocation_policy)
        << "it takes no new devices from the start on";
    EXPECT_EQ(world.run_until_quiet(begun.id), OperationState::done);
    world.run_for(60s); // chores
    EXPECT_EQ(world.count_at(hub_1, 60), 0);
    EXPECT_EQ(world.count_at(hub_2, 60) + world.count_at(hub_3, 60), 60);
    EXPECT_GT(world.count_at(hub_2, 60), 10);
    EXPECT_EQ(world.hub_of("zz-elsewhere"), "hub-2");
    const auto ended = world.view(begun.id).operation;
    EXPECT_EQ(ended.progress.looked_at, 60);
    EXPECT_EQ(ended.progress.moved, 60);
    EXPECT_EQ(ended.progress.failed, 0);
    EXPECT_TRUE(ended.ended);
    EXPECT_EQ(world.operations.actions(),
              (std::vector<std::string>{"operation.begin", "operation.complete"}));
    EXPECT_EQ(world.operations.changes().front().by.name, fleet_operator.name);
    EXPECT_EQ(world.operations.changes().back().by.name, "server");
}

TEST_F(FleetsTest, DrainsAnEmptyHub) {
    const auto begun = world.begin(OperationKind::drain);
    EXPECT_EQ(world.run_until_quiet(begun.id), OperationState::done);
    EXPECT_EQ(world.view(begun.id).operation.progress.looked_at, 0);
}

/// "Never" says what registrations do; a drain is an operator's word. What is bound to the hub
/// stays, and the operator learns why.
TEST_F(FleetsTest, LeavesWhatIsBoundToTheHub) {
    world.populate(1);
    world.place("bound", hub_1);
    auto enrollment = individual("bound", SymmetricKeyAttestation{test_keys});
    enrollment.terms.allocation_policy = AllocationPolicy::fixed;
    enrollment.terms.hubs = {hub_1};
    world.put(enrollment);
    const auto begun = world.begin(OperationKind::drain);
    EXPECT_EQ(world.run_until_quiet(begun.id), OperationState::done);
    world.run_for(60s);
    EXPECT_EQ(world.hub_of("bound"), "hub-1");
    EXPECT_EQ(world.count_at(hub_1, 1), 0);
    const auto ended = world.view(begun.id).operation;
    EXPECT_EQ(ended.progress.moved, 1);
    EXPECT_EQ(ended.progress.stayed, 1);
    EXPECT_EQ(ended.failures,
              std::vector<std::string>{"bound: stays: its enrollment is static to this hub"});
}

TEST_F(FleetsTest, RebalancesWhatIsNotWhereItBelongs) {
    world.populate(90);
    const auto begun = world.begin(OperationKind::rebalance);
    EXPECT_EQ(begun.progress.total, 90);
    EXPECT_EQ(world.run_until_quiet(begun.id), OperationState::done);
    world.run_for(60s);
    for (const HubName& hub : {hub_1, hub_2, hub_3}) {
        EXPECT_GT(world.count_at(hub, 90), 15) << hub.text();
    }
    EXPECT_EQ(world.count_at(hub_1, 90) + world.count_at(hub_2, 90) + world.count_at(hub_3, 90),
              90);
    const auto first = world.view(begun.id).operation.progress;
    EXPECT_EQ(first.moved + first.stayed, 90);
    const auto again = world.begin(OperationKind::rebalance);
    EXPECT_EQ(world.run_until_quiet(again.id), OperationState::done);
    EXPECT_EQ(world.view(again.id).operation.progress.moved, 0) << "there is nothing left to do";
}

/// Those on their way count, or all would go to the hub that was the emptiest at the last count.
TEST_F(FleetsTest, SpreadsByLoadWhatIsOnItsWay) {
    world.populate(60);
    InstanceSettings even{.name = "fleet", .tenant = "acme"};
    even.even_load = true;
    ASSERT_TRUE(world.instances.put(even, {}, configuration));
    const auto begun = world.begin(OperationKind::drain);
    EXPECT_EQ(world.run_until_quiet(begun.id), OperationState::done);
    world.run_for(60s); // chores
    EXPECT_EQ(world.count_at(hub_2, 60), 30);
    EXPECT_EQ(world.count_at(hub_3, 60), 30);
}

TEST_F(FleetsTest, KeepsItsPaceOverALongRun) {
    world.populate(2500);
    const auto begun = world.begin(OperationKind::drain, {.per_second = 50, .concurrency = 64});
    const auto begun_so_far = [&] {
        const auto view = world.view(begun.id);
        return view.operation.progress.moved + view.under_way;
    };
    world.run_for(1s);
    auto last = begun_so_far();
    const auto first = last;
    for (int second = 0; second < 40; ++second) {
        world.run_for(1s);
        const auto now = begun_so_far();
        EXPECT_GE(now - last, 45) << "second " << second;
        EXPECT_LE(now - last, 55) << "second " << second;
        last = now;
    }
    EXPECT_NEAR(static_cast<double>(last - first), 2000, 40);
    const auto view = world.view(begun.id);
    ASSERT_TRUE(view.estimated_end);
    const auto left = *view.estimated_end - world.clock.wall();
    EXPECT_GT(left, 8s);
    EXPECT_LT(left, 11s) << "450 at 50 a second";
    EXPECT_EQ(world.run_until_quiet(begun.id), OperationState::done);
    EXPECT_EQ(world.view(begun.id).operation.progress.moved, 2500);
}

TEST_F(FleetsTest, KeepsItsConcurrency) {
    world.populate(50);
    world.hubs.down(hub_2);
    world.hubs.down(hub_3);
    const auto begun = world.begin(OperationKind::drain, {.per_second = 1000, .concurrency = 7});
    for (int i = 0; i < 50; ++i) {
        world.run_for(100ms);
        EXPECT_LE(world.view(begun.id).under_way, 7);
    }
    EXPECT_EQ(world.view(begun.id).under_way, 7);
    world.hubs.recover();
    EXPECT_EQ(world.run_until_quiet(begun.id), OperationState::done);
    EXPECT_EQ(world.view(begun.id).operation.progress.moved, 50);
}

TEST_F(FleetsTest, IsHeldWhenTooMuchFails) {
    world.populate(50);
    world.hubs.answer_by([](const FakeHubs::Call& call) -> std::optional<FakeHubs::Answer> {
        if (call.name == "create_device") {
            return FakeHubs::Answer{.code = Code::malformed};
        }
        return std::nullopt;
    });
    const auto begun = world.begin(OperationKind::drain,
                                   {.per_second = 1000, .concurrency = 4, .failures_max = 10});
    EXPECT_EQ(world.run_until_quiet(begun.id), OperationState::held);
    world.run_for(60s);
    auto held = world.view(begun.id).operation;
    EXPECT_GE(held.progress.failed, 10);
    EXPECT_LE(held.progress.failed, 14) << "no more than were under way already";
    EXPECT_EQ(held.failures.front(),
              "dev-00000: could not be moved, see `muster timeline dev-00000`");
    EXPECT_EQ(world.count_at(hub_1, 50), 50) << "all stay, enabled";
    EXPECT_EQ(world.operations.actions().back(), "operation.hold");

    world.hubs.recover();
    ASSERT_TRUE(world.fleets->resume(begun.id, fleet_operator));
    EXPECT_EQ(world.run_until_quiet(begun.id), OperationState::done);
    const auto ended = world.view(begun.id).operation;
    EXPECT_EQ(ended.progress.failed, held.progress.failed);
    EXPECT_EQ(ended.progress.failed_since_resumed, 0);
    EXPECT_EQ(ended.progress.moved + ended.progress.failed, 50);

    const auto again = world.begin(OperationKind::drain);
    EXPECT_EQ(world.run_until_quiet(again.id), OperationState::done);
    world.run_for(60s);
    EXPECT_EQ(world.count_at(hub_1, 50), 0) << "a second drain takes what is left";
}

TEST_F(FleetsTest, GivesUpWhatCannotBeReadAndGoesOn) {
    world.populate(20);
    world.store.damage(RegistrationId("dev-00007"));
    const auto begun = world.begin(OperationKind::drain);
    EXPECT_EQ(world.run_until_quiet(begun.id), OperationState::done);
    const auto ended = world.view(begun.id).operation;
    EXPECT_EQ(ended.progress.looked_at, 20);
    EXPECT_EQ(ended.progress.moved, 19);
    EXPECT_EQ(ended.progress.failed, 1);
    ASSERT_EQ(ended.failures.size(), 1U);
    EXPECT_TRUE(ended.failures[0].starts_with("dev-00007: ")) << ended.failures[0];
}

TEST_F(FleetsTest, GivesUpWhatCannotBeReadAnyMore) {
    for (const bool stops : {false, true}) {
        FleetWorld broken;
        broken.populate(5);
        broken.hubs.down(hub_2);
        broken.hubs.down(hub_3);
        const auto begun = broken.begin(OperationKind::drain);
        broken.run_for(2s);
        ASSERT_EQ(broken.view(begun.id).under_way, 5);
        broken.store.damage(RegistrationId("dev-00003"));
        broken.hubs.recover();
        if (stops) {
            ASSERT_TRUE(broken.fleets->stop(begun.id, fleet_operator));
        }
        EXPECT_EQ(broken.run_until_quiet(begun.id),
                  stops ? OperationState::stopped : OperationState::done);
        const auto progress = broken.view(begun.id).operation.progress;
        EXPECT_EQ(progress.failed, 1);
        EXPECT_EQ(progress.moved + progress.stayed, 4);
    }
}

TEST_F(FleetsTest, WaitsForPlansOfTheDevicesThemselves) {
    world.populate(3);
    world.hubs.down(hub_1);
    ASSERT_TRUE(world.registration->register_device(with_group_key("dev-00001", key_a)));
    const auto begun = world.begin(OperationKind::drain);
    world.run_for(5s);
    EXPECT_EQ(world.state(begun.id), OperationState::running);
    world.hubs.recover();
    EXPECT_EQ(world.run_until_quiet(begun.id), OperationState::done);
    world.run_for(60s);
    EXPECT_EQ(world.count_at(hub_1, 3), 0);
    const auto ended = world.view(begun.id).operation;
    EXPECT_EQ(ended.progress.looked_at, 3);
    EXPECT_EQ(ended.progress.moved + ended.progress.stayed, 3);
}

TEST_F(FleetsTest, MovesDevicesThatRegisterMeanwhileOnce) {
    world.populate(40);
    const auto begun = world.begin(OperationKind::drain, {.per_second = 20, .concurrency = 4});
    for (int number = 0; number < 40; number += 3) {
        ASSERT_TRUE(world.registration->register_device(
            with_group_key(FleetWorld::id_of(39 - number), key_a)));
        world.run_for(100ms);
    }
    EXPECT_EQ(world.run_until_quiet(begun.id), OperationState::done);
    world.run_for(120s);
    EXPECT_EQ(world.count_at(hub_2, 40) + world.count_at(hub_3, 40), 40);
    for (int number = 0; number < 40; ++number) {
        EXPECT_EQ(world.record(FleetWorld::id_of(number))->moved.size(), 1U) << number;
    }
}

TEST_F(FleetsTest, ChangesLimitsWhileItRuns) {
    world.populate(200);
    const auto begun = world.begin(OperationKind::drain, {.per_second = 1});
    world.run_for(3s);
    EXPECT_LE(world.view(begun.id).operation.progress.looked_at, 5);
    const auto changed = world.fleets->change_limits(begun.id, {.per_second = 100}, fleet_operator);
    ASSERT_TRUE(changed);
    EXPECT_DOUBLE_EQ(changed->limits.per_second, 100);
    world.run_for(3s);
    EXPECT_EQ(world.state(begun.id), OperationState::done);
    const auto refused = world.fleets->change_limits(begun.id, {.per_second = 100}, fleet_operator);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::precondition) << "it has ended";
}

TEST_F(FleetsTest, RefusesWhatMakesNoSense) {
    const auto code = [&](const Fleets::Wanted& wanted) {
        const auto begun = world.fleets->begin(wanted, fleet_operator);
        return begun ? std::nullopt : std::optional(begun.error().code);
    };
    using enum OperationKind;
    EXPECT_EQ(code({.kind = drain, .hub = {}}), Code::malformed);
    EXPECT_EQ(code({.kind = rebalance, .hub = hub_1}), Code::malformed);
    EXPECT_EQ(code({.kind = gather, .hub = hub_1}), Code::malformed);
    EXPECT_EQ(code({.kind = release, .hub = hub_1}), Code::malformed);
    EXPECT_EQ(code({.kind = drain, .hub = HubName("hub-9")}), Code::malformed);
    EXPECT_EQ(code({.kind = drain, .hub = hub_1, .limits = {.per_second = 0}}), Code::malformed);
    EXPECT_TRUE(world.fleets->list()->empty());
    EXPECT_TRUE(world.instance.get()->find_hub(hub_1)->apply_allocation_policy);
    EXPECT_TRUE(world.operations.changes().empty());
    for (const auto& missing : {world.fleets->pause("op-none", fleet_operator),
                                world.fleets->resume("op-none", fleet_operator),
                                world.fleets->stop("op-none", fleet_operator)}) {
        ASSERT_FALSE(missing);
        EXPECT_EQ(missing.error().code, Code::not_found);
    }
    EXPECT_EQ(world.fleets->get("op-none").error().code, Code::not_found);
}

TEST_F(FleetsTest, RefusesASecondOneOnTheSameHub) {
    world.populate(10);
    const auto first = world.begin(OperationKind::drain, {.per_second = 1});
    const Fleets::Wanted same{.kind = OperationKind::drain, .hub = hub_1};
    const auto refused = world.fleets->begin(same, fleet_operator);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::already_exists);
    EXPECT_NE(refused.error().detail.find(first.id), std::string::npos);
    EXPECT_TRUE(world.fleets->begin({.kind = OperationKind::rebalance}, fleet_operator));
    EXPECT_FALSE(world.fleets->begin({.kind = OperationKind::rebalance}, fleet_operator));
    ASSERT_TRUE(world.fleets->stop(first.id, fleet_operator));
    EXPECT_EQ(world.run_until_quiet(first.id), OperationState::stopped);
    EXPECT_TRUE(world.fleets->begin(same, fleet_operator)) << "it has ended";
}

TEST_F(FleetsTest, DrainsAFormerHubAndNoneThatIsLost) {
    world.populate(5);
    InstanceSettings wanted{.name = "fleet", .tenant = "acme"};
    wanted.hubs = {{.name = hub_2}, {.name = hub_3}};
    ASSERT_TRUE(world.instances.put(wanted, {}, configuration));
    ASSERT_NE(world.instance.get()->find_former_hub(hub_1), nullptr);
    ASSERT_TRUE(world.instances.declare_lost("fleet", hub_1, true, fleet_operator));
    const Fleets::Wanted drain{.kind = OperationKind::drain, .hub = hub_1};
    const auto refused = world.fleets->begin(drain, fleet_operator);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::precondition);
    ASSERT_TRUE(world.instances.declare_lost("fleet", hub_1, false, fleet_operator));
    const auto begun = world.begin(OperationKind::drain);
    EXPECT_EQ(world.run_until_quiet(begun.id), OperationState::done);
    world.run_for(60s);
    EXPECT_EQ(world.count_at(hub_2, 5) + world.count_at(hub_3, 5), 5);
}

TEST_F(FleetsTest, RefusesToDrainTheOnlyHub) {
    InstanceSettings wanted{.name = "fleet", .tenant = "acme"};
    wanted.hubs = {{.name = hub_1}};
    ASSERT_TRUE(world.instances.put(wanted, {}, configuration));
    const auto refused =
        world.fleets->begin({.kind = OperationKind::drain, .hub = hub_1}, fleet_operator);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::precondition);
    EXPECT_TRUE(world.instance.get()->find_hub(hub_1)->apply_allocation_policy);
}

} // namespace
} // namespace muster::provisioning
