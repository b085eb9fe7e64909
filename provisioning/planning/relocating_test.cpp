#include "provisioning/planning/planning_world.h"

namespace muster::provisioning {
namespace {

struct Relocations : PlanningWorld {
    Relocations() { settle_at("hub-1"); }

    Decision relocate(std::optional<HubName> to, std::optional<HubName> away_from) {
        const Relocation wanted{.terms = gone ? nullptr : &terms,
                                .record = *record,
                                .instance = instance,
                                .inputs = inputs,
                                .to = std::move(to),
                                .away_from = std::move(away_from),
                                .token = MoveToken("t-1"),
                                .operation = "op-x"};
        return plan_relocation(wanted);
    }

    Decision drain(const std::string& hub) { return relocate({}, HubName(hub)); }

    Decision send_to(const std::string& hub) { return relocate(HubName(hub), {}); }

    Decision rebalance() { return relocate({}, {}); }

    static Plan plan_of(const Decision& decision) {
        EXPECT_TRUE(std::holds_alternative<Begin>(decision)) << decision.index();
        const auto* begin = std::get_if<Begin>(&decision);
        return begin == nullptr ? Plan() : begin->plan;
    }

    /// As the record is stored with an operation's plan.
    void store(const Plan& plan) {
        record->plan = plan;
        record->status = RegistrationStatus::assigning;
    }

