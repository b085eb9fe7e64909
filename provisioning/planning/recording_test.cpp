#include "provisioning/planning/places.h"
#include "provisioning/planning/planning_world.h"

#include <utility>
#include <vector>

namespace muster::provisioning {
namespace {

using Recording = PlanningWorld;

TEST_F(Recording, ThePlanIsRecordedAsAssigning) {
    begin();
    EXPECT_EQ(record->status, RegistrationStatus::assigning);
    EXPECT_TRUE(record->plan);
    EXPECT_FALSE(record->assignment);
    EXPECT_EQ(record->operation, OperationId("op-1"));
    EXPECT_GT(record->stamp.version, 0);
    EXPECT_EQ(record->stamp.created, record->stamp.updated);
    EXPECT_EQ(record->registered, std::vector{record->stamp.updated});
}

TEST_F(Recording, ConfirmationAssigns) {
    begin();
    const Plan plan = *record->plan;
    const std::int64_t version = record->stamp.version;
    confirm();
    EXPECT_EQ(record->status, RegistrationStatus::assigned);
    EXPECT_FALSE(record->plan);
    EXPECT_EQ(record->assignment->place(), plan.place());
    EXPECT_EQ(record->assignment->substatus, Substatus::initial_assignment);
    EXPECT_EQ(record->assignment->since, record->stamp.updated);
    EXPECT_EQ(record->stamp.version, version + 1);
    EXPECT_LT(record->stamp.created, record->stamp.updated);
    EXPECT_TRUE(record->chores.empty());
    EXPECT_TRUE(record->moved.empty()) << "it came, but from nowhere";
}

TEST_F(Recording, AMoveIsRememberedAndLeavesACopyToErase) {
    settle_at("hub-1");
    const auto came = record->assignment->since;
    want("hub-2");
    begin();
    const MoveToken token = record->plan->token;
    EXPECT_EQ(record->assignment->place(), at("hub-1"))
        << "the old place until the new one is sure";
    reach(PlanStage::decided);
    confirm();
    EXPECT_EQ(record->assignment->place(), at("hub-2"));
    EXPECT_EQ(record->assignment->substatus, Substatus::device_data_migrated);
    EXPECT_GT(record->assignment->since, came);
    EXPECT_EQ(record->moved, std::vector{record->stamp.updated});
    ASSERT_EQ(chores().size(), 1U);
    EXPECT_EQ(chores()[0], (Chore{.kind = ChoreKind::erase,
                                  .place = at("hub-1"),
                                  .token = token,
                                  .tries = 0,
                                  .problem = {},
                                  .since = record->stamp.updated}));
}

TEST_F(Recording, SubstatusSaysWhatBecameOfTheData) {
    // dps-device 9
    settle_at("hub-1");
    reprovision(resetting);
    want("hub-1");
    begin();
    confirm();
    EXPECT_EQ(record->assignment->substatus, Substatus::device_data_reset);
    EXPECT_TRUE(record->moved.empty());
    reprovision(migrating);
    begin();
    confirm();
    EXPECT_EQ(record->assignment->substatus, Substatus::device_data_reset)
        << "the last value stays";
    want("hub-2");
    begin();
    confirm();
    EXPECT_EQ(record->assignment->substatus, Substatus::device_data_migrated);
    reprovision(resetting);
    want("hub-3");
    begin();
    confirm();
    EXPECT_EQ(record->assignment->substatus, Substatus::device_data_reset);
}

TEST_F(Recording, StayingAtAHubDoesNotChangeSinceWhen) {
    applicant.device_id = DeviceId("pump-7");
    settle_at("hub-1");
    const auto since = record->assignment->since;
    want("hub-1");
    begin();
    confirm();
    EXPECT_EQ(record->assignment->since, since);
    applicant.device_id = DeviceId("pump-8"); // another name there is not another hub
    begin();
    confirm();
    EXPECT_EQ(record->assignment->since, since);
    EXPECT_TRUE(record->moved.empty());
    EXPECT_EQ(chores().size(), 1U);
    record->assignment->since.reset(); // stored before it was kept
    begin();
    confirm();
    EXPECT_TRUE(record->assignment->since);
}

TEST_F(Recording, HistoriesAreBounded) {
    settle_at("hub-1");
    for (int i = 0; i < 40; ++i) {
        want(i % 2 == 0 ? "hub-2" : "hub-1");
        begin();
        confirm();
        record->chores.clear();
    }
    EXPECT_EQ(record->moved.size(), 8U);
    EXPECT_EQ(record->registered.size(), 24U);
    EXPECT_TRUE(std::ranges::is_sorted(record->moved, std::greater()));
    EXPECT_TRUE(std::ranges::is_sorted(record->registered, std::greater()));
    EXPECT_EQ(record->moved.front(), record->stamp.updated);
}

TEST_F(Recording, OnlyAttemptsCountAsRegistrations) {
    begin();
    const Attempt same{record->operation, attempt().mark};
    applicant.credential = HubThumbprints{"A", "A"};
    record = record_plan(facts(), expect<Amend>().plan, same);
    EXPECT_EQ(record->registered.size(), 1U);
    record = record_refusal(facts(), off, attempt());
    EXPECT_EQ(record->registered.size(), 2U) << "also one that is declined";
}

TEST_F(Recording, FourEarlierOperationsAreAnswered) {
    begin();
    for (int i = 0; i < 5; ++i) {
        confirm();
        begin();
    }
    EXPECT_EQ(record->earlier_operations.size(), 4U);
    EXPECT_TRUE(record->answers_to(OperationId("op-11")));
    EXPECT_TRUE(record->answers_to(OperationId("op-3")));
    EXPECT_FALSE(record->answers_to(OperationId("op-1")));
    EXPECT_FALSE(record->answers_to(OperationId("")));
}

// ---- refusals ----

TEST_F(Recording, ADeclineIsRecordedAndAnAssignmentSurvivesIt) {
    settle_at("hub-1");
    record = record_refusal(facts(), off, attempt());
    EXPECT_EQ(record->status, RegistrationStatus::disabled);
    EXPECT_EQ(record->failure->message, "off");
    EXPECT_EQ(record->assignment->place(), at("hub-1"));
    want("hub-1");
    begin();
    EXPECT_EQ(record->plan->kind, PlanKind::keep);
    EXPECT_FALSE(record->failure);
}

TEST_F(Recording, DisablingInMidPlanRemembersWhereItMayHaveGone) {
    want("hub-1");
    begin();
    record = record_refusal(facts(), off, attempt());
    EXPECT_FALSE(record->plan);
    EXPECT_EQ(record->unconfirmed, at("hub-1"));
}

TEST_F(Recording, DisablingInMidMoveTakesItBack) {
    settle_at("hub-1");
    want("hub-2");
    begin();
    record = record_refusal(facts(), off, attempt());
    EXPECT_EQ(record->status, RegistrationStatus::disabled);
    EXPECT_EQ(record->unconfirmed, std::nullopt);
    ASSERT_EQ(chores().size(), 1U) << "nothing has been placed yet";
    EXPECT_EQ(chores()[0].kind, ChoreKind::release);
}

TEST_F(Recording, ADecidedMoveIsFinishedEvenIfTheDeviceIsDeclinedMeanwhile) {
    settle_at("hub-1");
    want("hub-2");
    begin();
    reach(PlanStage::decided);
    record = record_refusal(facts(), off, attempt());
    EXPECT_EQ(record->status, RegistrationStatus::assigning);
    ASSERT_TRUE(record->plan);
    confirm();
    EXPECT_EQ(record->assignment->place(), at("hub-2"));
    EXPECT_EQ(record->status, RegistrationStatus::disabled) << "what the device hears";
    EXPECT_EQ(record->failure->message, "off");
}

TEST_F(Recording, ADeviceThatIsWelcomeAgainHearsNothingOfTheDecline) {
    settle_at("hub-1");
    want("hub-2");
    begin();
    reach(PlanStage::decided);
    record = record_refusal(facts(), off, attempt());
    const Plan plan = expect<Amend>().plan;
    record = record_plan(facts(), plan, {record->operation, attempt().mark});
    confirm();
    EXPECT_EQ(record->status, RegistrationStatus::assigned);
}

// ---- endings ----

TEST_F(Recording, AFailureKeepsTheAssignmentOfEarlier) {
    settle_at("hub-1");
    want("hub-1");
    begin();
    give_up();
    EXPECT_EQ(record->status, RegistrationStatus::failed);
    EXPECT_TRUE(record->assignment);
    EXPECT_FALSE(record->unconfirmed) << "it is where it was";
    EXPECT_TRUE(chores().empty());
}

TEST_F(Recording, AMoveThatIsGivenUpIsUndone) {
    settle_at("hub-1");
    for (const PlanStage stage : {PlanStage::begun, PlanStage::fenced}) {
        want("hub-2");
        begin();
        reach(stage);
        const MoveToken token = record->plan->token;
        give_up();
        EXPECT_EQ(record->status, RegistrationStatus::failed);
        EXPECT_EQ(record->assignment->place(), at("hub-1"));
        const bool may_be_placed = stage == PlanStage::fenced;
        ASSERT_EQ(chores().size(), may_be_placed ? 2U : 1U);
        EXPECT_EQ(chores()[0].kind, ChoreKind::release);
        EXPECT_EQ(chores()[0].place, at("hub-1"));
        EXPECT_EQ(chores()[0].token, token);
        if (may_be_placed) {
            EXPECT_EQ(chores()[1].kind, ChoreKind::erase);
            EXPECT_EQ(chores()[1].place, at("hub-2"));
            EXPECT_EQ(chores()[1].token, token);
        }
        record->chores.clear();
    }
}

TEST_F(Recording, AResetThatIsGivenUpIsReleased) {
    settle_at("hub-1");
    reprovision(resetting);
    want("hub-1");
    begin();
    reach(PlanStage::fenced);
    give_up();
    ASSERT_EQ(chores().size(), 1U);
    EXPECT_EQ(chores()[0].kind, ChoreKind::release);
}

TEST_F(Recording, AQuestionLeavesNothing) {
    ask_a_function();
    begin();
    give_up();
    EXPECT_EQ(record->unconfirmed, std::nullopt);
    EXPECT_TRUE(chores().empty());
}

TEST_F(Recording, TheSameChoreIsNotNotedTwice) {
    settle_at("hub-1");
    const Chore chore{.kind = ChoreKind::erase,
                      .place = at("hub-2"),
                      .token = MoveToken("t"),
                      .tries = 3,
                      .problem = "no",
                      .since = test_time};
    add_chore(*record, chore);
    Chore again = chore;
    again.tries = 0;
    add_chore(*record, again);
    EXPECT_EQ(chores(), std::vector{chore});
}

TEST_F(Recording, ThePayloadIsThatOfTheLatestRegistration) {
    settle_at("hub-1");
    record->payload = JsonObject{{"p", 1}};
    want("hub-1");
    begin();
    confirm();
    EXPECT_EQ(record->payload, std::nullopt) << "nobody was asked this time";
}

// ---- erased records ----

TEST_F(Recording, NothingRemainsOfADeviceThatWasNowhere) {
    record = record_refusal(facts(), off, attempt());
    erase();
    EXPECT_EQ(record, std::nullopt);
    ask_a_function();
    begin();
    erase();
    EXPECT_EQ(record, std::nullopt) << "a question is nowhere";
}

TEST_F(Recording, TheRemainsKnowWhereTheDeviceIs) {
    settle_at("hub-1");
    record->payload = JsonObject{{"p", 1}};
    record->held_at = HubName("hub-1");
    const std::int64_t version = record->stamp.version;
    erase();
    ASSERT_TRUE(record);
    EXPECT_TRUE(record->erased);
    EXPECT_EQ(record->assignment->place(), at("hub-1"));
    EXPECT_EQ(record->held_at, HubName("hub-1"));
    EXPECT_EQ(record->payload, std::nullopt);
    EXPECT_TRUE(record->earlier_operations.empty());
    EXPECT_TRUE(record->registered.empty());
    EXPECT_EQ(record->stamp.version, version + 1);
    EXPECT_FALSE(record->unfinished());
}

TEST_F(Recording, AnUndecidedPlanIsGivenUpWithTheRecord) {
    settle_at("hub-1");
    want("hub-2");
    begin();
    reach(PlanStage::fenced);
    erase();
    EXPECT_FALSE(record->plan);
    EXPECT_EQ(chores().size(), 2U);
    EXPECT_TRUE(record->unfinished());
    record.reset();
    want("hub-1");
    begin();
    erase();
    EXPECT_EQ(record->unconfirmed, at("hub-1")) << "the hub may have heard of it";
}

TEST_F(Recording, ADecidedPlanGoesOnWithoutItsRecord) {
    settle_at("hub-1");
    want("hub-2");
    begin();
    reach(PlanStage::decided);
    erase();
    ASSERT_TRUE(record->plan);
    EXPECT_EQ(record->status, RegistrationStatus::assigning);
    confirm();
    EXPECT_TRUE(record->erased);
    EXPECT_EQ(record->assignment->place(), at("hub-2"));
}

TEST_F(Recording, AnErasedRecordComesBackAsANewOne) {
    settle_at("hub-1");
    const RegistrationRecord before = *record;
    record->held_at = HubName("hub-1");
    add_chore(*record, {.kind = ChoreKind::erase,
                        .place = at("hub-3"),
                        .token = MoveToken("t"),
                        .tries = 0,
                        .problem = {},
                        .since = test_time});
    erase();
    const std::int64_t version = record->stamp.version;
    want("hub-1");
    begin();
    EXPECT_FALSE(record->erased);
    EXPECT_GT(record->stamp.version, version) << "nobody who knew the old one may write over it";
    EXPECT_GT(record->stamp.created, before.stamp.created);
    EXPECT_TRUE(record->earlier_operations.empty());
    EXPECT_FALSE(record->answers_to(before.operation));
    EXPECT_EQ(record->registered.size(), 1U);
    EXPECT_EQ(record->assignment, std::nullopt);
    EXPECT_EQ(record->unconfirmed, at("hub-1"));
    EXPECT_EQ(record->held_at, HubName("hub-1"));
    EXPECT_EQ(chores().size(), 1U);
    confirm();
    EXPECT_EQ(record->assignment->substatus, Substatus::initial_assignment);
    EXPECT_TRUE(record->moved.empty());
}

TEST_F(Recording, AnErasedDeviceThatComesBackElsewhereIsMoved) {
    // Without it the device would be enabled on two hubs: design.md section 8, rule 2.
    for (const auto& policy : {migrating, resetting, never_moving}) {
        record.reset();
        settle_at("hub-1");
        erase();
        reprovision(policy);
        want("hub-2");
        const Plan plan = expect<Begin>().plan;
        EXPECT_EQ(plan.kind, PlanKind::move) << "deleting the record is how never is overcome";
        EXPECT_EQ(plan.from, at("hub-1"));
        begin();
        EXPECT_EQ(record->unconfirmed, at("hub-1"));
        confirm();
        EXPECT_EQ(record->assignment->substatus, Substatus::initial_assignment);
        EXPECT_EQ(record->unconfirmed, std::nullopt);
        EXPECT_EQ(chores().size(), 1U) << "the old copy";
    }
}

TEST_F(Recording, AnErasedRecordThatIsDeclinedIsBackAllTheSame) {
    settle_at("hub-1");
    erase();
    record = record_refusal(facts(), off, attempt());
    EXPECT_FALSE(record->erased);
    EXPECT_EQ(record->status, RegistrationStatus::disabled);
    EXPECT_EQ(record->unconfirmed, at("hub-1"));
    erase();
    EXPECT_TRUE(record) << "still somewhere";
}

std::vector<std::pair<ChoreKind, Place>> kinds_of(const std::vector<Chore>& chores) {
    std::vector<std::pair<ChoreKind, Place>> kinds;
    for (const Chore& chore : chores) {
        kinds.emplace_back(chore.kind, chore.place);
    }
    return kinds;
}

TEST_F(Recording, ABlockComesBeforeTheFenceIsLifted) {
    settle_at("hub-1");
    want("hub-2");
    begin();
    reach(PlanStage::fenced);
    record = record_block(record->id, record, Block(), {}, attempt().mark);
    EXPECT_EQ(kinds_of(chores()),
              (std::vector<std::pair<ChoreKind, Place>>{{ChoreKind::block, at("hub-1")},
                                                        {ChoreKind::release, at("hub-1")},
                                                        {ChoreKind::erase, at("hub-2")}}));
    record = record_unblock(*record, {}, attempt().mark);
    EXPECT_EQ(chores().front().kind, ChoreKind::unblock);
    EXPECT_EQ(chores().size(), 3U);
}

TEST_F(Recording, ABlockSearchesOnlyForWhatIsNowhereOnRecord) {
    const std::vector<Place> everywhere = {at("hub-1"), at("hub-3")};
    const RegistrationId id = applicant.id;
    const auto unknown = record_block(id, std::nullopt, Block(), everywhere, attempt().mark);
    EXPECT_EQ(kinds_of(unknown.chores),
              (std::vector<std::pair<ChoreKind, Place>>{{ChoreKind::block, at("hub-1")},
                                                        {ChoreKind::block, at("hub-3")}}));
    const auto undone = record_unblock(unknown, everywhere, attempt().mark);
    EXPECT_EQ(undone.chores.size(), 2U);
    EXPECT_EQ(undone.chores.back().kind, ChoreKind::unblock);
    settle_at("hub-2");
    record = record_block(id, record, Block(), everywhere, attempt().mark);
    EXPECT_EQ(kinds_of(chores()),
              (std::vector<std::pair<ChoreKind, Place>>{{ChoreKind::block, at("hub-2")}}));
}

TEST_F(Recording, ABlockWaitsForAHubThatIsLost) {
    settle_at("hub-1");
    record = record_block(record->id, record, Block(), {}, attempt().mark);
    unlink("hub-1", true);
    forget_lost_chores(*record, instance);
    EXPECT_EQ(chores().size(), 1U);
    record = record_unblock(*record, {}, attempt().mark);
    forget_lost_chores(*record, instance);
    EXPECT_TRUE(chores().empty());
    record = record_block(record->id, record, Block(), {}, attempt().mark);
    instance.former_hubs.clear();
    forget_lost_chores(*record, instance);
    EXPECT_TRUE(chores().empty()) << "nobody can speak to it, ever";
}

TEST_F(Recording, ADeviceComesBackWhileItsDecidedMoveIsFinished) {
    settle_at("hub-1");
    want("hub-2");
    begin();
    reach(PlanStage::decided);
    const MoveToken token = record->plan->token;
    erase();
    const Plan plan =
        plan_registration(facts()).index() == 0 ? *record->plan : expect<Amend>().plan;
    EXPECT_EQ(plan.token, token);
    record = record_plan(facts(), plan, attempt());
    EXPECT_FALSE(record->erased);
    EXPECT_EQ(record->plan->token, token);
    confirm();
    EXPECT_EQ(record->assignment->place(), at("hub-2"));
    EXPECT_EQ(chores().size(), 1U);
}

} // namespace
} // namespace muster::provisioning
