#include "provisioning/plan_runner.h"
#include "provisioning/planning.h"
#include "provisioning/test_world.h"

namespace muster::provisioning {
namespace {

using namespace std::chrono_literals;
using enum RegistrationStatus;

struct Running : testing::Test, World {
    Running() { put(individual("dev-1", SymmetricKeyAttestation{test_keys})); }

    void begin() { ASSERT_TRUE(registration->register_device(request)); }

    RegistrationRecord ended() {
        begin();
        settle();
        return record("dev-1").value();
    }

    const DeviceRequest request = with_key("dev-1", key_a);
};

TEST(Delays, DoubleUpToTenSecondsAndEndWithinTheBudgetOfClients) {
    // DPS-DEVICE-23: everything within 50 s
    EXPECT_EQ(delay_after(1).count(), 125);
    EXPECT_EQ(delay_after(2).count(), 250);
    EXPECT_EQ(delay_after(7).count(), 8000);
    EXPECT_EQ(delay_after(8).count(), 10'000);
    EXPECT_EQ(delay_after(plan_tries_max).count(), 10'000);
    EXPECT_EQ(delay_after(plan_tries_max + 1).count(), 20'000);
    EXPECT_EQ(delay_after(1000).count(), 120'000) << "in the background";
    std::chrono::milliseconds sum{0};
    for (int i = 1; i < plan_tries_max; ++i) {
        sum += delay_after(i);
    }
    EXPECT_LT(sum, std::chrono::seconds(40));
}

TEST_F(Running, AHubThatIsAwayIsTriedAgain) {
    hubs.answer_next(plan_tries_max - 1, {.code = Code::unavailable});
    const RegistrationRecord record = ended();
    EXPECT_EQ(record.status, assigned);
    EXPECT_EQ(hubs.writes(), 1);
    EXPECT_LT(timers.now(), std::chrono::seconds(40));
}

TEST(Delays, AreWhatTheHubAsksForWithinReason) {
    EXPECT_EQ(delay_after(1, 0s, false), 125ms);
    EXPECT_EQ(delay_after(1, 7s, false), 7s);
    EXPECT_EQ(delay_after(8, 7s, false), 10s) << "never less than without";
    EXPECT_EQ(delay_after(1, 3600s, false), 10s);
    EXPECT_EQ(delay_after(1, 60s, true), 60s);
    EXPECT_EQ(delay_after(1, 3600s, true), 120s);
}

TEST_F(Running, AHubThatAsksForTimeGetsIt) {
    hubs.answer_next(2, {.code = Code::rate_limited, .retry_after = 7s});
    EXPECT_EQ(ended().status, assigned);
    EXPECT_GE(timers.now(), 14s);
    EXPECT_LT(timers.now(), 15s);
}

TEST_F(Running, AHubThatAsksForTooMuchTimeIsAskedLessOften) {
    // DPS-DEVICE-23: everything within 50 s
    hubs.answer_next(plan_tries_max, {.code = Code::unavailable, .retry_after = 3600s});
    EXPECT_EQ(ended().status, failed);
    EXPECT_EQ(hubs.calls(), 5);
    EXPECT_LT(timers.now(), 50s);
}

TEST_F(Running, AHubThatStaysAwayFailsTheRegistration) {
    hubs.answer_next(plan_tries_max, {.code = Code::deadline_exceeded});
    const RegistrationRecord record = ended();
    EXPECT_EQ(record.status, failed);
    EXPECT_EQ(record.failure->error_code, 500001);
    EXPECT_FALSE(record.plan);
    EXPECT_EQ(hubs.calls(), plan_tries_max);
    EXPECT_EQ(timers.waiting(), 0U);
    EXPECT_EQ(provision(request).status, assigned) << "the next attempt counts from one again";
}

TEST_F(Running, RefusalsAreFinalAtOnceAndSayWhich) {
    struct Row {
        Code code;
        int error_code;
    };

    for (const Row& row : {Row{Code::not_found, 400208}, Row{Code::forbidden, 400209},
                           Row{Code::malformed, 400209}, Row{Code::unauthenticated, 400209},
                           Row{Code::too_large, 400209}, Row{Code::internal, 500001}}) {
        const int before = hubs.calls();
        clock.advance(1min); // a plan of this process, not one from before
        hubs.answer_next(1, {.code = row.code});
        const RegistrationRecord record = ended();
        EXPECT_EQ(record.status, failed);
        EXPECT_EQ(record.failure->error_code, row.error_code);
        EXPECT_EQ(hubs.calls(), before + 1);
        EXPECT_EQ(record.unconfirmed.has_value(), row.code == Code::internal);
    }
}

TEST_F(Running, AnAnswerThatWasLostDoesNotMakeASecondDevice) {
    hubs.answer_next(1, {.effect = FakeHubs::Effect::done});
    hubs.answer_next(plan_tries_max - 1, {.code = Code::unavailable});
    EXPECT_EQ(ended().status, failed);
    const HubName hub = hubs.hubs_with(DeviceId("dev-1")).at(0);
    const HubName other(hub == HubName("hub-1") ? "hub-2" : "hub-1");
    IndividualEnrollment elsewhere = individual("dev-1", SymmetricKeyAttestation{test_keys});
    elsewhere.terms.allocation_policy = AllocationPolicy::fixed;
    elsewhere.terms.hubs = {other};
    put(elsewhere, IfMatch::Kind::any);
    EXPECT_EQ(ended().assignment->hub, other);
    EXPECT_EQ(hubs.hubs_with(DeviceId("dev-1")), std::vector{other}) << "moved away from there";
}

TEST_F(Running, APlanFromBeforeLeavesTheDoubtEvenAtItsFirstRefusal) {
    hubs.answer_next(1, {.effect = FakeHubs::Effect::done});
    begin();
    workers.run_all();
    clock.advance(1min);
    restart();
    hubs.answer_next(1, {.code = Code::forbidden});
    begin();
    settle();
    EXPECT_EQ(record("dev-1")->status, failed);
    EXPECT_TRUE(record("dev-1")->unconfirmed) << "another process has reached the hub";
}

TEST_F(Running, AFailureKeepsTheAssignmentOfEarlier) {
    const HubName hub = ended().assignment->hub;
    hubs.answer_next(1, {.code = Code::forbidden});
    const RegistrationRecord record = ended();
    EXPECT_EQ(record.status, failed);
    EXPECT_EQ(record.assignment->hub, hub);
    EXPECT_EQ(ended().assignment->hub, hub);
}

TEST_F(Running, AFullQueueIsWaitedOut) {
    workers.full = true;
    begin();
    EXPECT_EQ(workers.waiting(), 0U);
    for (int i = 0; i < 100; ++i) {
        ASSERT_TRUE(timers.run_next()) << "never given up: the plan is stored";
    }
    workers.full = false;
    settle();
    EXPECT_EQ(record("dev-1")->status, assigned);
    EXPECT_EQ(hubs.writes(), 1);
}

TEST_F(Running, AStoreThatIsAwayIsTriedAgain) {
    begin();
    store.fail_saves(3, Code::unavailable);
    settle();
    EXPECT_EQ(record("dev-1")->status, assigned);
    EXPECT_EQ(hubs.writes(), 1) << "asking the hub again is harmless";
}

TEST_F(Running, AStoreThatStaysAwayLeavesThePlanToTheNextRequest) {
    begin();
    store.fail_saves(plan_tries_max, Code::unavailable);
    settle();
    EXPECT_EQ(record("dev-1")->status, assigning);
    EXPECT_EQ(timers.waiting(), 0U) << "bounded";
    EXPECT_EQ(ended().status, assigned);
}

TEST_F(Running, AnUnreadableStoreIsTriedAgainAndLeftInTheEnd) {
    begin();
    store.fail_reads(2, Code::unavailable);
    settle();
    EXPECT_EQ(record("dev-1")->status, assigned);
    begin();
    store.fail_reads(plan_tries_max, Code::internal);
    workers.run_all();
    while (timers.run_next()) {
        workers.run_all();
    }
    EXPECT_EQ(hubs.writes(), 1);
    EXPECT_EQ(record("dev-1")->status, assigning);
    EXPECT_EQ(ended().status, assigned);
}

TEST_F(Running, AChangeBetweenHubAndStoreIsDecidedAgain) {
    begin();
    put(individual("dev-1", SymmetricKeyAttestation{{key_b, key_c}}), IfMatch::Kind::any);
    store.before_next_save(
        [&] { ASSERT_TRUE(registration->register_device(with_key("dev-1", key_c))); });
    settle();
    const RegistrationRecord record = *World::record("dev-1");
    EXPECT_EQ(record.status, assigned);
    EXPECT_EQ(hubs.device(record.assignment->hub, DeviceId("dev-1"))->credential,
              HubCredential(HubKeys{{key_b, key_c}}))
        << "the hub's last word is the current credential";
}

TEST_F(Running, APlanStoredWhileTheLastOneEndsIsNotForgotten) {
    begin();
    store.after_next_save([&] { ASSERT_TRUE(registration->register_device(request)); });
    settle();
    EXPECT_EQ(record("dev-1")->status, assigned);
    EXPECT_EQ(record("dev-1")->earlier_operations.size(), 1U) << "there was a second attempt";
}

TEST_F(Running, ARefusalAfterALostAnswerLeavesTheDoubt) {
    hubs.answer_next(1, {.effect = FakeHubs::Effect::done});
    hubs.answer_next(1, {.code = Code::forbidden});
    const RegistrationRecord record = ended();
    EXPECT_EQ(record.status, failed);
    ASSERT_TRUE(record.unconfirmed);
    EXPECT_EQ(std::vector{record.unconfirmed->hub}, hubs.hubs_with(DeviceId("dev-1")));
}

// ---- the enrollment is looked at again before the hub is told ----

TEST_F(Running, AnEnrollmentDisabledSinceEndsThePlan) {
    begin();
    IndividualEnrollment off = individual("dev-1", SymmetricKeyAttestation{test_keys});
    off.terms.status = ProvisioningStatus::disabled;
    put(off, IfMatch::Kind::any);
    settle();
    EXPECT_EQ(hubs.calls(), 0);
    EXPECT_EQ(record("dev-1")->status, disabled);
    EXPECT_EQ(record("dev-1")->failure->error_code, failure_code::enrollment_disabled);
    EXPECT_EQ(store.events().back().kind, DeviceEventKind::declined);
}

TEST_F(Running, AnEnrollmentDisabledBetweenDecisionAndSaveGetsNoDevice) {
    IndividualEnrollment off = individual("dev-1", SymmetricKeyAttestation{test_keys});
    off.terms.status = ProvisioningStatus::disabled;
    store.before_next_save([&] { put(off, IfMatch::Kind::any); });
    EXPECT_EQ(ended().status, disabled);
    EXPECT_EQ(hubs.calls(), 0);
}

TEST_F(Running, ADisabledEnrollmentStopsTheTriesAtAnAbsentHub) {
    hubs.answer_next(3, {.code = Code::unavailable});
    begin();
    workers.run_all();
    IndividualEnrollment off = individual("dev-1", SymmetricKeyAttestation{test_keys});
    off.terms.status = ProvisioningStatus::disabled;
    put(off, IfMatch::Kind::any);
    settle();
    EXPECT_EQ(hubs.calls(), 1);
    EXPECT_EQ(record("dev-1")->status, disabled);
    EXPECT_TRUE(record("dev-1")->unconfirmed) << "the first try may have reached the hub";
}

TEST_F(Running, AGroupDeletedOrDisabledSinceEndsThePlan) {
    for (const bool deleted : {true, false}) {
        put(group("g", SymmetricKeyAttestation{test_keys}));
        const std::string id = deleted ? "member-1" : "member-2";
        ASSERT_TRUE(registration->register_device(with_group_key(id, key_a)));
        if (deleted) {
            ASSERT_TRUE(enrollments->erase(EnrollmentGroupId("g"), {}, test_operator));
        } else {
            EnrollmentGroup off = group("g", SymmetricKeyAttestation{test_keys});
            off.terms.status = ProvisioningStatus::disabled;
            put(off, IfMatch::Kind::any);
        }
        settle();
        EXPECT_EQ(hubs.calls(), 0);
        const RegistrationRecord ended = record(id).value();
        EXPECT_EQ(ended.status, deleted ? failed : disabled);
        EXPECT_EQ(ended.failure->error_code,
                  deleted ? failure_code::enrollment_gone : failure_code::enrollment_disabled);
    }
}

TEST_F(Running, AnIndividualEnrollmentThatBlocksAMemberCountsAtOnce) {
    put(group("g", SymmetricKeyAttestation{test_keys}));
    for (const bool blocks : {true, false}) {
        const std::string id = blocks ? "member-1" : "member-2";
        ASSERT_TRUE(registration->register_device(with_group_key(id, key_a)));
        IndividualEnrollment own = individual(id, SymmetricKeyAttestation{test_keys});
        own.terms.status = blocks ? ProvisioningStatus::disabled : ProvisioningStatus::enabled;
        put(own);
        settle();
        EXPECT_EQ(record(id)->status, blocks ? disabled : assigned);
    }
    EXPECT_EQ(hubs.writes(), 1);
}

TEST_F(Running, NoStepIsUnderWayOnceTheOwnerIsGone) {
    std::optional<DeviceRegistration> other(std::in_place, registration_ports());
    ASSERT_TRUE(other->register_device(request));
    other.reset();
    workers.run_all();
    EXPECT_EQ(hubs.calls(), 0);
    EXPECT_EQ(record("dev-1")->status, assigning) << "the plan is stored, for the next process";
}

TEST_F(Running, ResumeFinishesWhatWasLeft) {
    for (int i = 0; i < 5; ++i) {
        const std::string id = "left-" + std::to_string(i);
        put(individual(id, SymmetricKeyAttestation{test_keys}));
        ASSERT_TRUE(registration->register_device(with_key(id, key_a)));
    }
    restart();
    EXPECT_EQ(registration->resume(), 5U);
    settle();
    for (int i = 0; i < 5; ++i) {
        EXPECT_EQ(record("left-" + std::to_string(i))->status, assigned);
    }
    EXPECT_EQ(registration->resume(), 0U);
}

TEST_F(Running, AnUnfinishedPlanIsTakenUpByTheNextRequestToo) {
    begin();
    const OperationId operation = record("dev-1")->operation;
    restart(); // nobody resumes
    const auto again = registration->register_device(request);
    EXPECT_EQ(again->operation, operation);
    settle();
    EXPECT_EQ(record("dev-1")->status, assigned);
}

TEST_F(Running, ATaskThatThrewIsNotTakenForOneUnderWay) {
    begin();
    faults.crash_at(1, Faults::When::before_effect);
    EXPECT_THROW(workers.run_all(), Crash);
    faults.clear();
    begin();
    settle();
    EXPECT_EQ(record("dev-1")->status, assigned);
}

TEST_F(Running, TwoProcessesFinishingOnePlanEndInOneAssignment) {
    begin();
    const std::int64_t version = record("dev-1")->stamp.version;
    DeviceRegistration other(registration_ports());
    EXPECT_EQ(other.resume(), 1U);
    settle();
    EXPECT_EQ(record("dev-1")->status, assigned);
    EXPECT_EQ(record("dev-1")->stamp.version, version + 1) << "stored once";
    EXPECT_EQ(hubs.hubs_with(DeviceId("dev-1")).size(), 1U);
}

TEST_F(Running, NothingRunsOnceTheOwnerIsGone) {
    begin();
    registration.reset();
    settle();
    EXPECT_EQ(hubs.calls(), 0);
}

TEST_F(Running, ManyLeftOversAreResumedInPortions) {
    constexpr int count = 4100; // more than one portion
    put(group("g", SymmetricKeyAttestation{test_keys}));
    for (int i = 0; i < count; ++i) {
        const std::string id = "left-" + std::to_string(i);
        ASSERT_TRUE(registration->register_device(with_group_key(id, key_a)));
    }
    restart();
    EXPECT_EQ(registration->resume(), 4096U);
    settle();
    EXPECT_EQ(static_cast<RegistrationStore&>(store).unfinished(test_scope, "", 1)->size(), 0U);
}

} // namespace
} // namespace muster::provisioning