    bool gone = false; // the enrollment
};

TEST_F(Relocations, TheDeviceIsMovedAsItIs) {
    const Plan plan = plan_of(send_to("hub-2"));
    EXPECT_EQ(plan.kind, PlanKind::move);
    EXPECT_EQ(plan.from, at("hub-1"));
    EXPECT_EQ(plan.place(), at("hub-2"));
    EXPECT_EQ(plan.origin, PlanOrigin::operation);
    EXPECT_EQ(plan.operation, "op-x");
    EXPECT_EQ(plan.token, MoveToken("t-1"));
    EXPECT_EQ(plan.twin, TwinSource::carried);
    EXPECT_EQ(plan.provision.credential, std::nullopt) << "the one it has";
}

TEST_F(Relocations, WhatIsWhereItShouldBeStays) {
    EXPECT_TRUE(std::holds_alternative<Continue>(send_to("hub-1")));
    EXPECT_TRUE(std::holds_alternative<Continue>(drain("hub-2")));
    want("hub-1");
    EXPECT_TRUE(std::holds_alternative<Continue>(rebalance()));
}

TEST_F(Relocations, ADrainFindsAnotherHubByThePolicy) {
    want("hub-2");
    EXPECT_EQ(plan_of(drain("hub-1")).hub, HubName("hub-2"));
    change([](EnrollmentTerms& next) {
        next.allocation_policy = AllocationPolicy::hashed;
        next.hubs = {HubName("hub-1"), HubName("hub-3")};
    });
    EXPECT_EQ(plan_of(drain("hub-1")).hub, HubName("hub-3"));
    want("hub-1");
    EXPECT_TRUE(std::holds_alternative<Decline>(drain("hub-1"))) << "it names no other";
}

TEST_F(Relocations, NeverIsOverruledByAHubThatIsNamedOnly) {
    reprovision(never_moving);
    want("hub-2");
    EXPECT_TRUE(std::holds_alternative<Continue>(rebalance()));
    EXPECT_EQ(plan_of(drain("hub-1")).hub, HubName("hub-2"));
    EXPECT_EQ(plan_of(send_to("hub-3")).hub, HubName("hub-3"));
}

TEST_F(Relocations, AResettingEnrollmentCarriesTheTwinAllTheSame) {
    reprovision(resetting);
    EXPECT_EQ(plan_of(send_to("hub-2")).twin, TwinSource::carried);
}

TEST_F(Relocations, ADeviceWhoseEnrollmentIsGoneGoesToAnyLinkedHub) {
    gone = true;
    EXPECT_NE(plan_of(drain("hub-1")).hub, HubName("hub-1"));
    instance.default_policy = AllocationPolicy::fixed;
    EXPECT_TRUE(std::holds_alternative<Decline>(drain("hub-1"))) << "two could be meant";
}

TEST_F(Relocations, AnotherPlanComesFirst) {
    begin();
    EXPECT_TRUE(std::holds_alternative<Decline>(send_to("hub-2")));
}

TEST_F(Relocations, OnlyALinkedHubTakesDevices) {
    unlink("hub-2");
    EXPECT_TRUE(std::holds_alternative<Decline>(send_to("hub-2")));
    unlink("hub-1");
    EXPECT_EQ(plan_of(drain("hub-1")).hub, HubName("hub-3")) << "away from a former hub";
    instance.former_hubs.back().lost = true;
    EXPECT_TRUE(std::holds_alternative<Continue>(drain("hub-1"))) << "nothing to carry";
}

TEST_F(Relocations, NoneBeginsWithoutRoomForItsChores) {
    for (int i = 0; i < static_cast<int>(chores_max) - 1; ++i) {
        add_chore(*record, {.kind = ChoreKind::erase,
                            .place = at("hub-3"),
                            .token = MoveToken("t" + std::to_string(i)),
                            .tries = 0,
                            .problem = "unreachable",
                            .since = test_time});
    }
    EXPECT_TRUE(std::holds_alternative<Decline>(send_to("hub-2")));
}

TEST_F(Relocations, TheStatusOfTheDeviceStands) {
    record = record_refusal(facts(), off, attempt());
    store(plan_of(send_to("hub-2")));
    reach(PlanStage::decided);
    confirm();
    EXPECT_EQ(record->status, RegistrationStatus::disabled);
    EXPECT_EQ(record->failure->message, "off");
    EXPECT_EQ(record->assignment->place(), at("hub-2"));
    store(plan_of(send_to("hub-3")));
    give_up();
    EXPECT_EQ(record->status, RegistrationStatus::disabled);
    EXPECT_EQ(record->failure->message, "off") << "not that of the operation";
    EXPECT_EQ(record->assignment->place(), at("hub-2"));
}

TEST_F(Relocations, AnAssignedDeviceStaysAssignedWhenItsMoveIsGivenUp) {
    record->payload = JsonObject{{"p", 1}};
    store(plan_of(send_to("hub-2")));
    give_up();
    EXPECT_EQ(record->status, RegistrationStatus::assigned);
    EXPECT_EQ(record->failure, std::nullopt);
    record->chores.clear();
    store(plan_of(send_to("hub-2")));
    confirm();
    EXPECT_EQ(record->status, RegistrationStatus::assigned);
    EXPECT_EQ(record->payload, (JsonObject{{"p", 1}})) << "an operator's move brings no other";
    EXPECT_EQ(record->assignment->substatus, Substatus::device_data_migrated);
}

TEST_F(Relocations, ADeviceThatRegistersMeanwhileMakesTheMoveItsOwn) {
    store(plan_of(send_to("hub-2")));
    want("hub-3");
    const Plan plan = expect<Amend>().plan;
    EXPECT_EQ(plan.hub, HubName("hub-2"));
    EXPECT_EQ(plan.origin, PlanOrigin::device) << "so that it ends enabled";
    EXPECT_EQ(plan.provision.credential, applicant.credential);
    EXPECT_EQ(plan.operation, "op-x") << "and still counts for the operation";
    EXPECT_EQ(plan.token, record->plan->token);
}

// ---- the allocation function ----

TEST_F(Relocations, ADrainAsksTheFunctionAndMovesByItsAnswer) {
    ask_a_function();
    const Plan question = plan_of(drain("hub-1"));
    EXPECT_EQ(question.kind, PlanKind::ask);
    EXPECT_EQ(question.origin, PlanOrigin::operation);
    ASSERT_TRUE(question.question);
    inputs.answer =
        FunctionAnswer{.hub = HubName("hub-3"), .twin = {}, .payload = JsonObject{{"p", 1}}};
    const Plan plan = plan_of(drain("hub-1"));
    EXPECT_EQ(plan.kind, PlanKind::move);
    EXPECT_EQ(plan.hub, HubName("hub-3"));
    EXPECT_EQ(plan.twin, TwinSource::carried);
    EXPECT_EQ(plan.payload, (JsonObject{{"p", 1}}));
    inputs.answer->twin = InitialTwin{.tags = {{"a", 1}}, .desired = {}};
    EXPECT_EQ(plan_of(drain("hub-1")).twin, TwinSource::initial);
    EXPECT_EQ(plan_of(drain("hub-1")).provision.initial_twin.tags, (JsonObject{{"a", 1}}));
    inputs.answer->hub = HubName("hub-1");
    EXPECT_TRUE(std::holds_alternative<Decline>(drain("hub-1"))) << "it is the one that is drained";
    inputs.answer->hub = HubName("nobody's");
    EXPECT_TRUE(std::holds_alternative<Decline>(drain("hub-1")));
}

TEST_F(Relocations, ADeviceThatRegistersIsAskedAboutAnew) {
    ask_a_function();
    store(plan_of(drain("hub-1")));
    const Plan plan = expect<Amend>().plan;
    EXPECT_EQ(plan.kind, PlanKind::ask);
    EXPECT_EQ(plan.origin, PlanOrigin::device);
    EXPECT_EQ(plan.provision.credential, applicant.credential);
    EXPECT_EQ(plan.operation, "op-x");
}

} // namespace
} // namespace muster::provisioning
