#include "provisioning/planning.h"
#include "provisioning/test_world.h"

namespace muster::provisioning {
namespace {

struct Planning : testing::Test {
    Planning() {
        applicant.id = RegistrationId("dev-1");
        applicant.decided_by = DecidedByGroup{EnrollmentGroupId("g")};
        applicant.credential = HubKeys{test_keys};
        set_terms({});
    }

    void set_terms(EnrollmentTerms terms) {
        applicant.terms = std::make_shared<const EnrollmentTerms>(std::move(terms));
    }

    [[nodiscard]] RegistrationFacts facts() const { return {applicant, record, instance}; }

    [[nodiscard]] Decision decide() const { return plan_registration(facts()); }

    template <class Kind>
    Kind expect() {
        const Decision decision = decide();
        EXPECT_TRUE(std::holds_alternative<Kind>(decision)) << decision.index();
        const auto* kind = std::get_if<Kind>(&decision);
        return kind == nullptr ? Kind() : *kind;
    }

    Attempt attempt() {
        ++attempts;
        return {.operation = OperationId("op-" + std::to_string(attempts)),
                .mark = {.now = test_time + 1min * attempts,
                         .etag = ETag("etag-" + std::to_string(attempts))}};
    }

    /// Decides to begin, and stores the plan.
    void begin() { record = record_plan(facts(), expect<Begin>().plan, attempt()); }

    void confirm() { record = record_assignment(*record, attempt().mark); }

    void give_up(HubKnows knows) {
        const Ending ending{.status = RegistrationStatus::failed,
                            .failure = {failure_code::internal, "no"},
                            .knows = knows};
        record = record_ending(*record, ending, attempt().mark);
    }

    void unlink(const HubName& hub) {
        std::erase_if(instance.hubs, [&](const LinkedHub& one) { return one.name == hub; });
    }

