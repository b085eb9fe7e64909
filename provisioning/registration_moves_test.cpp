// Devices that register again after something has changed: where they end, and with what.

#include "provisioning/device_registration.h"
#include "provisioning/plan_runner.h"
#include "provisioning/planning.h"
#include "provisioning/test_world.h"

namespace muster::provisioning {
namespace {

using enum RegistrationStatus;

struct Reprovisioning : testing::Test, World {
    Reprovisioning() { set(want("hub-1")); }

    static EnrollmentTerms want(const std::string& hub) {
        EnrollmentTerms terms;
        terms.allocation_policy = AllocationPolicy::fixed;
        terms.hubs = {HubName(hub)};
        return terms;
    }

    static EnrollmentTerms custom() {
        EnrollmentTerms terms;
        terms.allocation_policy = AllocationPolicy::custom;
        terms.custom_allocation =
            JsonObject{{"webhookUrl", "https://f.example/a"}, {"apiVersion", "2021-10-01"}};
        return terms;
    }

    void set(EnrollmentTerms terms) {
        IndividualEnrollment enrollment = individual("dev-1", SymmetricKeyAttestation{test_keys});
        terms.attestation = enrollment.terms.attestation;
        terms.initial_twin = JsonObject{{"tags", JsonObject{{"initial", true}}}};
        enrollment.terms = std::move(terms);
        const bool is_there = enrollments->get(enrollment.id).has_value();
        put(enrollment, is_there ? IfMatch::Kind::any : IfMatch::Kind::absent);
    }

    /// What the device and its back end did at the hub.
    void use_twin() {
        const HubName hub = record("dev-1")->assignment->hub;
        EXPECT_TRUE(hubs.edit(hub, device, [](FakeHubRow& row) {
            row.twin.tags["used"] = true;
            row.twin.reported["r"] = 1;
        }));
    }

    void expect_only_at(const std::string& hub) {
        EXPECT_EQ(hubs.hubs_with(device), std::vector{HubName(hub)});
        EXPECT_EQ(hubs.hubs_serving(device), std::vector{HubName(hub)});
    }

    OperationId begin() { return registration->register_device(request).value().operation; }

    Result<OperationStatus> poll(const OperationId& operation) {
        return registration->operation_status(request, operation);
    }

    /// Carries out so many steps of the plan under way.
    void take(int steps) {
        for (int i = 0; i < steps; ++i) {
            workers.run_one();
        }
    }

    /// Goes on until the record is at this stage.
    void reach(PlanStage stage) {
        while (record("dev-1")->plan && record("dev-1")->plan->stage != stage &&
               workers.run_one()) {
        }
        ASSERT_TRUE(record("dev-1")->plan);
        ASSERT_EQ(record("dev-1")->plan->stage, stage);
    }

