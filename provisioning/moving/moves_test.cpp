// Moves by the real runner on stored plans: hubs that fail, and operators.

#include "provisioning/moving/moving_world.h"

namespace muster::provisioning {
namespace {

using enum RegistrationStatus;

struct Moving : testing::Test, MovingWorld {};

TEST_F(Moving, CarriesTheTwinAndErasesTheOldCopy) {
    settle_down();
    pin_to(hub_2);
    const auto moved = provision(request);
    EXPECT_EQ(moved.status, assigned);
    EXPECT_EQ(moved.record->assignment->substatus, Substatus::device_data_migrated);
    expect_at(hub_2);
}

TEST_F(Moving, AResetBeginsAnewAtTheSameHub) {
    settle_down();
    pin_to(hub_1, false);
    EXPECT_EQ(provision(request).record->assignment->substatus, Substatus::device_data_reset);
    EXPECT_EQ(hubs.hubs_serving(device), std::vector{hub_1});
    EXPECT_TRUE(hubs.twin(hub_1, device)->reported.empty());
}

TEST_F(Moving, WhileTheOldHubIsAwayTheDeviceIsAssignedAndTheCopyIsErasedLater) {
    settle_down();
    begin_move();
    run_to(PlanStage::decided);
    hubs.down(hub_1);
    const int written = store.records_written();
    settle();
    EXPECT_EQ(record("dev-1")->status, assigned);
    EXPECT_EQ(record("dev-1")->assignment->hub, hub_2);
    EXPECT_EQ(hubs.hubs_serving(device), std::vector{hub_2});
    const Chore chore = record("dev-1")->chores.at(0);
    EXPECT_EQ(chore.kind, ChoreKind::erase);
    EXPECT_GT(chore.tries, 1);
    EXPECT_FALSE(chore.problem.empty());
    EXPECT_LT(store.records_written() - written, 8) << "not a write for each try";
    restart();
    ASSERT_TRUE(registration->resume());
    settle();
    EXPECT_TRUE(record("dev-1")->unfinished());
    hubs.up(hub_1);
    settle();
    expect_at(hub_2);
}

TEST_F(Moving, ANewHubThatIsAwayLeavesTheDeviceWhereItWas) {
    settle_down();
    hubs.down(hub_2);
    begin_move();
    settle();
    EXPECT_EQ(record("dev-1")->status, failed);
    EXPECT_EQ(record("dev-1")->assignment->hub, hub_1);
    EXPECT_EQ(hubs.hubs_serving(device), std::vector{hub_1});
    EXPECT_EQ(record("dev-1")->chores.size(), 1U) << "whether a copy is there is not known";
    hubs.up(hub_2);
    settle();
    expect_at(hub_1);
}

TEST_F(Moving, ADecidedMoveIsFinishedHoweverLongItTakes) {
    settle_down();
    begin_move();
    run_to(PlanStage::decided);
    hubs.down(hub_2);
    settle();
    settle();
    EXPECT_EQ(record("dev-1")->status, assigning) << "never given up";
    EXPECT_TRUE(hubs.hubs_serving(device).empty());
    hubs.up(hub_2);
    settle();
    expect_at(hub_2);
}

TEST_F(Moving, ADecidedMoveIsFinishedThoughTheEnrollmentIsDisabled) {
    settle_down();
    begin_move();
    run_to(PlanStage::decided);
    IndividualEnrollment off = individual("dev-1", SymmetricKeyAttestation{test_keys});
    off.terms.status = ProvisioningStatus::disabled;
    put(off, IfMatch::Kind::any);
    settle();
    expect_at(hub_2);
}

TEST_F(Moving, AnEnrollmentDisabledBeforeThatUndoesTheMove) {
    settle_down();
    for (const PlanStage stage : {PlanStage::begun, PlanStage::fenced}) {
        SCOPED_TRACE(to_string(stage));
        begin_move();
        run_to(stage);
        IndividualEnrollment off = individual("dev-1", SymmetricKeyAttestation{test_keys});
        off.terms.status = ProvisioningStatus::disabled;
        put(off, IfMatch::Kind::any);
        settle();
        EXPECT_EQ(record("dev-1")->status, disabled);
        expect_at(hub_1);
    }
}

TEST_F(Moving, AnotherDeviceOfThatNameEndsTheMoveAndStays) {
    settle_down();
    hubs.put(hub_2, {.id = device, .credential = HubNoCredential()}, {});
    begin_move();
    settle();
    EXPECT_EQ(record("dev-1")->status, failed);
    EXPECT_EQ(hubs.twin(hub_1, device), lived);
    EXPECT_TRUE(hubs.device(hub_1, device)->enabled);
    EXPECT_EQ(hubs.device(hub_2, device)->credential, HubCredential(HubNoCredential()));
}

TEST_F(Moving, WhatCouldNotBeCarriedIsOnRecord) {
    settle_down();
    hubs.edit(hub_1, device, [](FakeHubRow& row) {
        row.modules["m"] = {
            .id = "m", .managed_by = {}, .credential = HubNoCredential(), .twin = {}};
    });
    hubs.without_modules(hub_2);
    pin_to(hub_2);
    provision(request);
    const DeviceEvent event = store.events().back();
    EXPECT_EQ(event.kind, DeviceEventKind::assigned);
    ASSERT_TRUE(event.detail.contains("notCarried"));
    const auto changes = store.changes();
    EXPECT_TRUE(std::ranges::any_of(changes, [](const Change& change) {
        return change.action == "registration.move" && change.after->contains("notCarried");
    }));
}

TEST_F(Moving, StepsThatCallOutRunOnTheirOwnThreads) {
    ManualWorkers callers;
    const DeviceRegistration::Ports here = registration_ports();
    const DeviceRegistration::Ports ports{.instance = here.instance,
                                          .enrollments = here.enrollments,
                                          .registrations = here.registrations,
                                          .hubs = here.hubs,
                                          .whereabouts = here.whereabouts,
                                          .functions = here.functions,
                                          .workers = here.workers,
                                          .callers = callers,
                                          .timers = here.timers,
                                          .clock = here.clock,
                                          .random = here.random,
                                          .journal = here.journal};
    DeviceRegistration other(ports);
    hubs.put_far_away(hub_2);
    put(individual("dev-1", SymmetricKeyAttestation{test_keys}));
    pin_to(hub_2);
    ASSERT_TRUE(other.register_device(request));
    workers.run_all();
    EXPECT_EQ(hubs.calls(), 0);
    EXPECT_EQ(callers.waiting(), 1U);
    callers.run_all();
    EXPECT_EQ(hubs.hubs_serving(device), std::vector{hub_2});
    pin_to(hub_1);
    ASSERT_TRUE(other.register_device(request));
    for (int i = 0; i < 10; ++i) {
        workers.run_all();
        callers.run_all();
    }
    EXPECT_EQ(hubs.hubs_with(device), std::vector{hub_1});
}

// ---- operators ----

TEST_F(Moving, MovesAreListedAsDocuments) {
    settle_down();
    begin_move();
    run_to(PlanStage::fenced);
    const auto listed = moves().list("", 10);
    ASSERT_EQ(listed->size(), 1U);
    const JsonObject document = move_document(listed->front());
    EXPECT_EQ(document.at("registrationId"), "dev-1");
    EXPECT_EQ(document.at("plan").at("kind"), "move");
    EXPECT_EQ(document.at("plan").at("stage"), "fenced");
    EXPECT_EQ(document.at("plan").at("from").at("hub"), "hub-1");
    EXPECT_EQ(document.at("plan").at("to").at("hub"), "hub-2");
    EXPECT_EQ(document.at("plan").at("mayBeCancelled"), true);
    EXPECT_TRUE(moves().list("dev-1", 10)->empty());
}

TEST_F(Moving, CancellingUndoesAMoveThatIsNotDecided) {
    for (const PlanStage stage : {PlanStage::begun, PlanStage::fenced}) {
        SCOPED_TRACE(to_string(stage));
        if (!record("dev-1")) {
            settle_down();
        }
        begin_move();
        run_to(stage);
        ASSERT_TRUE(moves().cancel(id, test_operator));
        EXPECT_EQ(store.changes().back().action, "registration.cancel");
        EXPECT_EQ(store.changes().back().by.name, test_operator.name);
        settle();
        EXPECT_EQ(record("dev-1")->status, failed);
        expect_at(hub_1);
    }
}

TEST_F(Moving, CancellingComesTooLateOnceDecided) {
    settle_down();
    EXPECT_EQ(moves().cancel(id, test_operator).error().code, Code::not_found);
    begin_move();
    run_to(PlanStage::decided);
    EXPECT_EQ(moves().cancel(id, test_operator).error().code, Code::precondition);
    settle();
    expect_at(hub_2);
}

TEST_F(Moving, ChoresAreForgottenUnlessTheDeviceWouldStayFenced) {
    settle_down();
    begin_move();
    run_to(PlanStage::fenced);
    ASSERT_TRUE(moves().cancel(id, test_operator));
    using enum Moves::Forget;
    EXPECT_EQ(moves().forget_chores(id, unless_fenced, test_operator).error().code,
              Code::precondition);
    ASSERT_TRUE(moves().forget_chores(id, even_fenced, test_operator));
    EXPECT_TRUE(record("dev-1")->chores.empty());
    EXPECT_EQ(store.changes().back().action, "registration.forgetChores");
    EXPECT_EQ(moves().forget_chores(id, even_fenced, test_operator).error().code, Code::not_found);
    EXPECT_EQ(moves().retry(id).error().code, Code::not_found);
    settle();
    EXPECT_TRUE(hubs.hubs_serving(device).empty()) << "as the operator was told";
    pin_to(hub_1);
    EXPECT_EQ(provision(request).status, assigned) << "and the device comes back by itself";
    EXPECT_EQ(hubs.hubs_serving(device), std::vector{hub_1});
}

TEST_F(Moving, ARetryDoesNotWaitForTheBackOff) {
    settle_down();
    begin_move();
    run_to(PlanStage::decided);
    hubs.down(hub_2);
    settle();
    hubs.up(hub_2);
    const auto before = timers.now();
    ASSERT_TRUE(moves().retry(id));
    workers.run_all();
    EXPECT_EQ(timers.now(), before);
    expect_at(hub_2);
    settle(); // the wait that was cut short comes to nothing
    expect_at(hub_2);
}

TEST_F(Moving, ADeviceThatComesBackDoesNotWaitForTheBackOff) {
    settle_down();
    begin_move();
    run_to(PlanStage::decided);
    hubs.down(hub_2);
    settle();
    hubs.up(hub_2);
    ASSERT_TRUE(registration->register_device(request));
    workers.run_all();
    expect_at(hub_2);
}

TEST_F(Moving, ChoresOfALostHubAreDropped) {
    settle_down();
    begin_move();
    run_to(PlanStage::decided);
    hubs.down(hub_1);
    settle();
    ASSERT_FALSE(record("dev-1")->chores.empty());
    change([](Instance& one) {
        std::erase_if(one.hubs, [](const LinkedHub& hub) { return hub.name == hub_1; });
        one.former_hubs.push_back({.name = hub_1, .connection_string = {}, .lost = true});
    });
    settle();
    EXPECT_TRUE(record("dev-1")->chores.empty());
}

TEST_F(Moving, AChoreThatTheRecordReliesOnIsNotForgotten) {
    settle_down();
    const auto place = record("dev-1")->assignment->place();
    for (const ChoreKind kind : {ChoreKind::release, ChoreKind::block, ChoreKind::unblock}) {
        RegistrationRecord left = *record("dev-1");
        const Expected before{left.stamp.version};
        left.stamp.version += 1;
        left.chores = {{.kind = kind,
                        .place = place,
                        .token = MoveToken("1111111111111111"),
                        .tries = 0,
                        .problem = {},
                        .since = clock.wall()}};
        ASSERT_TRUE(static_cast<RegistrationStore&>(store).save(test_scope, left, before));
        const auto refused = moves().forget_chores(id, Moves::Forget::unless_fenced, test_operator);
        EXPECT_EQ(refused.error().code, Code::precondition) << to_string(kind);
        EXPECT_TRUE(moves().forget_chores(id, Moves::Forget::even_fenced, test_operator));
    }
}

TEST_F(Moving, TheListenerHearsOfEveryEnd) {
    std::vector<RegistrationStatus> heard;
    registration->runner().when_ended(
        [&](const RegistrationRecord& planned, const RegistrationRecord& ended) {
            EXPECT_TRUE(planned.plan);
            heard.push_back(ended.status);
        });
    settle_down();
    begin_move();
    ASSERT_TRUE(moves().cancel(id, test_operator));
    settle();
    EXPECT_EQ(heard, (std::vector{assigned, failed}));
}

} // namespace
} // namespace muster::provisioning
