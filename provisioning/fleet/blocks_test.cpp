#include "provisioning/fleet/fleet_world.h"
#include "provisioning/moving/mark.h"

namespace muster::provisioning {
namespace {

class BlockTest : public testing::Test {
  protected:
    static RegistrationId id() { return RegistrationId("DEV-00000"); }

    static DeviceId device() { return DeviceId("dev-00000"); }

    /// Until it is answered.
    Fleets::BlockView answer(const std::function<void(Fleets::BlockDone)>& call) {
        std::optional<Result<Fleets::BlockView>> answered;
        call([&](Result<Fleets::BlockView> view) {
            EXPECT_FALSE(answered) << "answered twice";
            answered = std::move(view);
        });
        while (!answered && world.step(std::chrono::milliseconds::max())) {
        }
        EXPECT_TRUE(answered && *answered);
        return answered && *answered ? **answered : Fleets::BlockView();
    }

    Fleets::BlockView block(const std::string& reason = "stolen") {
        return answer(
            [&](auto done) { world.fleets->block(id(), reason, fleet_operator, std::move(done)); });
    }

    Fleets::BlockView unblock() {
        return answer(
            [&](auto done) { world.fleets->unblock(id(), fleet_operator, std::move(done)); });
    }

    HubDevice at(const HubName& hub) {
        return world.hubs.device(hub, device()).value_or(HubDevice());
    }

    bool is_enabled_anywhere() { return !world.hubs.hubs_serving(device()).empty(); }

    std::vector<std::string> actions() {
        std::vector<std::string> actions;
        for (const Change& change : world.store.changes()) {
            if (change.action.ends_with("block")) {
                actions.push_back(change.action + " " + change.resource + " by " + change.by.name);
            }
        }
        return actions;
    }

    /// What the device hears: it registers, and asks until it knows.
    RegistrationRecord registers() {
        world.provision(with_group_key("dev-00000", key_a));
        return world.record("dev-00000").value_or(RegistrationRecord());
    }