    const DeviceId device{"dev-1"};
    const DeviceRequest request = with_key("dev-1", key_a);
};

TEST_F(Reprovisioning, MigratesTheTwinToTheOtherHub) {
    provision(request);
    use_twin();
    set(want("hub-2"));
    const OperationStatus ended = provision(request);
    EXPECT_EQ(ended.status, assigned);
    EXPECT_EQ(ended.record->assignment->substatus, Substatus::device_data_migrated);
    expect_only_at("hub-2");
    const auto twin = hubs.twin(HubName("hub-2"), device);
    EXPECT_EQ(twin->tags, (JsonObject{{"initial", true}, {"used", true}}));
    EXPECT_EQ(twin->reported, (JsonObject{{"r", 1}}));
    EXPECT_TRUE(record("dev-1")->chores.empty()) << "all is done";
}

TEST_F(Reprovisioning, ResetsHereAndElsewhere) {
    for (const auto* hub : {"hub-1", "hub-2"}) {
        set(want("hub-1"));
        provision(request);
        use_twin();
        EnrollmentTerms terms = want(hub);
        terms.reprovision_policy = ReprovisionPolicy{.migrate_device_data = false};
        set(terms);
        const OperationStatus ended = provision(request);
        EXPECT_EQ(ended.record->assignment->substatus, Substatus::device_data_reset);
        expect_only_at(hub);
        const auto twin = hubs.twin(HubName(hub), device);
        EXPECT_EQ(twin->tags, (JsonObject{{"initial", true}}));
        EXPECT_TRUE(twin->reported.empty());
    }
}

TEST_F(Reprovisioning, OldDevicesStickToTheirHub) {
    provision(request);
    set(want("hub-2"));
    DeviceRequest old = request;
    old.api_version = "2018-04-01";
    EXPECT_EQ(provision(old).record->assignment->hub, HubName("hub-1"));
    EXPECT_EQ(provision(request).record->assignment->hub, HubName("hub-2"));
}

TEST_F(Reprovisioning, TheFunctionDecidesAndItsPayloadReachesTheDevice) {
    set(custom());
    web.answer(R"({"iotHubHostName":"hub-2","payload":{"by":"function"}})");
    const OperationStatus first = provision(request);
    EXPECT_EQ(first.status, assigned);
    EXPECT_EQ(first.record->assignment->hub, HubName("hub-2"));
    EXPECT_EQ(first.record->payload, (JsonObject{{"by", "function"}}));
    ASSERT_EQ(web.calls().size(), 1U);
    EXPECT_NE(web.calls()[0].body.find(R"("registrationId":"dev-1")"), std::string::npos);
    web.answer(R"({"iotHubHostName":"hub-1","initialTwin":{"tags":{"mine":1}}})");
    const OperationStatus second = provision(request);
    EXPECT_EQ(second.record->assignment->hub, HubName("hub-1"));
    EXPECT_EQ(second.record->payload, std::nullopt);
    expect_only_at("hub-1");
    EXPECT_EQ(hubs.twin(HubName("hub-1"), device)->tags, (JsonObject{{"mine", 1}}));
}

TEST_F(Reprovisioning, AFunctionThatFailsLeavesTheDeviceWhereItWas) {
    provision(request);
    set(custom());
    web.answer_by([](const WebCall&) -> Result<WebReply> {
        return WebReply{.status = 403, .content_type = {}, .body = {}};
    });
    const OperationStatus ended = provision(request);
    EXPECT_EQ(ended.status, failed);
    EXPECT_EQ(ended.record->failure->error_code, 400207);
    expect_only_at("hub-1");
    web.answer(R"({"iotHubHostName":"hub-2"})");
    EXPECT_EQ(provision(request).status, assigned) << "the device can come back";
    expect_only_at("hub-2");
}

// ---- deleting, disabling, blocking ----

TEST_F(Reprovisioning, ADeletedRecordIsGoneForEverybodyButItsPlaceIsNotForgotten) {
    const OperationId operation = provision(request).operation;
    ASSERT_TRUE(enrollments->erase_registration(RegistrationId("dev-1"), {}, test_operator));
    EXPECT_EQ(registration->lookup(request).error().code, Code::not_found);
    EXPECT_EQ(poll(operation).error().code, Code::not_found);
    EXPECT_EQ(enrollments->registration(RegistrationId("dev-1")).error().code, Code::not_found);
    EXPECT_EQ(enrollments->get(RegistrationId("dev-1"))->registration, std::nullopt);
    EXPECT_EQ(enrollments->counts()->registrations, 0);
    EXPECT_EQ(
        enrollments->erase_registration(RegistrationId("dev-1"), {}, test_operator).error().code,
        Code::not_found);
    expect_only_at("hub-1");
    set(want("hub-2"));
    const OperationStatus again = provision(request);
    EXPECT_EQ(again.record->assignment->substatus, Substatus::initial_assignment);
    EXPECT_EQ(poll(operation).error().code, Code::not_found);
    expect_only_at("hub-2");
}

TEST_F(Reprovisioning, ReEnrollingDoesNotPutADeviceOnTwoHubs) {
    provision(request);
    ASSERT_TRUE(enrollments->erase(RegistrationId("dev-1"), {}, test_operator));
    EXPECT_EQ(registration->register_device(request).error().code, Code::not_found);
    set(want("hub-2"));
    EXPECT_EQ(provision(request).status, assigned);
    expect_only_at("hub-2");
}

TEST_F(Reprovisioning, WhateverIsDeletedInMidMoveTheDeviceIsAtOneHub) {
    for (const PlanStage stage : {PlanStage::begun, PlanStage::fenced, PlanStage::decided}) {
        SCOPED_TRACE(to_string(stage));
        set(want("hub-1"));
        provision(request);
        set(want("hub-2"));
        begin();
        reach(stage);
        ASSERT_TRUE(enrollments->erase(RegistrationId("dev-1"), {}, test_operator));
        settle();
        expect_only_at(stage == PlanStage::decided ? "hub-2" : "hub-1");
        EXPECT_FALSE(record("dev-1")->unfinished());
    }
}

TEST_F(Reprovisioning, DisablingInMidMoveEndsInDisabledAtOneHub) {
    for (const PlanStage stage : {PlanStage::begun, PlanStage::fenced, PlanStage::decided}) {
        SCOPED_TRACE(to_string(stage));
        set(want("hub-1"));
        provision(request);
        EnrollmentTerms off = want("hub-2");
        set(off);
        begin();
        reach(stage);
        off.status = ProvisioningStatus::disabled;
        set(off);
        const OperationId declined = begin();
        settle();
        EXPECT_EQ(poll(declined)->status, disabled);
        expect_only_at(stage == PlanStage::decided ? "hub-2" : "hub-1");
    }
}

// ---- who comes at the same time ----

TEST_F(Reprovisioning, EarlierOperationsHearWhatBecameOfTheDevice) {
    const OperationId first = provision(request).operation;
    set(want("hub-2"));
    const OperationId second = begin();
    EXPECT_NE(second, first);
    EXPECT_EQ(begin(), second) << "the same attempt";
    EXPECT_EQ(poll(first)->status, assigning);
    settle();
    EXPECT_EQ(poll(first)->record->assignment->hub, HubName("hub-2"));
    EXPECT_EQ(poll(second)->record->assignment->hub, HubName("hub-2"));
}

TEST_F(Reprovisioning, AnotherProofInMidMoveDecidesTheCredentialAtTheNewHub) {
    provision(request);
    set(want("hub-2"));
    for (const PlanStage stage : {PlanStage::begun, PlanStage::fenced, PlanStage::decided}) {
        SCOPED_TRACE(to_string(stage));
        const OperationId operation = begin();
        reach(stage);
        IndividualEnrollment rolled = enrollments->get(RegistrationId("dev-1"))->enrollment;
        const SymmetricKeys keys{key_a, stage == PlanStage::fenced ? key_b : key_c};
        rolled.terms.attestation = SymmetricKeyAttestation{keys};
        put(rolled, IfMatch::Kind::any);
        EXPECT_EQ(begin(), operation);
        settle();
        const HubName hub = record("dev-1")->assignment->hub;
        EXPECT_EQ(hubs.device(hub, device)->credential, HubCredential(HubKeys{keys}));
        const auto* next = hub.text() == "hub-2" ? "hub-1" : "hub-2";
        EnrollmentTerms back = want(next);
        back.attestation = rolled.terms.attestation;
        rolled.terms = back;
        put(rolled, IfMatch::Kind::any);
    }
}

TEST_F(Reprovisioning, ADeviceThatIsFasterThanAnotherOneDecides) {
    // The second is stored between the first one's reading and writing.
    std::optional<OperationId> other;
    store.before_next_save([&] { other = begin(); });
    const OperationId operation = begin();
    EXPECT_EQ(operation, other) << "decided again, and found under way";
    settle();
    EXPECT_EQ(poll(operation)->status, assigned);
    expect_only_at("hub-1");
}

TEST_F(Reprovisioning, ASecondServiceTakesUpWhatTheFirstLeft) {
    provision(request);
    use_twin();
    set(want("hub-2"));
    for (const PlanStage stage : {PlanStage::begun, PlanStage::fenced, PlanStage::decided}) {
        SCOPED_TRACE(to_string(stage));
        const OperationId operation = begin();
        reach(stage);
        restart();
        EXPECT_EQ(registration->resume(), 1U);
        settle();
        EXPECT_EQ(poll(operation)->status, assigned);
        const std::string hub = record("dev-1")->assignment->hub.text();
        expect_only_at(hub);
        EXPECT_TRUE(hubs.twin(HubName(hub), device)->tags.contains("used"));
        set(want(hub == "hub-2" ? "hub-1" : "hub-2"));
    }
}

TEST_F(Reprovisioning, AQuotaCountsADeviceThatComesBack) {
    provision(request);
    ASSERT_TRUE(enrollments->erase_registration(RegistrationId("dev-1"), {}, test_operator));
    change([](Instance& next) { next.quotas.registrations = 0; });
    EXPECT_EQ(registration->register_device(request).error().code, Code::quota_exceeded);
    change([](Instance& next) { next.quotas.registrations = 1; });
    EXPECT_EQ(provision(request).status, assigned);
}

} // namespace
} // namespace muster::provisioning
