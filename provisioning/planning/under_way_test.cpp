// What becomes of a plan that is under way when the device comes again.

#include "provisioning/planning/planning_world.h"

namespace muster::provisioning {
namespace {

using UnderWay = PlanningWorld;

TEST_F(UnderWay, RepeatingWhileUnderWayContinues) {
    settle_at("hub-1");
    want("hub-2");
    begin();
    for (const PlanStage stage : {PlanStage::begun, PlanStage::fenced, PlanStage::decided}) {
        reach(stage);
        expect<Continue>();
    }
}

TEST_F(UnderWay, WhatIsUnderWayIsFinishedFirst) {
    for (const auto& policy : {migrating, resetting}) {
        for (const PlanStage stage : {PlanStage::begun, PlanStage::fenced, PlanStage::decided}) {
            record.reset();
            settle_at("hub-1");
            reprovision(policy);
            want("hub-2");
            begin();
            reach(stage);
            want("hub-3");
            expect<Continue>();
            reprovision(never_moving);
            expect<Continue>();
            confirm();
            reprovision(policy);
            EXPECT_EQ(expect<Begin>().plan.hub, HubName("hub-3")) << "then the next begins";
            EXPECT_EQ(expect<Begin>().plan.from, at("hub-2"));
        }
    }
}

TEST_F(UnderWay, ANewerCredentialGoesIntoWhatIsUnderWay) {
    for (const PlanStage stage : {PlanStage::begun, PlanStage::fenced, PlanStage::decided}) {
        record.reset();
        applicant.credential = HubKeys{test_keys};
        settle_at("hub-1");
        want("hub-2");
        begin();
        reach(stage);
        applicant.credential = HubThumbprints{"A", "A"};
        const Plan amended = expect<Amend>().plan;
        EXPECT_EQ(amended.provision.credential, applicant.credential);
        Plan otherwise = amended;
        otherwise.provision.credential = record->plan->provision.credential;
        EXPECT_EQ(otherwise, *record->plan) << "nothing else has changed";
        const OperationId operation = record->operation;
        const auto earlier = record->earlier_operations;
        record = record_plan(facts(), amended, {operation, attempt().mark});
        EXPECT_EQ(record->operation, operation);
        EXPECT_EQ(record->earlier_operations, earlier);
        expect<Continue>();
    }
}

TEST_F(UnderWay, AnotherInitialTwinGoesIntoAPlanThatIsNotDecided) {
    settle_at("hub-1");
    reprovision(resetting);
    want("hub-2");
    begin();
    change([](EnrollmentTerms& next) {
        next.initial_twin = JsonObject{{"tags", JsonObject{{"a", 2}}}};
    });
    EXPECT_EQ(expect<Amend>().plan.provision.initial_twin.tags, (JsonObject{{"a", 2}}));
    reach(PlanStage::decided);
    expect<Continue>();
}

TEST_F(UnderWay, AnotherEnrollmentInMidPlanTakesTheDecisionOver) {
    begin();
    expect<Continue>();
    const OperationId operation = record->operation;
    applicant.decided_by = DecidedByGroup{EnrollmentGroupId("other")};
    record = record_plan(facts(), expect<Amend>().plan, {.operation = operation, .mark = {}});
    EXPECT_EQ(record->decided_by, applicant.decided_by);
    EXPECT_EQ(record->operation, operation);
    expect<Continue>();
}

TEST_F(UnderWay, AFirstAssignmentWhoseHubGoesIsMovedOn) {
    want("hub-1");
    begin();
    unlink("hub-1");
    want("hub-2");
    const Plan plan = expect<Begin>().plan;
    EXPECT_EQ(plan.kind, PlanKind::move) << "the hub may have heard of it";
    EXPECT_EQ(plan.from, at("hub-1"));
    begin();
    EXPECT_EQ(record->unconfirmed, at("hub-1"));
}

TEST_F(UnderWay, AMoveWhoseAimGoesBeginsAgainFromWhereTheDeviceIs) {
    settle_at("hub-1");
    want("hub-2");
    begin();
    reach(PlanStage::fenced);
    const MoveToken given_up = record->plan->token;
    unlink("hub-2");
    want("hub-3");
    const Plan plan = expect<Begin>().plan;
    EXPECT_EQ(plan.from, at("hub-1"));
    EXPECT_EQ(plan.hub, HubName("hub-3"));
    EXPECT_NE(plan.token, given_up);
    begin();
    ASSERT_EQ(chores().size(), 2U);
    EXPECT_EQ(chores()[0].kind, ChoreKind::release);
    EXPECT_EQ(chores()[0].place, at("hub-1"));
    EXPECT_EQ(chores()[0].token, given_up);
    EXPECT_EQ(chores()[1].kind, ChoreKind::erase);
    EXPECT_EQ(chores()[1].place, at("hub-2"));
}

TEST_F(UnderWay, ADecidedMoveEndsAtItsHubEvenIfThatIsUnlinkedMeanwhile) {
    settle_at("hub-1");
    want("hub-2");
    begin();
    reach(PlanStage::decided);
    unlink("hub-2");
    want("hub-3");
    expect<Continue>();
    confirm();
    EXPECT_EQ(expect<Begin>().plan.from, at("hub-2"));
}

TEST_F(UnderWay, ADecidedMoveToALostHubGoesBackToTheOldCopy) {
    settle_at("hub-1");
    want("hub-2");
    begin();
    reach(PlanStage::decided);
    const MoveToken token = record->plan->token;
    unlink("hub-2", true);
    want("hub-3");
    EXPECT_EQ(expect<Begin>().plan.from, at("hub-1")) << "it is still fenced there";
    begin();
    ASSERT_EQ(chores().size(), 1U) << "nothing is left to do at a lost hub";
    EXPECT_EQ(chores()[0].kind, ChoreKind::release);
    EXPECT_EQ(chores()[0].token, token);
}

TEST_F(UnderWay, AMoveAwayFromALostHubBecomesAnAssignment) {
    settle_at("hub-1");
    want("hub-2");
    begin();
    reach(PlanStage::fenced);
    unlink("hub-1", true);
    const Plan plan = expect<Begin>().plan;
    EXPECT_EQ(plan.kind, PlanKind::assign);
    EXPECT_EQ(plan.hub, HubName("hub-2"));
}

TEST_F(UnderWay, NoMoveBeginsWithoutRoomForWhatItMayLeave) {
    settle_at("hub-1");
    want("hub-2");
    while (has_room_for_move(*record)) {
        begin();
        reach(PlanStage::fenced);
        give_up();
        ASSERT_LE(chores().size(), chores_max);
    }
    const Decline decline = expect<Decline>();
    EXPECT_EQ(decline.failure.error_code, failure_code::internal);
    EXPECT_EQ(decline.findings.at(0).code, FindingCode::hub_unreachable);
    want("hub-1");
    EXPECT_EQ(expect<Begin>().plan.kind, PlanKind::keep) << "which leaves nothing";
    record->chores.pop_back();
    record->chores.pop_back();
    want("hub-2");
    EXPECT_EQ(expect<Begin>().plan.kind, PlanKind::move);
}

} // namespace
} // namespace muster::provisioning