    FleetWorld world;
};

TEST_F(BlockTest, DisablesTheDeviceAndDeclinesItsRegistrations) {
    world.populate(1);
    const auto view = block();
    EXPECT_TRUE(view.settled);
    EXPECT_EQ(view.block->reason, "stolen");
    EXPECT_EQ(view.at->hub, hub_1);
    EXPECT_FALSE(is_enabled_anywhere());
    EXPECT_EQ(at(hub_1).status_reason, "blocked; was enabled");
    const auto record = registers();
    EXPECT_EQ(record.status, RegistrationStatus::disabled);
    EXPECT_EQ(record.failure->error_code, failure_code::enrollment_disabled);
    EXPECT_FALSE(is_enabled_anywhere());
    EXPECT_EQ(actions(), std::vector<std::string>{"registration.block registration/dev-00000 by " +
                                                  fleet_operator.name});
}

TEST_F(BlockTest, IsUndoneExactly) {
    world.populate(1);
    const auto before = at(hub_1);
    block();
    registers();
    const auto view = unblock();
    EXPECT_TRUE(view.settled);
    EXPECT_FALSE(view.block);
    EXPECT_TRUE(at(hub_1).enabled);
    EXPECT_EQ(at(hub_1).status_reason, before.status_reason);
    EXPECT_EQ(world.record("dev-00000")->status, RegistrationStatus::assigned);
    EXPECT_FALSE(world.record("dev-00000")->failure);
    EXPECT_EQ(world.hub_of("dev-00000"), "hub-1");
    EXPECT_EQ(registers().status, RegistrationStatus::assigned);
    EXPECT_TRUE(is_enabled_anywhere());
}

TEST_F(BlockTest, LeavesADeviceDisabledThatWasSoBefore) {
    world.populate(1);
    auto lost = at(hub_1);
    lost.enabled = false;
    lost.status_reason = "lost in the field";
    ASSERT_TRUE(world.hubs.update_device(hub_1, lost));
    block();
    EXPECT_EQ(at(hub_1).status_reason, "blocked; was disabled: lost in the field");
    unblock();
    EXPECT_FALSE(at(hub_1).enabled);
    EXPECT_EQ(at(hub_1).status_reason, "lost in the field");
}

TEST_F(BlockTest, MakesSureWhenRepeatedAndIsToldOnce) {
    world.populate(1);
    block("stolen");
    auto by_hand = at(hub_1);
    by_hand.enabled = true;
    ASSERT_TRUE(world.hubs.update_device(hub_1, by_hand));
    const auto view = block("another reason");
    EXPECT_EQ(view.block->reason, "stolen");
    EXPECT_FALSE(is_enabled_anywhere());
    EXPECT_EQ(actions().size(), 1U);
    unblock();
    unblock();
    EXPECT_EQ(actions().size(), 2U);
}

TEST_F(BlockTest, HoldsForADeviceThatHasNeverRegistered) {
    EXPECT_TRUE(block().settled);
    EXPECT_TRUE(world.store.all(test_scope, "", 10)->empty()) << "nobody has registered";
    EXPECT_EQ(registers().status, RegistrationStatus::disabled);
    EXPECT_TRUE(world.hubs.hubs_with(device()).empty());
    EXPECT_TRUE(unblock().settled);
    EXPECT_EQ(registers().status, RegistrationStatus::assigned);
}

/// By hand, or by another instance.
TEST_F(BlockTest, FindsADeviceThatHasNeverRegistered) {
    const DeviceId by_hand("DEV-00000");
    world.hubs.put(hub_2, {.id = by_hand, .credential = HubNoCredential()});
    const auto view = block();
    EXPECT_TRUE(view.settled);
    EXPECT_FALSE(view.at) << "no registration says where it is";
    EXPECT_TRUE(world.hubs.hubs_serving(by_hand).empty());
    unblock();
    EXPECT_EQ(world.hubs.hubs_serving(by_hand), std::vector{hub_2});
    EXPECT_FALSE(world.record("dev-00000"));
}

TEST_F(BlockTest, FindsADeviceByTheNameThatItsEnrollmentGivesIt) {
    const DeviceId name("truck-7");
    auto enrollment = individual("dev-00000", SymmetricKeyAttestation{test_keys});
    enrollment.device_id = name;
    world.put(enrollment);
    world.hubs.put(hub_3, {.id = name, .credential = HubNoCredential()});
    EXPECT_TRUE(block().settled);
    EXPECT_TRUE(world.hubs.hubs_serving(name).empty());
    unblock();
    EXPECT_EQ(world.hubs.hubs_serving(name), std::vector{hub_3});
}

/// Who knows the device under another id cannot let it in.
TEST_F(BlockTest, HoldsAgainstRegistrationsUnderAnotherId) {
    auto enrollment = individual("other", SymmetricKeyAttestation{test_keys});
    enrollment.device_id = device();
    world.put(enrollment);
    world.populate(1);
    block();
    world.provision(with_key("other", key_a));
    EXPECT_EQ(world.record("other")->status, RegistrationStatus::failed);
    EXPECT_FALSE(is_enabled_anywhere());
    unblock();
    world.provision(with_key("other", key_a));
    EXPECT_EQ(world.record("other")->status, RegistrationStatus::assigned);
}

TEST_F(BlockTest, IsLiftedAlsoWhereTheRecordKnowsNothingOfIt) {
    world.populate(1);
    auto blocked = at(hub_1);
    blocked.enabled = false;
    blocked.status_reason = "blocked; was enabled";
    ASSERT_TRUE(world.hubs.update_device(hub_1, blocked));
    EXPECT_EQ(registers().status, RegistrationStatus::failed);
    EXPECT_TRUE(unblock().settled);
    EXPECT_EQ(registers().status, RegistrationStatus::assigned);
    EXPECT_TRUE(is_enabled_anywhere());
    EXPECT_TRUE(actions().empty()) << "it was not blocked here";
}

/// The device must never be enabled between the block and the end of the fence.
TEST_F(BlockTest, ComesBeforeTheEndOfAFenceEvenIfTheHubAnswersOnlyThat) {
    world.populate(1);
    world.hubs.down(hub_2);
    world.hubs.down(hub_3);
    world.begin(OperationKind::drain);
    world.run_for(1s);
    ASSERT_FALSE(is_enabled_anywhere()) << "it is fenced";
    int refusals = 3;
    world.hubs.answer_by([&](const FakeHubs::Call& call) -> std::optional<FakeHubs::Answer> {
        if (call.hub == hub_1 && call.writes() && refusals > 0) {
            --refusals;
            return FakeHubs::Answer{.code = Code::rate_limited};
        }
        return std::nullopt;
    });
    bool answered = false;
    world.fleets->block(id(), "", fleet_operator, [&](const auto&) { answered = true; });
    const auto end = world.timers.now() + 30s;
    while (world.timers.now() < end && world.step(end)) {
        ASSERT_FALSE(is_enabled_anywhere());
    }
    EXPECT_TRUE(answered);
    EXPECT_EQ(refusals, 0);
    EXPECT_EQ(at(hub_1).status_reason, "blocked; was enabled");
}

/// A copy to be erased at a hub that is dead, say.
TEST_F(BlockTest, DoesNotWaitForOtherChores) {
    world.populate(1);
    auto record = *world.record("dev-00000");
    record.chores = {{.kind = ChoreKind::erase,
                      .place = {.hub = hub_2, .device_id = device()},
                      .token = MoveToken("1111111111111111"),
                      .tries = 0,
                      .problem = {},
                      .since = world.clock.wall()}};
    const Expected before{record.stamp.version};
    record.stamp.version += 1;
    ASSERT_TRUE(world.registrations().save(test_scope, record, before));
    world.hubs.down(hub_2);
    world.run_for(300s);
    for (int round = 0; round < 2; ++round) {
        const auto begun = world.timers.now();
        EXPECT_TRUE(block().settled);
        EXPECT_LT(world.timers.now() - begun, 100ms);
        EXPECT_FALSE(is_enabled_anywhere());
        EXPECT_TRUE(unblock().settled);
        EXPECT_LT(world.timers.now() - begun, 100ms);
        EXPECT_EQ(world.record("dev-00000")->chores.size(), 1U);
    }
}

TEST_F(BlockTest, HoldsAfterAnUnblockingThatTimedOut) {
    world.hubs.put_far_away(hub_1);
    world.populate(1);
    block();
    world.hubs.answer_by([](const FakeHubs::Call& call) -> std::optional<FakeHubs::Answer> {
        return call.writes() ? std::optional(FakeHubs::Answer{.code = Code::deadline_exceeded,
                                                              .effect = FakeHubs::Effect::late})
                             : std::nullopt;
    });
    EXPECT_FALSE(unblock().settled);
    ASSERT_GT(world.hubs.late_calls(), 0U);
    world.hubs.recover();
    EXPECT_TRUE(block().settled);
    world.hubs.release_late();
    world.run_for(300s);
    EXPECT_FALSE(is_enabled_anywhere());
}

TEST_F(BlockTest, WaitsForAHubThatIsLostToComeBack) {
    world.populate(1);
    const auto unlinked = [&](bool is_lost) {
        const auto changed = world.instances.declare_lost("fleet", hub_1, is_lost, fleet_operator);
        EXPECT_TRUE(changed) << changed.error().detail;
    };
    InstanceSettings settings{.name = "fleet", .tenant = "acme"};
    settings.scope = test_scope;
    settings.hubs = {{.name = hub_2}, {.name = hub_3}};
    ASSERT_TRUE(
        world.instances.put(settings, {.kind = IfMatch::Kind::any, .etag = {}}, configuration));
    unlinked(true);
    const auto view = block();
    EXPECT_TRUE(view.settled) << "nobody could wait for that";
    EXPECT_NE(view.problem, "");
    EXPECT_EQ(registers().status, RegistrationStatus::disabled);
    world.run_for(1000s);
    EXPECT_TRUE(at(hub_1).enabled);
    unlinked(false);
    world.run_for(180s);
    EXPECT_FALSE(is_enabled_anywhere());
    EXPECT_EQ(world.fleets->block_of(id())->problem, "");
    EXPECT_TRUE(unblock().settled);
    EXPECT_TRUE(is_enabled_anywhere());
}

/// A device that finds its way alone is let in at its new hub, unless it was blocked meanwhile.
TEST_F(BlockTest, HoldsThroughAMoveOrResetThatIsDecided) {
    for (const bool migrates : {true, false}) {
        SCOPED_TRACE(migrates);
        FleetWorld other;
        auto pinned = individual("dev-00000", SymmetricKeyAttestation{test_keys});
        pinned.terms.allocation_policy = AllocationPolicy::fixed;
        pinned.terms.hubs = {migrates ? hub_2 : hub_1};
        pinned.terms.reprovision_policy =
            ReprovisionPolicy{.update_hub_assignment = true, .migrate_device_data = migrates};
        other.put(pinned);
        other.populate(1);
        ASSERT_TRUE(other.registration->register_device(with_key("dev-00000", key_a)));
        const auto stage = [&] {
            const auto record = other.record("dev-00000");
            return record->plan ? record->plan->stage : PlanStage::begun;
        };
        while (stage() != PlanStage::decided && other.workers.run_one()) {
        }
        ASSERT_EQ(stage(), PlanStage::decided);
        bool answered = false;
        other.fleets->block(id(), "", fleet_operator,
                            [&](const auto& view) { answered = view && view->settled; });
        for (int i = 0; i < 200 && other.step(other.timers.now() + 1s); ++i) {
            EXPECT_TRUE(other.hubs.hubs_serving(device()).empty());
        }
        EXPECT_TRUE(answered);
        EXPECT_FALSE(other.record("dev-00000")->unfinished());
    }
}

TEST_F(BlockTest, LeavesNothingBehindWhenUndoneBeforeTheDeviceCame) {
    block();
    unblock();
    EXPECT_FALSE(world.record("dev-00000"));
    EXPECT_EQ(actions().size(), 2U);
}

TEST_F(BlockTest, SurvivesTheDeletionOfTheRegistration) {
    world.populate(1);
    block();
    const auto record = *world.record("dev-00000");
    const auto remains = remains_of(record, new_mark(world.clock, world.random));
    ASSERT_TRUE(remains);
    ASSERT_TRUE(world.registrations().save(test_scope, *remains, Expected{record.stamp.version}));
    EXPECT_EQ(registers().status, RegistrationStatus::disabled);
    EXPECT_FALSE(is_enabled_anywhere());
}

TEST_F(BlockTest, GivesUpARegistrationUnderWay) {
    world.hubs.down(hub_1);
    world.hubs.down(hub_2);
    world.hubs.down(hub_3);
    ASSERT_TRUE(world.registration->register_device(with_group_key("dev-00000", key_a)));
    world.run_for(1s);
    ASSERT_TRUE(world.record("dev-00000")->plan);
    const auto view = block();
    EXPECT_FALSE(view.settled) << "the hub may have the device already, and does not answer";
    EXPECT_FALSE(world.record("dev-00000")->plan);
    world.hubs.recover();
    world.run_for(120s);
    EXPECT_TRUE(world.fleets->block_of(id())->settled);
    EXPECT_FALSE(is_enabled_anywhere());
    EXPECT_EQ(registers().status, RegistrationStatus::disabled);
}

TEST_F(BlockTest, IsCompletedAfterACrash) {
    world.populate(1);
    world.hubs.down(hub_1);
    EXPECT_FALSE(block().settled);
    world.restart_process();
    world.hubs.recover();
    world.run_for(120s);
    EXPECT_FALSE(is_enabled_anywhere());
    EXPECT_TRUE(world.fleets->block_of(id())->settled);
}

/// A move of a blocked device carries the block along; one that a block meets ends there.
TEST_F(BlockTest, FollowsADeviceThatIsMoved) {
    world.populate(1);
    block();
    const auto drain = world.begin(OperationKind::drain);
    EXPECT_EQ(world.run_until_quiet(drain.id), OperationState::done);
    const HubName hub = world.record("dev-00000")->assignment->hub;
    EXPECT_NE(hub, hub_1);
    EXPECT_FALSE(is_enabled_anywhere());
    EXPECT_EQ(at(hub).status_reason, "blocked; was enabled");
    unblock();
    world.run_for(60s);
    EXPECT_EQ(world.hub_of("dev-00000"), hub.text());
}

TEST_F(BlockTest, EndsAMoveThatIsNotDecided) {
    world.populate(1);
    world.hubs.down(hub_2);
    world.hubs.down(hub_3);
    world.begin(OperationKind::drain);
    world.run_for(1s);
    ASSERT_TRUE(world.record("dev-00000")->plan);
    EXPECT_TRUE(block().settled);
    EXPECT_FALSE(world.record("dev-00000")->plan);
    EXPECT_FALSE(is_enabled_anywhere());
    world.hubs.recover();
    world.run_for(300s);
    EXPECT_FALSE(is_enabled_anywhere());
    unblock();
    world.run_for(300s);
    EXPECT_TRUE(is_enabled_anywhere());
}

TEST_F(BlockTest, KeepsAQuarantine) {
    world.populate(1);
    ASSERT_TRUE(world.fleets->quarantine(id(), hub_3, "", fleet_operator));
    world.run_for(60s);
    block();
    EXPECT_FALSE(is_enabled_anywhere());
    unblock();
    EXPECT_EQ(world.hub_of("dev-00000"), "hub-3");
    EXPECT_TRUE(world.record("dev-00000")->held_at);
}

TEST_F(BlockTest, RefusesALongReason) {
    std::optional<Code> refused;
    world.fleets->block(id(), std::string(257, 'x'), fleet_operator,
                        [&](const auto& view) { refused = view.error().code; });
    EXPECT_EQ(refused, Code::malformed);
    EXPECT_FALSE(world.record("dev-00000"));
}

} // namespace
} // namespace muster::provisioning
