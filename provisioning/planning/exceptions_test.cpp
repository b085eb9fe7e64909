// Quarantines, and functions that decide instead of a policy.

#include "provisioning/planning/planning_world.h"

namespace muster::provisioning {
namespace {

using Exceptions = PlanningWorld;

// ---- quarantine ----

TEST_F(Exceptions, AQuarantineWinsOverEveryPolicy) {
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

TEST_F(Exceptions, AQuarantinedGroupHoldsItsMembersOnly) {
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

TEST_F(Exceptions, AQuarantineDoesNotAskTheFunction) {
    ask_a_function();
    settle_at("hub-1");
    record->held_at = HubName("hub-2");
    EXPECT_EQ(expect<Begin>().plan.kind, PlanKind::move);
}

TEST_F(Exceptions, NobodyEscapesAQuarantineWhoseHubIsGone) {
    settle_at("hub-1");
    record->held_at = HubName("hub-3");
    unlink("hub-3");
    const Decline decline = expect<Decline>();
    EXPECT_EQ(decline.failure.error_code, failure_code::no_hub);
    EXPECT_EQ(decline.findings.at(0).detail,
              "the device is quarantined at hub-3, which is not linked");
}

// ---- the allocation function ----

TEST_F(Exceptions, TheFunctionIsAskedUnderEveryPolicy) {
    // dps-service 9.3: on every registration
    ask_a_function();
    inputs.payload = Json{{"model", "pump"}};
    inputs.peer_address = "192.0.2.7";
    const std::optional<ReprovisionPolicy> policies[] = {migrating, resetting, never_moving,
                                                         std::nullopt};
    for (const bool was_assigned : {false, true}) {
        for (const auto& policy : policies) {
            reprovision(policy);
            for (const char* version : {"2018-04-01", "2021-06-01"}) {
                inputs.api_version = version;
                const Plan plan = expect<Begin>().plan;
                EXPECT_EQ(plan.kind, PlanKind::ask);
                EXPECT_TRUE(plan.hub.empty());
                ASSERT_TRUE(plan.question);
                EXPECT_EQ(plan.question->payload, inputs.payload);
                EXPECT_EQ(plan.question->api_version, version);
                EXPECT_EQ(plan.question->peer_address, "192.0.2.7");
                EXPECT_TRUE(plan.question->attestation.contains("symmetricKey"));
            }
        }
        if (!was_assigned) {
            settle_at("hub-1");
        }
    }
}

TEST_F(Exceptions, TheAnswerReplacesTheQuestionUnderTheSameOperation) {
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

TEST_F(Exceptions, TheLatestRequestIsTheOneThatIsAsked) {
    ask_a_function();
    begin();
    inputs.payload = Json("other");
    EXPECT_EQ(expect<Amend>().plan.question->payload, Json("other"));
}

TEST_F(Exceptions, TheTwinOfTheAnswerWinsOverMigration) {
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

TEST_F(Exceptions, AnAnswerWithoutAPayloadBringsBackNoEarlierOne) {
    ask_a_function();
    settle_at("hub-1");
    record->payload = JsonObject{{"p", 1}};
    begin();
    inputs.answer = FunctionAnswer{.hub = HubName("hub-2"), .twin = {}, .payload = {}};
    record = record_plan(facts(), expect<Amend>().plan, {record->operation, attempt().mark});
    inputs.answer.reset();
    expect<Continue>();
    confirm();
    EXPECT_EQ(record->payload, std::nullopt);
}

TEST_F(Exceptions, NeverIgnoresTheHubOfTheAnswerButNotItsPayload) {
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

TEST_F(Exceptions, AnAnswerThatNamesAHubOfNobodysIsDeclined) {
    // dps-device 7.3
    ask_a_function();
    begin();
    inputs.answer = FunctionAnswer{.hub = HubName("hub-9"), .twin = {}, .payload = {}};
    const Decline decline = expect<Decline>();
    EXPECT_EQ(decline.failure.error_code, 400207);
    EXPECT_EQ(decline.findings.at(0).code, FindingCode::custom_allocation_failed);
    EXPECT_EQ(decline.failure.message.find("hub-9"), std::string::npos);
}

TEST_F(Exceptions, CustomWithoutAFunctionIsDeclined) {
    change([](EnrollmentTerms& next) { next.allocation_policy = AllocationPolicy::custom; });
    EXPECT_EQ(expect<Decline>().status, RegistrationStatus::failed);
}

TEST_F(Exceptions, AQuestionIsDroppedWhenNobodyIsToBeAskedAnyMore) {
    ask_a_function();
    begin();
    want("hub-2");
    EXPECT_EQ(expect<Amend>().plan.kind, PlanKind::assign);
}

} // namespace
} // namespace muster::provisioning
