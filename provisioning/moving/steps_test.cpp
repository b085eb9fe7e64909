#include "provisioning/moving/steps.h"

#include <gtest/gtest.h>

namespace muster::provisioning {
namespace {

const Place old_place{.hub = HubName("a"), .device_id = DeviceId("dev-1")};
const Place new_place{.hub = HubName("b"), .device_id = DeviceId("dev-1")};
const MoveToken token{"1111111111111111"};
const Mark mark{.now = from_unix_seconds(1'893'456'000), .etag = ETag("next")};

RegistrationRecord planned(PlanKind kind, PlanStage stage = PlanStage::begun) {
    RegistrationRecord record{.id = RegistrationId("dev-1")};
    record.status = RegistrationStatus::assigning;
    record.assignment = Assignment{.hub = old_place.hub, .device_id = old_place.device_id};
    record.stamp.version = 7;
    const bool stays = kind == PlanKind::keep || kind == PlanKind::reset;
    record.plan = Plan{.kind = kind,
                       .hub = stays ? old_place.hub : new_place.hub,
                       .provision = {.device_id = new_place.device_id,
                                     .credential = HubNoCredential(),
                                     .initial_twin = {}},
                       .stage = stage,
                       .token = token};
    if (kind == PlanKind::move) {
        record.plan->from = old_place;
    }
    return record;
}

Chore chore(ChoreKind kind, const Place& place) {
    return {.kind = kind, .place = place, .token = token, .problem = {}, .since = mark.now};
}

TEST(NextStep, FollowsTheTable) {
    using enum PlanStage;
    const auto step = [](PlanKind kind, PlanStage stage) {
        return next_step(planned(kind, stage)).index();
    };
    const auto is = [](const PlanStep& wanted) { return wanted.index(); };
    EXPECT_EQ(step(PlanKind::ask, begun), is(AskStep()));
    EXPECT_EQ(step(PlanKind::keep, begun), is(EnsureStep()));
    EXPECT_EQ(step(PlanKind::assign, begun), is(EnsureStep()));
    EXPECT_EQ(step(PlanKind::move, begun), is(FenceStep()));
    EXPECT_EQ(step(PlanKind::move, fenced), is(PlaceStep()));
    EXPECT_EQ(step(PlanKind::move, decided), is(SettleStep()));
    EXPECT_EQ(step(PlanKind::reset, begun), is(FenceStep()));
    EXPECT_EQ(step(PlanKind::reset, fenced), is(DecideStep()));
    EXPECT_EQ(step(PlanKind::reset, decided), is(RenewStep()));
}

TEST(NextStep, FencesWhereItLeavesAndPlacesWhereItArrives) {
    const auto fence = std::get<FenceStep>(next_step(planned(PlanKind::move)));
    EXPECT_EQ(fence.place, old_place);
    EXPECT_EQ(fence.token, token);
    const auto place = std::get<PlaceStep>(next_step(planned(PlanKind::move, PlanStage::fenced)));
    EXPECT_EQ(place.transfer.from, old_place);
    EXPECT_EQ(place.transfer.to, new_place);
    const auto settle =
        std::get<SettleStep>(next_step(planned(PlanKind::move, PlanStage::decided)));
    EXPECT_EQ(settle.settlement.place, new_place);
    EXPECT_EQ(settle.settlement.credential, HubCredential(HubNoCredential()));
    EXPECT_EQ(settle.transfer.from, old_place);
}

TEST(NextStep, LetsADeviceInOnlyWhereItIsNotBlocked) {
    RegistrationRecord move = planned(PlanKind::move);
    EXPECT_EQ(std::get<FenceStep>(next_step(move)).access, Access::unless_blocked);
    move.plan->origin = PlanOrigin::operation;
    EXPECT_EQ(std::get<FenceStep>(next_step(move)).access, Access::open) << "the block goes along";
    for (const bool blocked : {false, true}) {
        const Access wanted = blocked ? Access::blocked : Access::open;
        move = planned(PlanKind::move, PlanStage::decided);
        RegistrationRecord reset = planned(PlanKind::reset, PlanStage::decided);
        if (blocked) {
            move.block = reset.block = Block();
        }
        EXPECT_EQ(std::get<SettleStep>(next_step(move)).settlement.access, wanted);
        EXPECT_EQ(std::get<RenewStep>(next_step(reset)).access, wanted);
    }
}

TEST(AfterStep, EachStageIsStoredUntilTheAssignment) {
    for (const PlanKind kind : {PlanKind::move, PlanKind::reset}) {
        RegistrationRecord record = planned(kind);
        record = after_step(record, mark);
        EXPECT_EQ(record.plan->stage, PlanStage::fenced);
        EXPECT_TRUE(may_be_given_up(*record.plan));
        record = after_step(record, mark);
        EXPECT_EQ(record.plan->stage, PlanStage::decided);
        EXPECT_FALSE(may_be_given_up(*record.plan));
        EXPECT_EQ(record.assignment->hub, old_place.hub) << "the device hears of it at the end";
        record = after_step(record, mark);
        EXPECT_FALSE(record.plan);
        EXPECT_EQ(record.status, RegistrationStatus::assigned);
        EXPECT_EQ(record.stamp.version, 10);
        EXPECT_EQ(record.chores.size(), kind == PlanKind::move ? 1U : 0U);
    }
}

TEST(AfterStep, AMoveLeavesTheOldCopyToBeErased) {
    const RegistrationRecord record = after_step(planned(PlanKind::move, PlanStage::decided), mark);
    EXPECT_EQ(record.chores, std::vector{chore(ChoreKind::erase, old_place)});
}

TEST(AfterStep, AFenceElsewhereIsNotLiftedAnyMore) {
    RegistrationRecord record = planned(PlanKind::assign);
    record.chores = {chore(ChoreKind::release, old_place), chore(ChoreKind::release, new_place)};
    record = after_step(record, mark);
    EXPECT_EQ(record.chores, (std::vector{chore(ChoreKind::erase, old_place),
                                          chore(ChoreKind::release, new_place)}));
}

TEST(AfterStep, ABlockFollowsFromWhereTheDeviceWasOnly) {
    const Place elsewhere{.hub = HubName("c"), .device_id = old_place.device_id};
    RegistrationRecord record = planned(PlanKind::move, PlanStage::decided);
    record.chores = {chore(ChoreKind::block, old_place), chore(ChoreKind::block, elsewhere)};
    record = after_step(record, mark);
    EXPECT_EQ(record.chores,
              (std::vector{chore(ChoreKind::block, new_place), chore(ChoreKind::block, elsewhere),
                           chore(ChoreKind::erase, old_place)}));
}

TEST(ChoreBeforePlan, IsTheUnblockingWhereThePlanGoes) {
    const Place elsewhere{.hub = HubName("c"), .device_id = old_place.device_id};
    RegistrationRecord record = planned(PlanKind::move);
    record.chores = {chore(ChoreKind::unblock, elsewhere)};
    EXPECT_EQ(chore_before_plan(record), nullptr) << "that hub may be dead";
    for (const Place& place : {old_place, new_place}) {
        record.chores.back() = chore(ChoreKind::unblock, place);
        EXPECT_EQ(chore_before_plan(record), &record.chores.back());
    }
}

TEST(WaitsForBlock, IsTheReleaseOfTheSamePlace) {
    RegistrationRecord record = planned(PlanKind::keep);
    record.chores = {chore(ChoreKind::block, old_place), chore(ChoreKind::release, old_place),
                     chore(ChoreKind::release, new_place), chore(ChoreKind::erase, old_place)};
    EXPECT_FALSE(waits_for_block(record, record.chores[0]));
    EXPECT_TRUE(waits_for_block(record, record.chores[1]));
    EXPECT_FALSE(waits_for_block(record, record.chores[2]));
    EXPECT_FALSE(waits_for_block(record, record.chores[3]));
    const Chore release = record.chores[1];
    record.chores.erase(record.chores.begin());
    EXPECT_FALSE(waits_for_block(record, release));
}

TEST(ChoreBeforePlan, IsTheErasureWhereTheDeviceIsAssignedAnew) {
    RegistrationRecord record = planned(PlanKind::assign);
    EXPECT_EQ(chore_before_plan(record), nullptr);
    record.chores = {chore(ChoreKind::erase, old_place), chore(ChoreKind::release, new_place)};
    EXPECT_EQ(chore_before_plan(record), nullptr);
    record.chores.push_back(chore(ChoreKind::erase, new_place));
    EXPECT_EQ(chore_before_plan(record), &record.chores.back());
    record.plan->kind = PlanKind::move;
    EXPECT_EQ(chore_before_plan(record), nullptr) << "a move replaces what it finds";
}

TEST(AfterChore, TakesItAwayOrCountsTheTry) {
    RegistrationRecord record = planned(PlanKind::keep);
    record.plan.reset();
    record.chores = {chore(ChoreKind::erase, old_place), chore(ChoreKind::erase, new_place)};
    const Chore first = record.chores.front();
    const RegistrationRecord tried = after_vain_chore(record, first, "unreachable", mark);
    EXPECT_EQ(tried.chores[0].tries, 1);
    EXPECT_EQ(tried.chores[0].problem, "unreachable");
    EXPECT_EQ(tried.chores[1].tries, 0);
    EXPECT_EQ(tried.stamp.version, record.stamp.version + 1);
    const RegistrationRecord done = after_chore(tried, first, mark);
    ASSERT_EQ(done.chores.size(), 1U);
    EXPECT_EQ(done.chores[0].place, new_place);
}

} // namespace
} // namespace muster::provisioning
