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