    const Decline off{.status = RegistrationStatus::disabled,
                      .failure = {failure_code::enrollment_disabled, "off"},
                      .findings = {}};
    Instance instance = test_instance();
    Applicant applicant;
    std::optional<RegistrationRecord> record;
    int attempts = 0;
};

TEST_F(Planning, ANewDeviceIsAssignedWithWhatItsHubMustKnow) {
    EnrollmentTerms terms;
    terms.iot_edge = true;
    terms.initial_twin =
        parse_json_object(
            R"({"tags":{"site":"north"},"properties":{"desired":{"rate":5}},"other":1})")
            .value();
    set_terms(terms);
    const Plan plan = expect<Begin>().plan;
    EXPECT_EQ(plan.kind, PlanKind::assign);
    EXPECT_NE(instance.find_hub(plan.hub), nullptr);
    EXPECT_EQ(plan.provision.device_id, DeviceId("dev-1"));
    EXPECT_EQ(plan.provision.credential, applicant.credential);
    EXPECT_TRUE(plan.provision.iot_edge);
    EXPECT_EQ(plan.provision.initial_twin.tags, (JsonObject{{"site", "north"}}));
    EXPECT_EQ(plan.provision.initial_twin.desired, (JsonObject{{"rate", 5}}));
}

TEST_F(Planning, DecidingTwiceDecidesTheSame) {
    EXPECT_EQ(expect<Begin>().plan, expect<Begin>().plan);
}

TEST_F(Planning, ThePlanIsRecordedAsAssigning) {
    begin();
    EXPECT_EQ(record->status, RegistrationStatus::assigning);
    EXPECT_TRUE(record->plan);
    EXPECT_FALSE(record->assignment);
    EXPECT_EQ(record->operation, OperationId("op-1"));
    EXPECT_GT(record->stamp.version, 0);
    EXPECT_EQ(record->stamp.created, record->stamp.updated);
}

TEST_F(Planning, ConfirmationAssigns) {
    begin();
    const Plan plan = *record->plan;
    const std::int64_t version = record->stamp.version;
    confirm();
    EXPECT_EQ(record->status, RegistrationStatus::assigned);
    EXPECT_FALSE(record->plan);
    EXPECT_EQ(record->assignment->hub, plan.hub);
    EXPECT_EQ(record->assignment->device_id, DeviceId("dev-1"));
    EXPECT_EQ(record->assignment->substatus, Substatus::initial_assignment);
    EXPECT_EQ(record->stamp.version, version + 1);
    EXPECT_LT(record->stamp.created, record->stamp.updated);
}

TEST_F(Planning, RepeatingWhileUnderWayContinues) {
    begin();
    expect<Continue>();
}

TEST_F(Planning, AnotherCredentialAmendsThePlanAndKeepsTheOperation) {
    begin();
    const HubName hub = record->plan->hub;
    applicant.credential = HubThumbprints{"A", "A"};
    const Plan amended = expect<Amend>().plan;
    EXPECT_EQ(amended.hub, hub);
    EXPECT_EQ(amended.provision.credential, applicant.credential);
    record = record_plan(facts(), amended, {record->operation, attempt().mark});
    EXPECT_EQ(record->operation, OperationId("op-1"));
    EXPECT_TRUE(record->earlier_operations.empty());
    expect<Continue>();
}

TEST_F(Planning, ARepeatKeepsTheHubUnderANewOperation) {
    begin();
    confirm();
    const HubName hub = record->assignment->hub;
    instance.hubs.push_back({.name = HubName("hub-3"), .weight = 1000});
    const Plan plan = expect<Begin>().plan;
    EXPECT_EQ(plan.kind, PlanKind::keep);
    EXPECT_EQ(plan.hub, hub);
    begin();
    EXPECT_EQ(record->operation, OperationId("op-3"));
    EXPECT_TRUE(record->answers_to(OperationId("op-1")));
    EXPECT_EQ(record->assignment->hub, hub) << "survives the attempt";
    record->assignment->substatus = Substatus::device_data_migrated;
    confirm();
    EXPECT_EQ(record->assignment->substatus, Substatus::device_data_migrated)
        << "the last value stays";
}

TEST_F(Planning, AnUnlinkedHubIsReplaced) {
    begin();
    confirm();
    const HubName hub = record->assignment->hub;
    unlink(hub);
    const Plan plan = expect<Begin>().plan;
    EXPECT_EQ(plan.kind, PlanKind::assign);
    EXPECT_NE(plan.hub, hub);
}

TEST_F(Planning, APlanForAHubThatIsNoLongerLinkedIsReplaced) {
    begin();
    const HubName hub = record->plan->hub;
    unlink(hub);
    EXPECT_NE(expect<Begin>().plan.hub, hub);
}

TEST_F(Planning, TheFirstSpellingNamesTheDeviceAtTheHub) {
    // iothub C.2: device ids are case-sensitive there
    applicant.id = RegistrationId("Dev-1");
    begin();
    give_up(HubKnows::nothing);
    applicant.id = RegistrationId("DEV-1");
    EXPECT_EQ(expect<Begin>().plan.provision.device_id, DeviceId("Dev-1"));
    begin();
    EXPECT_EQ(record->id.text(), "Dev-1");
}

TEST_F(Planning, AnIndividualEnrollmentMayNameTheDeviceButNotRenameIt) {
    applicant.device_id = DeviceId("pump-7");
    begin();
    EXPECT_EQ(record->plan->provision.device_id, DeviceId("pump-7"));
    confirm();
    applicant.device_id = DeviceId("pump-8");
    EXPECT_EQ(expect<Begin>().plan.provision.device_id, DeviceId("pump-7"));
}

TEST_F(Planning, DisabledIsDeclinedBeforeAnythingElse) {
    EnrollmentTerms terms;
    terms.status = ProvisioningStatus::disabled;
    terms.allocation_policy = AllocationPolicy::custom;
    set_terms(terms);
    const Decline decline = expect<Decline>();
    EXPECT_EQ(decline.status, RegistrationStatus::disabled);
    EXPECT_EQ(decline.failure.error_code, failure_code::enrollment_disabled);
}

TEST_F(Planning, CustomAllocationIsDeclinedHonestly) {
    EnrollmentTerms terms;
    terms.allocation_policy = AllocationPolicy::custom;
    set_terms(terms);
    const Decline decline = expect<Decline>();
    EXPECT_EQ(decline.status, RegistrationStatus::failed);
    EXPECT_EQ(decline.failure.error_code, 400207);
    EXPECT_EQ(decline.failure.message, "Custom allocation is not supported by this server yet.");
    EXPECT_EQ(decline.findings.at(0).code, FindingCode::custom_allocation_failed);
}

TEST_F(Planning, NoHubIsDeclinedWithEveryCandidateNamed) {
    EnrollmentTerms terms;
    terms.allocation_policy = AllocationPolicy::hashed;
    terms.hubs = {HubName("gone")};
    set_terms(terms);
    const Decline decline = expect<Decline>();
    EXPECT_EQ(decline.failure.error_code, 400208);
    ASSERT_EQ(decline.findings.size(), 1U);
    EXPECT_EQ(decline.findings[0].code, FindingCode::no_hub);
    EXPECT_EQ(decline.findings[0].detail, "gone: not linked");
    instance.hubs.clear();
    set_terms({});
    EXPECT_EQ(expect<Decline>().failure.error_code, 400208);
    EXPECT_EQ(expect<Decline>().findings.at(0).detail, "no hub is linked");
}

TEST_F(Planning, ADeclineIsRecordedAndAnAssignmentSurvivesIt) {
    begin();
    confirm();
    const HubName hub = record->assignment->hub;
    record = record_refusal(facts(), off, attempt());
    EXPECT_EQ(record->status, RegistrationStatus::disabled);
    EXPECT_EQ(record->failure->message, "off");
    EXPECT_EQ(record->assignment->hub, hub);
    begin();
    EXPECT_EQ(record->plan->kind, PlanKind::keep);
    EXPECT_FALSE(record->failure);
    EXPECT_EQ(record->plan->hub, hub);
}

TEST_F(Planning, AFailureKeepsTheAssignmentOfEarlier) {
    begin();
    confirm();
    begin();
    give_up(HubKnows::perhaps);
    EXPECT_EQ(record->status, RegistrationStatus::failed);
    EXPECT_TRUE(record->assignment);
    EXPECT_FALSE(record->unconfirmed) << "it is where it was";
    EXPECT_EQ(expect<Begin>().plan.kind, PlanKind::keep);
}

TEST_F(Planning, AHubThatMayKnowTheDeviceIsAskedAgain) {
    begin();
    const HubName hub = record->plan->hub;
    give_up(HubKnows::perhaps);
    ASSERT_TRUE(record->unconfirmed);
    const HubName other = instance.hubs[instance.hubs[0].name == hub ? 1 : 0].name;
    EnrollmentTerms terms;
    terms.allocation_policy = AllocationPolicy::fixed;
    terms.hubs = {other};
    set_terms(terms);
    EXPECT_EQ(expect<Begin>().plan.hub, hub) << "never enabled on two hubs";
    begin();
    give_up(HubKnows::nothing);
    EXPECT_TRUE(record->unconfirmed) << "the attempt before may have reached it";
    unlink(hub);
    EXPECT_EQ(expect<Begin>().plan.hub, other);
    begin();
    confirm();
    EXPECT_FALSE(record->unconfirmed);
}

TEST_F(Planning, AHubThatRefusedOutrightIsForgotten) {
    begin();
    const HubName hub = record->plan->hub;
    give_up(HubKnows::nothing);
    EXPECT_FALSE(record->unconfirmed);
    EnrollmentTerms terms;
    terms.allocation_policy = AllocationPolicy::fixed;
    terms.hubs = {instance.hubs[instance.hubs[0].name == hub ? 1 : 0].name};
    set_terms(terms);
    EXPECT_NE(expect<Begin>().plan.hub, hub);
}

TEST_F(Planning, AnotherEnrollmentInMidPlanTakesTheDecisionOver) {
    begin();
    expect<Continue>();
    const OperationId operation = record->operation;
    applicant.decided_by = DecidedByGroup{EnrollmentGroupId("other")};
    record = record_plan(facts(), expect<Amend>().plan, {.operation = operation, .mark = {}});
    EXPECT_EQ(record->decided_by, applicant.decided_by);
    EXPECT_EQ(record->operation, operation);
    expect<Continue>();
}

TEST_F(Planning, DisablingInMidPlanRemembersWhereItMayHaveGone) {
    begin();
    const HubName hub = record->plan->hub;
    record = record_refusal(facts(), off, attempt());
    EXPECT_FALSE(record->plan);
    EXPECT_EQ(record->unconfirmed->hub, hub);
}

TEST_F(Planning, FourEarlierOperationsAreAnswered) {
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

TEST(Stamps, EtagsAreHeaderSafeAndNew) {
    // DPS-SERVICE-23
    SeededRandom random(1);
    const ETag first = new_etag(random);
    EXPECT_NE(first, new_etag(random));
    EXPECT_EQ(first.text().find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                             "0123456789+/="),
              std::string::npos);
    const std::string plain = base64_decode(first.text()).value();
    EXPECT_EQ(plain.size(), 38U);
    EXPECT_EQ(plain.front(), '"');
    EXPECT_EQ(plain.back(), '"');
}

TEST(Stamps, TimeShownNeverRunsBackwards) {
    const ResourceStamp first = first_stamp({.now = test_time, .etag = ETag("a")});
    const ResourceStamp second = next_stamp(first, {.now = test_time - 1h, .etag = ETag("b")});
    EXPECT_EQ(second.version, first.version + 1);
    EXPECT_EQ(second.created, test_time);
    EXPECT_EQ(second.updated, test_time);
}

TEST(Rights, Nest) {
    // dps-service 1.6
    using enum Right;
    const auto allows = [](Right granted, Right wanted) {
        return AccessPolicy{.name = "p", .keys = {}, .rights = {granted}}.allows(wanted);
    };
    for (const Right right : {enrollment_read, registration_read, registration_write}) {
        EXPECT_TRUE(allows(enrollment_write, right));
        EXPECT_FALSE(allows(service_config, right));
        EXPECT_FALSE(allows(device_connect, right));
    }
    EXPECT_TRUE(allows(registration_write, registration_read));
    EXPECT_FALSE(allows(registration_read, registration_write));
    EXPECT_FALSE(allows(enrollment_read, registration_read));
    EXPECT_FALSE(allows(enrollment_read, enrollment_write));
    EXPECT_FALSE(allows(enrollment_write, service_config));
}

} // namespace
} // namespace muster::provisioning
