// Each step on each state of the identity that it may meet.

#include "provisioning/moving/hub_steps_fixture.h"

namespace muster::provisioning {
namespace {

// ---- ensure ----

TEST_F(Steps, EnsureCreatesInOneCallWhereNothingComesLate) {
    ASSERT_TRUE(steps.ensure(hub_a, provision_with(new_credential)));
    EXPECT_EQ(hubs.writes(), 1);
    EXPECT_TRUE(at(hub_a).enabled);
    EXPECT_EQ(at(hub_a).status_reason, "");
    EXPECT_EQ(hubs.twin(hub_a, device), initial());
}

TEST_F(FarSteps, EnsureCreatesDisabledAndEnablesUnderTheEtag) {
    hubs.answer_by([](const FakeHubs::Call& call) -> std::optional<FakeHubs::Answer> {
        return call.name == "update_device" ? std::optional(FakeHubs::Answer{}) : std::nullopt;
    });
    EXPECT_EQ(steps.ensure(hub_a, provision_with(new_credential)).error().code, Code::unavailable);
    EXPECT_FALSE(at(hub_a).enabled);
    EXPECT_EQ(mark_at(hub_a)->side, MoveSide::in);
    hubs.recover();
    ASSERT_TRUE(steps.ensure(hub_a, provision_with(new_credential)));
    EXPECT_TRUE(at(hub_a).enabled);
    EXPECT_EQ(at(hub_a).status_reason, "");
}

TEST_F(Steps, EnsureLeavesWhatIsRightAlone) {
    put(hub_a, identity(true, "an operator's note"));
    ASSERT_TRUE(steps.ensure(hub_a, provision_with(old_credential)));
    EXPECT_EQ(hubs.writes(), 0);
}

TEST_F(Steps, EnsureRollsTheCredentialAndKeepsTheTwin) {
    put(hub_a, identity(true, "an operator's note"));
    ASSERT_TRUE(steps.ensure(hub_a, provision_with(new_credential)));
    EXPECT_EQ(at(hub_a).credential, new_credential);
    EXPECT_EQ(at(hub_a).status_reason, "an operator's note");
    EXPECT_EQ(hubs.twin(hub_a, device), lived);
}

TEST_F(Steps, EnsureEnablesOneThatIsDisabledAndForgetsWhy) {
    put(hub_a, identity(false, "stolen"));
    ASSERT_TRUE(steps.ensure(hub_a, provision_with(old_credential)));
    EXPECT_TRUE(at(hub_a).enabled);
    EXPECT_EQ(at(hub_a).status_reason, "");
}

TEST_F(Steps, EnsureLiftsAFenceAndKeepsTheTwin) {
    put(hub_a, identity(false, out(token, true, "a note")));
    ASSERT_TRUE(steps.ensure(hub_a, provision_with(old_credential)));
    EXPECT_TRUE(at(hub_a).enabled);
    EXPECT_EQ(at(hub_a).status_reason, "a note");
    EXPECT_EQ(hubs.twin(hub_a, device), lived);
}

TEST_F(Steps, EnsureThrowsAwayACopyThatCountsForNothing) {
    put(hub_a, identity(false, in(token)));
    ASSERT_TRUE(steps.ensure(hub_a, provision_with(new_credential)));
    EXPECT_TRUE(at(hub_a).enabled);
    EXPECT_EQ(hubs.twin(hub_a, device), initial());
}

TEST_F(Steps, EnsureNeedsACredentialToCreateOnly) {
    EXPECT_EQ(steps.ensure(hub_a, provision_with({})).error().code, Code::precondition);
    put(hub_a, identity(true));
    EXPECT_TRUE(steps.ensure(hub_a, provision_with({})));
}

// ---- fence and release ----

TEST_F(Steps, AFenceDisablesMarksAndCutsTheConnection) {
    put(hub_a, identity(true, "a note"));
    hubs.edit(hub_a, device, [](FakeHubRow& row) { row.device.connected = true; });
    EXPECT_EQ(steps.fence(at_a, token), Fenced::present);
    EXPECT_FALSE(at(hub_a).enabled);
    EXPECT_FALSE(at(hub_a).connected);
    EXPECT_EQ(at(hub_a).status_reason, out(token, true, "a note"));
    ASSERT_TRUE(steps.release(at_a, token));
    EXPECT_TRUE(at(hub_a).enabled);
    EXPECT_EQ(at(hub_a).status_reason, "a note");
}

TEST_F(Steps, AFenceOfADisabledDeviceIsReleasedAsDisabled) {
    put(hub_a, identity(false, "stolen"));
    EXPECT_EQ(steps.fence(at_a, token), Fenced::present);
    ASSERT_TRUE(steps.release(at_a, token));
    EXPECT_FALSE(at(hub_a).enabled);
    EXPECT_EQ(at(hub_a).status_reason, "stolen");
}

TEST_F(Steps, AFenceIsRepeatedForFree) {
    put(hub_a, identity(true));
    EXPECT_EQ(steps.fence(at_a, token), Fenced::present);
    const int writes = hubs.writes();
    EXPECT_EQ(steps.fence(at_a, token), Fenced::present);
    EXPECT_EQ(hubs.writes(), writes);
}

TEST_F(Steps, AFenceTakesOverAnEarlierOneWithWhatItRemembers) {
    put(hub_a, identity(false, out(other_token, false, "stolen")));
    EXPECT_EQ(steps.fence(at_a, token), Fenced::present);
    EXPECT_EQ(at(hub_a).status_reason, out(token, false, "stolen"));
    ASSERT_TRUE(steps.release(at_a, other_token)) << "which is not there any more";
    EXPECT_EQ(mark_at(hub_a)->token, token);
}

TEST_F(Steps, AFenceRemovesACopyThatCountsForNothing) {
    put(hub_a, identity(false, in(other_token)));
    EXPECT_EQ(steps.fence(at_a, token), Fenced::absent);
    EXPECT_FALSE(hubs.device(hub_a, device));
    EXPECT_EQ(steps.fence(at_a, token), Fenced::absent);
}

TEST_F(Steps, ADeviceThatWasEnabledByHandIsFencedAgain) {
    put(hub_a, identity(true, out(token, false, "stolen")));
    EXPECT_EQ(steps.fence(at_a, token), Fenced::present);
    EXPECT_EQ(at(hub_a).status_reason, out(token, true, "stolen"));
}

TEST_F(FarSteps, ALateFenceDoesNothingOnceReleased) {
    put(hub_a, identity(true));
    hubs.answer_next(1, {.effect = FakeHubs::Effect::late});
    EXPECT_FALSE(steps.fence(at_a, token));
    ASSERT_TRUE(steps.release(at_a, token));
    hubs.release_late();
    EXPECT_TRUE(at(hub_a).enabled);
}

TEST_F(FarSteps, ALateEnablingDoesNothingOnceFenced) {
    hubs.answer_by([](const FakeHubs::Call& call) -> std::optional<FakeHubs::Answer> {
        return call.name == "update_device"
                   ? std::optional(FakeHubs::Answer{.effect = FakeHubs::Effect::late})
                   : std::nullopt;
    });
    EXPECT_FALSE(steps.ensure(hub_a, provision_with(new_credential)));
    hubs.recover();
    EXPECT_EQ(steps.fence(at_a, token), Fenced::absent);
    hubs.release_late();
    EXPECT_TRUE(hubs.hubs_serving(device).empty());
}

TEST_F(FarSteps, ALateCreationCountsForNothing) {
    hubs.answer_next(1, {.effect = FakeHubs::Effect::late});
    EXPECT_FALSE(steps.ensure(hub_a, provision_with(new_credential)));
    EXPECT_EQ(steps.fence(at_a, token), Fenced::absent);
    hubs.release_late();
    EXPECT_TRUE(hubs.device(hub_a, device));
    EXPECT_TRUE(hubs.hubs_serving(device).empty());
}

// ---- place ----

struct Placing : Steps {
    Placing() { put(hub_a, identity(false, out(token))); }
};

TEST_F(Placing, CarriesIdentityTwinAndModules) {
    hubs.edit(hub_a, device, [](FakeHubRow& row) {
        row.device.iot_edge = true;
        row.modules["m"] = {
            .id = "m", .managed_by = "edge", .credential = HubNoCredential(), .twin = lived};
        row.modules["$edgeHub"] = {
            .id = "$edgeHub", .managed_by = {}, .credential = HubNoCredential(), .twin = lived};
    });
    const auto placed = steps.place(transfer());
    ASSERT_TRUE(placed) << placed.error().detail;
    EXPECT_TRUE(placed->empty());
    EXPECT_FALSE(at(hub_b).enabled);
    EXPECT_EQ(at(hub_b).status_reason, in(token));
    EXPECT_EQ(at(hub_b).credential, new_credential);
    EXPECT_TRUE(at(hub_b).iot_edge);
    EXPECT_EQ(hubs.twin(hub_b, device), lived);
    const auto modules = hubs.row(hub_b, device)->modules;
    EXPECT_EQ(modules.size(), 3U);
    EXPECT_EQ(modules.at("m").twin, lived);
    EXPECT_EQ(modules.at("m").managed_by, "edge");
    EXPECT_EQ(modules.at("$edgeHub").twin, lived) << "it came into being with the device";
}

TEST_F(Placing, SaysWhatCouldNotBeCarried) {
    hubs.edit(hub_a, device, [](FakeHubRow& row) {
        row.device.device_scope = "ms-azure-iot-edge://edge1-1";
        row.modules["m"] = {
            .id = "m", .managed_by = {}, .credential = HubNoCredential(), .twin = {}};
    });
    hubs.without_modules(hub_b);
    const auto placed = steps.place(transfer());
    ASSERT_TRUE(placed);
    EXPECT_EQ(*placed, (NotCarried{"parent: its scope is known at the old hub only",
                                   "module m: the hub has no modules"}));
}

TEST_F(Placing, GivesTheInitialTwinWhereThatIsWanted) {
    ASSERT_TRUE(steps.place(transfer(TwinSource::initial)));
    EXPECT_EQ(hubs.twin(hub_b, device), initial());
}

TEST_F(Placing, GivesTheInitialTwinWhereNothingIsLeftToCarry) {
    hubs.drop(hub_a, device);
    ASSERT_TRUE(steps.place(transfer()));
    EXPECT_EQ(hubs.twin(hub_b, device), initial());
    HubSteps::Transfer without = transfer();
    without.provision = provision_with({});
    EXPECT_EQ(steps.place(without).error().code, Code::precondition);
}

TEST_F(Placing, KeepsTheOldCredentialIfThereIsNoNewerOne) {
    HubSteps::Transfer of_operator = transfer();
    of_operator.provision = provision_with({});
    ASSERT_TRUE(steps.place(of_operator));
    EXPECT_EQ(at(hub_b).credential, old_credential);
}

TEST_F(Placing, ReplacesWhateverBearsAMark) {
    for (const std::string& reason : {in(token), in(other_token), out(other_token)}) {
        put(hub_b, identity(false, reason), HubTwin());
        ASSERT_TRUE(steps.place(transfer())) << reason;
        EXPECT_EQ(hubs.twin(hub_b, device), lived);
    }
}

TEST_F(Placing, LeavesAnIdentityInUseAlone) {
    for (const bool enabled : {true, false}) {
        put(hub_b, identity(enabled, "somebody else's"), initial());
        EXPECT_EQ(steps.place(transfer()).error().code, Code::already_exists);
        EXPECT_EQ(at(hub_b).status_reason, "somebody else's");
        EXPECT_EQ(hubs.twin(hub_b, device), initial());
    }
}

TEST_F(Placing, RefusesToCarryWhatIsNotFencedByTheToken) {
    for (const HubDevice& one :
         {identity(true), identity(false, "stolen"), identity(false, out(other_token))}) {
        put(hub_a, one);
        EXPECT_EQ(steps.place(transfer()).error().code, Code::precondition);
        EXPECT_FALSE(hubs.device(hub_b, device));
    }
}

TEST_F(Placing, MovesToAnotherNameAtTheSameHub) {
    HubSteps::Transfer renaming = transfer();
    renaming.to = {.hub = hub_a, .device_id = DeviceId("new-name")};
    ASSERT_TRUE(steps.place(renaming));
    EXPECT_EQ(hubs.twin(hub_a, DeviceId("new-name")), lived);
    renaming.to = renaming.from;
    EXPECT_EQ(steps.place(renaming).error().code, Code::internal) << "nothing is deleted";
    EXPECT_TRUE(hubs.device(hub_a, device));
}

TEST_F(FarSteps, ATwinThatChangesMeanwhileIsCarriedAgain) {
    put(hub_a, identity(false, out(token)));
    int reads = 0;
    hubs.answer_by([&](const FakeHubs::Call& call) -> std::optional<FakeHubs::Answer> {
        reads += call.name == "find_twin" ? 1 : 0;
        return std::nullopt;
    });
    ASSERT_TRUE(steps.place(transfer()));
    EXPECT_EQ(reads, 2) << "once more after the copy was made";
}

// ---- settle and erase ----

TEST_F(Placing, ASettledCopyIsEnabledAndUnmarked) {
    ASSERT_TRUE(steps.place(transfer()));
    ASSERT_TRUE(steps.settle(settlement()));
    EXPECT_TRUE(at(hub_b).enabled);
    EXPECT_EQ(at(hub_b).status_reason, "");
    const int writes = hubs.writes();
    ASSERT_TRUE(steps.settle(settlement())) << "it was settled before";
    EXPECT_EQ(hubs.writes(), writes);
}

TEST_F(Placing, AnOperationKeepsTheStatusEvenIfTheOldCopyVanishes) {
    put(hub_a, identity(false, out(token, false, "stolen")));
    ASSERT_TRUE(steps.place(transfer()));
    hubs.drop(hub_a, device);
    ASSERT_TRUE(steps.settle(settlement(PlanOrigin::operation)));
    EXPECT_FALSE(at(hub_b).enabled);
    EXPECT_EQ(at(hub_b).status_reason, "stolen");
    ASSERT_TRUE(steps.settle(settlement(PlanOrigin::operation)));
    ASSERT_TRUE(steps.settle(settlement(PlanOrigin::device))) << "the device came by itself";
    EXPECT_TRUE(at(hub_b).enabled);
}

TEST_F(Placing, ANewerCredentialCountsEvenOnASettledCopy) {
    ASSERT_TRUE(steps.place(transfer()));
    ASSERT_TRUE(steps.settle(settlement()));
    HubSteps::Settlement newer = settlement();
    newer.credential = old_credential;
    ASSERT_TRUE(steps.settle(newer));
    EXPECT_EQ(at(hub_b).credential, old_credential);
}

TEST_F(Steps, SettlingWhatIsNotThereSaysSo) {
    EXPECT_EQ(steps.settle(settlement()).error().code, Code::not_found);
    put(hub_b, identity(false, in(other_token)));
    EXPECT_EQ(steps.settle(settlement()).error().code, Code::not_found) << "it counts for nothing";
    put(hub_b, identity(false, out(other_token)));
    EXPECT_EQ(steps.settle(settlement()).error().code, Code::precondition);
    hubs.forget(hub_b);
    EXPECT_EQ(steps.settle(settlement()).error().detail, hub_unknown);
}

TEST_F(Steps, ErasingTakesOnlyWhatBearsTheToken) {
    for (const std::string& reason : {in(token), out(token)}) {
        put(hub_a, identity(false, reason));
        ASSERT_TRUE(steps.erase(at_a, token));
        EXPECT_FALSE(hubs.device(hub_a, device));
    }
    ASSERT_TRUE(steps.erase(at_a, token)) << "nothing is fine";
    for (const HubDevice& one : {identity(true), identity(false, "stolen"),
                                 identity(false, out(other_token)), identity(true, in(token))}) {
        put(hub_a, one);
        ASSERT_TRUE(steps.erase(at_a, token));
        EXPECT_TRUE(hubs.device(hub_a, device)) << one.status_reason;
    }
}

// ---- block and unblock ----

const std::string blocked_enabled = "blocked; was enabled";

TEST_F(Steps, ABlockIsNoOneElsesToLift) {
    for (const std::string& reason : {blocked_enabled, out(token, false, blocked_enabled)}) {
        put(hub_a, identity(false, reason));
        EXPECT_EQ(steps.ensure(hub_a, provision_with(new_credential)).error().code,
                  Code::precondition);
        EXPECT_EQ(steps.fence(at_a, token, Access::unless_blocked).error().code,
                  Code::precondition);
        EXPECT_EQ(at(hub_a).status_reason, reason);
        ASSERT_TRUE(steps.ensure(hub_a, provision_with(new_credential), Access::open));
        EXPECT_TRUE(at(hub_a).enabled);
    }
    put(hub_a, identity(false, "blocked by hand"));
    EXPECT_TRUE(steps.ensure(hub_a, provision_with(new_credential)));
}

TEST_F(Placing, SettlesAsBlocked) {
    HubSteps::Settlement kept_out = settlement();
    kept_out.access = Access::blocked;
    ASSERT_TRUE(steps.place(transfer()));
    ASSERT_TRUE(steps.settle(kept_out));
    EXPECT_FALSE(at(hub_b).enabled);
    EXPECT_EQ(at(hub_b).status_reason, blocked_enabled);
    ASSERT_TRUE(steps.settle(settlement())) << "unblocked meanwhile";
    EXPECT_TRUE(at(hub_b).enabled);
    ASSERT_TRUE(steps.settle(kept_out)) << "settled before";
    EXPECT_EQ(at(hub_b).status_reason, blocked_enabled);
}

TEST_F(Placing, SettlesWhatSomebodyElseHasBlockedAsItWas) {
    put(hub_a, identity(false, out(token)));
    ASSERT_TRUE(steps.block(at_a));
    ASSERT_TRUE(steps.place(transfer()));
    ASSERT_TRUE(steps.settle(settlement()));
    EXPECT_EQ(at(hub_b).status_reason, blocked_enabled);
}

TEST_F(Steps, ANewIdentityOfABlockedDeviceIsNeverEnabled) {
    const HubCredential credential = new_credential;
    ASSERT_TRUE(steps.ensure(hub_a, provision_with(credential), Access::blocked));
    EXPECT_EQ(at(hub_a).status_reason, blocked_enabled);
    EXPECT_EQ(hubs.writes(), 1);
    ASSERT_TRUE(steps.ensure(hub_a, provision_with(credential), Access::blocked));
    EXPECT_EQ(hubs.writes(), 1);
    hubs.put_far_away(hub_b);
    ASSERT_TRUE(steps.ensure(hub_b, provision_with(credential), Access::blocked));
    EXPECT_EQ(at(hub_b).status_reason, blocked_enabled);
    EXPECT_FALSE(at(hub_b).enabled);
}

TEST_F(FarSteps, AnUnblockingThatIsLateDoesNotUndoTheNextBlock) {
    for (const bool fenced : {false, true}) {
        put(hub_a, fenced ? identity(false, out(token)) : identity(true));
        ASSERT_TRUE(steps.block(at_a));
        hubs.answer_next(1, {.code = Code::deadline_exceeded, .effect = FakeHubs::Effect::late});
        EXPECT_FALSE(steps.unblock(at_a));
        ASSERT_TRUE(steps.block(at_a));
        hubs.release_late();
        ASSERT_TRUE(steps.release(at_a, token));
        EXPECT_FALSE(at(hub_a).enabled);
        EXPECT_EQ(at(hub_a).status_reason, blocked_enabled);
        ASSERT_TRUE(steps.unblock(at_a));
        EXPECT_TRUE(at(hub_a).enabled);
    }
}

} // namespace
} // namespace muster::provisioning
