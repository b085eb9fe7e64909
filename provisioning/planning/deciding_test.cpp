#include "provisioning/planning/planning_world.h"

namespace muster::provisioning {
namespace {

using Deciding = PlanningWorld;

// ---- the table: policy x api-version x what the allocation says ----

struct Row {
    const char* name;
    std::optional<ReprovisionPolicy> policy;
    const char* api_version;
    PlanKind same_hub;                     // the allocation chooses the hub it has
    PlanKind other_hub;                    // or another one
    TwinSource twin = TwinSource::carried; // of a move
};

constexpr ReprovisionPolicy odd{.update_hub_assignment = false, .migrate_device_data = true};

/// dps-service 9.4
const Row rows[] = {
    {"migrate", migrating, "2021-06-01", PlanKind::keep, PlanKind::move},
    {"migrate, old device", migrating, "2017-08-31-preview", PlanKind::keep, PlanKind::move},
    {"reset", resetting, "2021-06-01", PlanKind::reset, PlanKind::move, TwinSource::initial},
    {"reset, old device", resetting, "2018-04-01", PlanKind::reset, PlanKind::move,
     TwinSource::initial},
    {"never", never_moving, "2021-06-01", PlanKind::keep, PlanKind::keep},
    {"never, migrating", odd, "2021-06-01", PlanKind::keep, PlanKind::keep},
    {"none", {}, "2021-06-01", PlanKind::keep, PlanKind::move},
    {"none, newer than the sticky ones", {}, "2018-09-01-preview", PlanKind::keep, PlanKind::move},
    {"sticky", {}, "2018-04-01", PlanKind::keep, PlanKind::keep},
    {"sticky, older still", {}, "2017-08-31-preview", PlanKind::keep, PlanKind::keep},
    {"none, and nobody says which version", {}, "", PlanKind::keep, PlanKind::move},
};

TEST_F(Deciding, FollowsTheReprovisioningPolicy) {
    settle_at("hub-1");
    for (const Row& row : rows) {
        SCOPED_TRACE(row.name);
        reprovision(row.policy);
        inputs.api_version = row.api_version;
        want("hub-1");
        EXPECT_EQ(expect<Begin>().plan.kind, row.same_hub);
        EXPECT_EQ(expect<Begin>().plan.place(), at("hub-1"));
        want("hub-2");
        const Plan plan = expect<Begin>().plan;
        EXPECT_EQ(plan.kind, row.other_hub);
        EXPECT_EQ(plan.hub.text(), row.other_hub == PlanKind::move ? "hub-2" : "hub-1");
        if (row.other_hub == PlanKind::move) {
            EXPECT_EQ(plan.twin, row.twin);
            EXPECT_EQ(plan.from, at("hub-1"));
            EXPECT_FALSE(plan.token.empty());
        }
    }
}

TEST_F(Deciding, ANewDeviceIsAssignedUnderEveryPolicy) {
    for (const Row& row : rows) {
        SCOPED_TRACE(row.name);
        reprovision(row.policy);
        inputs.api_version = row.api_version;
        want("hub-2");
        const Plan plan = expect<Begin>().plan;
        EXPECT_EQ(plan.kind, PlanKind::assign);
        EXPECT_EQ(plan.place(), at("hub-2"));
        EXPECT_EQ(plan.from, std::nullopt);
    }
}

TEST_F(Deciding, ADeviceThatHasFailedKeepsItsPlaceInMind) {
    // Every row once more, for a device that was declined since it was assigned.
    settle_at("hub-1");
    record = record_refusal(facts(), off, attempt());
    for (const Row& row : rows) {
        SCOPED_TRACE(row.name);
        reprovision(row.policy);
        inputs.api_version = row.api_version;
        want("hub-2");
        EXPECT_EQ(expect<Begin>().plan.kind, row.other_hub);
    }
}

TEST_F(Deciding, EachDecisionHasTheTokenItWasGiven) {
    settle_at("hub-1");
    want("hub-2");
    EXPECT_NE(expect<Begin>().plan.token, expect<Begin>().plan.token);
    want("hub-1");
    EXPECT_TRUE(expect<Begin>().plan.token.empty()) << "nothing to mark";
}

// ---- what a hub must know ----

TEST_F(Deciding, ANewDeviceIsAssignedWithWhatItsHubMustKnow) {
    change([](EnrollmentTerms& next) {
        next.iot_edge = true;
        next.initial_twin =
            parse_json_object(
                R"({"tags":{"site":"north"},"properties":{"desired":{"rate":5}},"other":1})")
                .value();
    });
    const Plan plan = expect<Begin>().plan;
    EXPECT_EQ(plan.kind, PlanKind::assign);
    EXPECT_NE(instance.find_hub(plan.hub), nullptr);
    EXPECT_EQ(plan.provision.device_id, DeviceId("dev-1"));
    EXPECT_EQ(plan.provision.credential, applicant.credential);
    EXPECT_TRUE(plan.provision.iot_edge);
    EXPECT_EQ(plan.provision.initial_twin.tags, (JsonObject{{"site", "north"}}));
    EXPECT_EQ(plan.provision.initial_twin.desired, (JsonObject{{"rate", 5}}));
}

TEST_F(Deciding, ARolledCredentialReachesTheHubUnderEveryPolicy) {
    // iothub C.2: certificate roll-over updates the same hub even when the twin is untouched
    settle_at("hub-1");
    want("hub-1");
    applicant.credential = HubThumbprints{"NEW", "NEXT"};
    for (const auto& policy : {std::optional(migrating), std::optional(never_moving)}) {
        reprovision(policy);
        EXPECT_EQ(expect<Begin>().plan.kind, PlanKind::keep);
        EXPECT_EQ(expect<Begin>().plan.provision.credential, applicant.credential);
    }
    reprovision(resetting);
    EXPECT_EQ(expect<Begin>().plan.provision.credential, applicant.credential);
    want("hub-2");
    EXPECT_EQ(expect<Begin>().plan.provision.credential, applicant.credential);
}

TEST_F(Deciding, TheFirstSpellingNamesTheDeviceAtTheHub) {
    // iothub C.2: device ids are case-sensitive there
    applicant.id = RegistrationId("Dev-1");
    begin();
    give_up(HubKnows::nothing);
    applicant.id = RegistrationId("DEV-1");
    EXPECT_EQ(expect<Begin>().plan.provision.device_id, DeviceId("Dev-1"));
    begin();
    EXPECT_EQ(record->id.text(), "Dev-1");
    confirm();
    applicant.device_id = DeviceId("dev-1"); // as an individual enrollment spells it
    EXPECT_EQ(expect<Begin>().plan.kind, PlanKind::keep);
    EXPECT_EQ(expect<Begin>().plan.provision.device_id, DeviceId("Dev-1"));
}

TEST_F(Deciding, AnotherDeviceIdIsAMovePerhapsAtTheSameHub) {
    applicant.device_id = DeviceId("pump-7");
    settle_at("hub-1");
    EXPECT_EQ(record->assignment->device_id, DeviceId("pump-7"));
    applicant.device_id = DeviceId("pump-8");
    want("hub-1");
    Plan plan = expect<Begin>().plan;
    EXPECT_EQ(plan.kind, PlanKind::move);
    EXPECT_EQ(plan.from, at("hub-1", "pump-7"));
    EXPECT_EQ(plan.place(), at("hub-1", "pump-8"));
    EXPECT_EQ(plan.twin, TwinSource::carried);
    reprovision(resetting);
    EXPECT_EQ(expect<Begin>().plan.twin, TwinSource::initial);
    reprovision(never_moving);
    plan = expect<Begin>().plan;
    EXPECT_EQ(plan.kind, PlanKind::keep);
    EXPECT_EQ(plan.place(), at("hub-1", "pump-7"));
}

TEST_F(Deciding, FromAGroupToAnIndividualEnrollmentAndBack) {
    settle_at("hub-1");
    want("hub-1");
    applicant.decided_by = DecidedByIndividual{applicant.id};
    applicant.device_id = DeviceId("pump-7");
    applicant.credential = HubThumbprints{"A", "B"};
    Plan plan = expect<Begin>().plan;
    EXPECT_EQ(plan.kind, PlanKind::move);
    EXPECT_EQ(plan.place(), at("hub-1", "pump-7"));
    begin();
    EXPECT_EQ(record->decided_by, applicant.decided_by);
    confirm();
    applicant.decided_by = DecidedByGroup{EnrollmentGroupId("g")};
    applicant.device_id.reset();
    applicant.credential = HubKeys{test_keys};
    plan = expect<Begin>().plan;
    EXPECT_EQ(plan.kind, PlanKind::move);
    EXPECT_EQ(plan.place(), at("hub-1"));
    EXPECT_EQ(plan.provision.credential, applicant.credential);
}

// ---- hubs that go ----

TEST_F(Deciding, AFormerHubIsMovedAwayFrom) {
    settle_at("hub-1");
    unlink("hub-1");
    const Plan plan = expect<Begin>().plan;
    EXPECT_EQ(plan.kind, PlanKind::move);
    EXPECT_EQ(plan.from, at("hub-1"));
    EXPECT_NE(plan.hub, HubName("hub-1"));
    EXPECT_EQ(plan.twin, TwinSource::carried);
    reprovision(never_moving);
    EXPECT_EQ(expect<Begin>().plan.kind, PlanKind::keep) << "never means never";
    EXPECT_EQ(expect<Begin>().plan.hub, HubName("hub-1"));
}

TEST_F(Deciding, ALostHubIsAsIfTheDeviceHadBeenNowhere) {
    settle_at("hub-1");
    unlink("hub-1", true);
    for (const auto& policy : {migrating, resetting, never_moving}) {
        reprovision(policy);
        const Plan plan = expect<Begin>().plan;
        EXPECT_EQ(plan.kind, PlanKind::assign);
        EXPECT_NE(plan.hub, HubName("hub-1"));
        EXPECT_EQ(plan.from, std::nullopt);
    }
    begin();
    confirm();
    EXPECT_EQ(record->assignment->substatus, Substatus::initial_assignment);
}

TEST_F(Deciding, AForgottenHubIsAsGoodAsLost) {
    settle_at("hub-1");
    unlink("hub-1");
    instance.former_hubs.clear();
    EXPECT_EQ(expect<Begin>().plan.kind, PlanKind::assign);
}

TEST_F(Deciding, ALostHubThatIsBackIsFoundAgain) {
    settle_at("hub-1");
    unlink("hub-1", true);
    instance.former_hubs.front().lost = false;
    EXPECT_EQ(expect<Begin>().plan.from, at("hub-1"));
}

TEST_F(Deciding, AnAttemptThatMayHaveReachedItsHubIsMovedAwayFrom) {
    // design.md section 8, rule 2: never enabled on two hubs
    want("hub-1");
    begin();
    give_up(HubKnows::perhaps);
    EXPECT_EQ(record->unconfirmed, at("hub-1"));
    EXPECT_EQ(expect<Begin>().plan.kind, PlanKind::assign) << "the same hub again";
    want("hub-2");
    const Plan plan = expect<Begin>().plan;
    EXPECT_EQ(plan.kind, PlanKind::move);
    EXPECT_EQ(plan.from, at("hub-1"));
    begin();
    confirm();
    EXPECT_EQ(record->unconfirmed, std::nullopt);
    EXPECT_EQ(record->assignment->substatus, Substatus::initial_assignment)
        << "the device never heard of the other one";
}

TEST_F(Deciding, AHubThatRefusedOutrightIsForgotten) {
    want("hub-1");
    begin();
    give_up(HubKnows::nothing);
    EXPECT_EQ(record->unconfirmed, std::nullopt);
    want("hub-2");
    EXPECT_EQ(expect<Begin>().plan.kind, PlanKind::assign);
}

TEST_F(Deciding, ALaterCertaintyDoesNotUndoAnEarlierDoubt) {
    want("hub-1");
    begin();
    give_up(HubKnows::perhaps);
    begin();
    give_up(HubKnows::nothing);
    EXPECT_EQ(record->unconfirmed, at("hub-1"));
}

TEST_F(Deciding, NeverHoldsOnlyWhatWasAssigned) {
    reprovision(never_moving);
    want("hub-1");
    begin();
    give_up(HubKnows::perhaps);
    want("hub-2");
    EXPECT_EQ(expect<Begin>().plan.kind, PlanKind::move);
}

// ---- plans under way ----

TEST_F(Deciding, RepeatingWhileUnderWayContinues) {
    settle_at("hub-1");
    want("hub-2");
    begin();
    for (const PlanStage stage : {PlanStage::begun, PlanStage::fenced, PlanStage::decided}) {
        reach(stage);
        expect<Continue>();
    }
}

TEST_F(Deciding, WhatIsUnderWayIsFinishedFirst) {
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

TEST_F(Deciding, ANewerCredentialGoesIntoWhatIsUnderWay) {
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

TEST_F(Deciding, AnotherInitialTwinGoesIntoAPlanThatIsNotDecided) {
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

TEST_F(Deciding, AnotherEnrollmentInMidPlanTakesTheDecisionOver) {
    begin();
    expect<Continue>();
    const OperationId operation = record->operation;
    applicant.decided_by = DecidedByGroup{EnrollmentGroupId("other")};
    record = record_plan(facts(), expect<Amend>().plan, {.operation = operation, .mark = {}});
    EXPECT_EQ(record->decided_by, applicant.decided_by);
    EXPECT_EQ(record->operation, operation);
    expect<Continue>();
}

TEST_F(Deciding, AFirstAssignmentWhoseHubGoesIsMovedOn) {
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

TEST_F(Deciding, AMoveWhoseAimGoesBeginsAgainFromWhereTheDeviceIs) {
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

TEST_F(Deciding, ADecidedMoveEndsAtItsHubEvenIfThatIsUnlinkedMeanwhile) {
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

TEST_F(Deciding, ADecidedMoveToALostHubGoesBackToTheOldCopy) {
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

TEST_F(Deciding, AMoveAwayFromALostHubBecomesAnAssignment) {
    settle_at("hub-1");
    want("hub-2");
    begin();
    reach(PlanStage::fenced);
    unlink("hub-1", true);
    const Plan plan = expect<Begin>().plan;
    EXPECT_EQ(plan.kind, PlanKind::assign);
    EXPECT_EQ(plan.hub, HubName("hub-2"));
}

TEST_F(Deciding, NoMoveBeginsWithoutRoomForWhatItMayLeave) {
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

// ---- quarantine ----

TEST_F(Deciding, AQuarantineWinsOverEveryPolicy) {
    settle_at("hub-1");
    want("hub-1");
    record->held_at = HubName("hub-3");
    for (const auto& policy : {migrating, resetting, never_moving}) {
        reprovision(policy);
        const Plan plan = expect<Begin>().plan;
        EXPECT_EQ(plan.kind, PlanKind::move);
        EXPECT_EQ(plan.hub, HubName("hub-3"));
        EXPECT_EQ(plan.twin, TwinSource::carried);
    }
    begin();
    confirm();
    EXPECT_EQ(expect<Begin>().plan.kind, PlanKind::keep);
    record->held_at.reset();
    reprovision(migrating);
    EXPECT_EQ(expect<Begin>().plan.hub, HubName("hub-1")) << "released";
}

TEST_F(Deciding, AQuarantinedGroupHoldsItsMembersOnly) {
    instance.quarantines = {{.group = EnrollmentGroupId("G"),
                             .hub = HubName("hub-3"),
                             .reason = {},
                             .since = test_time}};
    want("hub-1");
    EXPECT_EQ(expect<Begin>().plan.kind, PlanKind::assign);
    EXPECT_EQ(expect<Begin>().plan.hub, HubName("hub-3"));
    applicant.decided_by = DecidedByIndividual{applicant.id};
    EXPECT_EQ(expect<Begin>().plan.hub, HubName("hub-1"));
}

TEST_F(Deciding, AQuarantineDoesNotAskTheFunction) {
    ask_a_function();
    settle_at("hub-1");
    record->held_at = HubName("hub-2");
    EXPECT_EQ(expect<Begin>().plan.kind, PlanKind::move);
}

TEST_F(Deciding, NobodyEscapesAQuarantineWhoseHubIsGone) {
    settle_at("hub-1");
    record->held_at = HubName("hub-3");
    unlink("hub-3");
    const Decline decline = expect<Decline>();
    EXPECT_EQ(decline.failure.error_code, failure_code::no_hub);
    EXPECT_EQ(decline.findings.at(0).detail,
              "the device is quarantined at hub-3, which is not linked");
}

// ---- the allocation function ----

TEST_F(Deciding, TheFunctionIsAskedUnderEveryPolicy) {
    // dps-service 9.3: on every registration
    ask_a_function();
    inputs.payload = Json{{"model", "pump"}};
    inputs.peer_address = "192.0.2.7";
    for (const Row& row : rows) {
        SCOPED_TRACE(row.name);
        reprovision(row.policy);
        inputs.api_version = row.api_version;
        const Plan plan = expect<Begin>().plan;
        EXPECT_EQ(plan.kind, PlanKind::ask);
        EXPECT_TRUE(plan.hub.empty());
        ASSERT_TRUE(plan.question);
        EXPECT_EQ(plan.question->payload, inputs.payload);
        EXPECT_EQ(plan.question->api_version, row.api_version);
        EXPECT_EQ(plan.question->peer_address, "192.0.2.7");
        EXPECT_TRUE(plan.question->attestation.contains("symmetricKey"));
    }
    reprovision({});
    settle_at("hub-1");
    for (const Row& row : rows) {
        SCOPED_TRACE(row.name);
        reprovision(row.policy);
        inputs.api_version = row.api_version;
        EXPECT_EQ(expect<Begin>().plan.kind, PlanKind::ask);
    }
}

TEST_F(Deciding, TheAnswerReplacesTheQuestionUnderTheSameOperation) {
    ask_a_function();
    begin();
    const OperationId operation = record->operation;
    expect<Continue>();
    inputs.answer = FunctionAnswer{.hub = HubName("hub-2"),
                                   .twin = InitialTwin{.tags = {{"a", 1}}, .desired = {}},
                                   .payload = JsonObject{{"p", 1}}};
    const Plan plan = expect<Amend>().plan;
    EXPECT_EQ(plan.kind, PlanKind::assign);
    EXPECT_EQ(plan.hub, HubName("hub-2"));
    EXPECT_EQ(plan.question, std::nullopt);
    EXPECT_EQ(plan.provision.initial_twin.tags, (JsonObject{{"a", 1}}));
    EXPECT_EQ(plan.payload, (JsonObject{{"p", 1}}));
    record = record_plan(facts(), plan, {operation, attempt().mark});
    EXPECT_EQ(record->operation, operation);
    EXPECT_EQ(record->unconfirmed, std::nullopt);
    confirm();
    EXPECT_EQ(record->payload, (JsonObject{{"p", 1}}));
}

TEST_F(Deciding, TheLatestRequestIsTheOneThatIsAsked) {
    ask_a_function();
    begin();
    inputs.payload = Json("other");
    EXPECT_EQ(expect<Amend>().plan.question->payload, Json("other"));
}

TEST_F(Deciding, TheTwinOfTheAnswerWinsOverMigration) {
    ask_a_function();
    settle_at("hub-1");
    begin();
    inputs.answer = FunctionAnswer{.hub = HubName("hub-2"),
                                   .twin = InitialTwin{.tags = {{"a", 1}}, .desired = {}},
                                   .payload = {}};
    Plan plan = expect<Amend>().plan;
    EXPECT_EQ(plan.kind, PlanKind::move);
    EXPECT_EQ(plan.twin, TwinSource::initial);
    EXPECT_EQ(plan.provision.initial_twin.tags, (JsonObject{{"a", 1}}));
    inputs.answer->twin.reset();
    EXPECT_EQ(expect<Amend>().plan.twin, TwinSource::carried);
    inputs.answer->hub = HubName("hub-1");
    EXPECT_EQ(expect<Amend>().plan.kind, PlanKind::keep);
}

TEST_F(Deciding, NeverIgnoresTheHubOfTheAnswerButNotItsPayload) {
    // iothub C.1
    ask_a_function();
    settle_at("hub-1");
    for (const bool sticky : {false, true}) {
        reprovision(sticky ? std::nullopt : std::optional(never_moving));
        inputs.api_version = sticky ? "2018-04-01" : "2021-06-01";
        for (const char* hub : {"hub-2", "not-linked"}) {
            inputs.answer.reset();
            begin();
            inputs.answer =
                FunctionAnswer{.hub = HubName(hub), .twin = {}, .payload = JsonObject{{"p", 2}}};
            const Plan plan = expect<Amend>().plan;
            EXPECT_EQ(plan.kind, PlanKind::keep);
            EXPECT_EQ(plan.hub, HubName("hub-1"));
            EXPECT_EQ(plan.payload, (JsonObject{{"p", 2}}));
            record = record_plan(facts(), plan, {record->operation, attempt().mark});
            confirm();
            EXPECT_EQ(record->payload, (JsonObject{{"p", 2}}));
        }
    }
}

TEST_F(Deciding, AnAnswerThatNamesAHubOfNobodysIsDeclined) {
    // dps-device 7.3
    ask_a_function();
    begin();
    inputs.answer = FunctionAnswer{.hub = HubName("hub-9"), .twin = {}, .payload = {}};
    const Decline decline = expect<Decline>();
    EXPECT_EQ(decline.failure.error_code, 400207);
    EXPECT_EQ(decline.findings.at(0).code, FindingCode::custom_allocation_failed);
    EXPECT_EQ(decline.failure.message.find("hub-9"), std::string::npos);
}

TEST_F(Deciding, CustomWithoutAFunctionIsDeclined) {
    change([](EnrollmentTerms& next) { next.allocation_policy = AllocationPolicy::custom; });
    EXPECT_EQ(expect<Decline>().status, RegistrationStatus::failed);
}

TEST_F(Deciding, AQuestionIsDroppedWhenNobodyIsToBeAskedAnyMore) {
    ask_a_function();
    begin();
    want("hub-2");
    EXPECT_EQ(expect<Amend>().plan.kind, PlanKind::assign);
}

// ---- declines ----

TEST_F(Deciding, DisabledIsDeclinedBeforeAnythingElse) {
    change([](EnrollmentTerms& next) {
        next.status = ProvisioningStatus::disabled;
        next.allocation_policy = AllocationPolicy::custom;
    });
    const Decline decline = expect<Decline>();
    EXPECT_EQ(decline.status, RegistrationStatus::disabled);
    EXPECT_EQ(decline.failure.error_code, failure_code::enrollment_disabled);
}

TEST_F(Deciding, NoHubIsDeclinedWithEveryCandidateNamed) {
    change([](EnrollmentTerms& next) {
        next.allocation_policy = AllocationPolicy::hashed;
        next.hubs = {HubName("gone")};
    });
    const Decline decline = expect<Decline>();
    EXPECT_EQ(decline.failure.error_code, 400208);
    ASSERT_EQ(decline.findings.size(), 1U);
    EXPECT_EQ(decline.findings[0].code, FindingCode::no_hub);
    EXPECT_EQ(decline.findings[0].detail, "gone: not linked");
    instance.hubs.clear();
    change([](EnrollmentTerms& next) { next.hubs.clear(); });
    EXPECT_EQ(expect<Decline>().failure.error_code, 400208);
    EXPECT_FALSE(expect<Decline>().findings.empty());
}

TEST_F(Deciding, SaysHowTheDecisionCameAbout) {
    Allocation reasoning;
    (void)plan_registration(facts(), &reasoning);
    EXPECT_TRUE(reasoning.hub);
    EXPECT_FALSE(reasoning.reasons.empty());
    settle_at("hub-1");
    reprovision(never_moving);
    (void)plan_registration(facts(), &reasoning);
    EXPECT_EQ(reasoning.reasons.at(0), "hub-1: the device is never moved from its hub");
    begin();
    (void)plan_registration(facts(), &reasoning);
    EXPECT_EQ(reasoning.reasons.at(0), "hub-1: what is under way is finished first");
    record->plan.reset();
    record->held_at = HubName("hub-2");
    (void)plan_registration(facts(), &reasoning);
    EXPECT_EQ(reasoning.reasons.at(0), "hub-2: the device is quarantined there");
}

} // namespace
} // namespace muster::provisioning
