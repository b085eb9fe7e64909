#include "provisioning/device_registration.h"
#include "provisioning/planning.h"
#include "provisioning/test_world.h"

#include <regex>

namespace muster::provisioning {
namespace {

using enum RegistrationStatus;

struct Registration : testing::Test, World {
    Registration() { put(individual("dev-1", SymmetricKeyAttestation{test_keys})); }

    OperationStatus begin(const DeviceRequest& asked) {
        const auto begun = registration->register_device(asked);
        EXPECT_TRUE(begun) << begun.error().detail << ": " << begun.error().cause;
        return begun.value_or(OperationStatus());
    }

    Code refusal(const DeviceRequest& asked) {
        const auto begun = registration->register_device(asked);
        EXPECT_FALSE(begun);
        return begun ? Code::internal : begun.error().code;
    }

    /// The outcome of an operation whose plan has been carried out.
    OperationStatus poll(const OperationId& operation) {
        return registration->operation_status(request, operation).value();
    }

    HubDevice at_hub(const RegistrationRecord& record) {
        return hubs.device(record.assignment->hub, record.assignment->device_id).value();
    }

    void set_terms(EnrollmentTerms terms) {
        IndividualEnrollment enrollment = individual("dev-1", SymmetricKeyAttestation{test_keys});
        terms.attestation = enrollment.terms.attestation;
        enrollment.terms = std::move(terms);
        put(enrollment, IfMatch::Kind::any);
    }

    const DeviceRequest request = with_key("dev-1", key_a);
};

TEST_F(Registration, IsAnsweredAssigningFirstThenAssigned) {
    // DPS-DEVICE-9, DPS-DEVICE-10, DPS-DEVICE-11, DPS-DEVICE-12
    const OperationStatus begun = begin(request);
    EXPECT_EQ(begun.status, assigning);
    EXPECT_FALSE(begun.record);
    const OperationStatus under_way = poll(begun.operation);
    EXPECT_EQ(under_way.status, assigning);
    EXPECT_EQ(under_way.record->status, assigning);
    settle();
    const OperationStatus ended = poll(begun.operation);
    EXPECT_EQ(ended.status, assigned);
    EXPECT_EQ(ended.operation, begun.operation);
    EXPECT_EQ(ended.record->assignment->device_id, DeviceId("dev-1"));
    EXPECT_EQ(ended.record->assignment->substatus, Substatus::initial_assignment);
    EXPECT_EQ(at_hub(*ended.record).credential, HubCredential(HubKeys{test_keys}));
}

TEST_F(Registration, OperationIdsAreUrlSafeAndOfTheKnownShape) {
    // DPS-DEVICE-22
    const std::regex shape("5\\.[0-9a-f]{16}\\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}");
    EXPECT_TRUE(std::regex_match(begin(request).operation.text(), shape));
}

TEST_F(Registration, ThePlanIsStoredBeforeAnyHubHears) {
    begin(request);
    EXPECT_TRUE(record("dev-1")->plan);
    EXPECT_EQ(hubs.writes(), 0);
}

TEST_F(Registration, RepeatingWhileUnderWayIsTheSameOperation) {
    const OperationId operation = begin(request).operation;
    const int written = store.records_written();
    EXPECT_EQ(begin(request).operation, operation);
    EXPECT_EQ(begin(with_key("DEV-1", key_b)).operation, operation);
    EXPECT_EQ(store.records_written(), written);
    settle();
    EXPECT_EQ(poll(operation).status, assigned);
}

TEST_F(Registration, RepeatingAfterwardsKeepsTheHubAndTellsItTheCredential) {
    // dps-service 9.4; iothub C.2: certificate roll-over
    const OperationStatus first = provision(request);
    IndividualEnrollment rolled = individual("dev-1", SymmetricKeyAttestation{{key_b, key_c}});
    put(rolled, IfMatch::Kind::any);
    const OperationStatus begun = begin(with_key("dev-1", key_b));
    EXPECT_NE(begun.operation, first.operation);
    EXPECT_EQ(begun.status, assigning);
    settle();
    const RegistrationRecord second = record("dev-1").value();
    EXPECT_EQ(second.status, assigned);
    EXPECT_EQ(second.assignment->hub, first.record->assignment->hub);
    EXPECT_EQ(second.stamp.created, first.record->stamp.created);
    EXPECT_EQ(at_hub(second).credential, HubCredential(HubKeys{{key_b, key_c}}));
    const auto old_answer =
        registration->operation_status(with_key("dev-1", key_b), first.operation);
    EXPECT_EQ(old_answer->status, assigned) << "an earlier operation is still answered";
}

TEST_F(Registration, AnotherCredentialInMidPlanReachesTheHub) {
    const OperationId operation = begin(request).operation;
    put(individual("dev-1", SymmetricKeyAttestation{{key_b, key_c}}), IfMatch::Kind::any);
    EXPECT_EQ(begin(with_key("dev-1", key_b)).operation, operation);
    settle();
    EXPECT_EQ(at_hub(*record("dev-1")).credential, HubCredential(HubKeys{{key_b, key_c}}));
}

TEST_F(Registration, CarriesTwinAndCapabilities) {
    EnrollmentTerms terms;
    terms.iot_edge = true;
    terms.initial_twin =
        parse_json_object(R"({"tags":{"a":1},"properties":{"desired":{"b":2}}})").value();
    set_terms(terms);
    const RegistrationRecord assigned_there = *provision(request).record;
    EXPECT_TRUE(at_hub(assigned_there).iot_edge);
    const auto twin = hubs.twin(assigned_there.assignment->hub, DeviceId("dev-1"));
    EXPECT_EQ(twin->tags, (JsonObject{{"a", 1}}));
    EXPECT_EQ(twin->desired, (JsonObject{{"b", 2}}));
}

TEST_F(Registration, StaticGoesWhereTheEnrollmentSays) {
    for (const auto* name : {"hub-2", "hub-1"}) {
        const std::string id = std::string("static-on-") + name;
        IndividualEnrollment enrollment = individual(id, SymmetricKeyAttestation{test_keys});
        enrollment.terms.allocation_policy = AllocationPolicy::fixed;
        enrollment.terms.hubs = {HubName(name)};
        put(enrollment);
        EXPECT_EQ(provision(with_key(id, key_a)).record->assignment->hub, HubName(name));
    }
}

TEST_F(Registration, GroupMembersAreNamedByTheirFirstSpelling) {
    put(group("g", SymmetricKeyAttestation{test_keys}));
    const auto first = provision(with_group_key("Member-1", key_a));
    EXPECT_EQ(first.record->assignment->device_id, DeviceId("Member-1"));
    const auto again = provision(with_group_key("MEMBER-1", key_b));
    EXPECT_EQ(again.record->assignment->device_id, DeviceId("Member-1"));
    EXPECT_EQ(again.record->id.text(), "Member-1");
}

TEST_F(Registration, X509MembersAreProvisionedByThumbprint) {
    const auto ca = make_ca("ca");
    put(group("g", signing(ca.certificate)));
    const auto leaf = make_leaf("member-1", &ca);
    const auto ended = provision(with_chain("member-1", chain_of(leaf)));
    ASSERT_EQ(ended.status, assigned);
    const std::string thumbprint = leaf.certificate.sha256_thumbprint();
    EXPECT_EQ(at_hub(*ended.record).credential,
              HubCredential(HubThumbprints{thumbprint, thumbprint}));
    const auto renewed = make_leaf("member-1", &ca);
    const auto again = provision(with_chain("member-1", chain_of(renewed)));
    EXPECT_EQ(again.record->assignment->hub, ended.record->assignment->hub);
    const HubCredential now = at_hub(*again.record).credential;
    EXPECT_EQ(std::get<HubThumbprints>(now).primary, renewed.certificate.sha256_thumbprint());
    EXPECT_EQ(std::get<HubThumbprints>(now).secondary, renewed.certificate.sha256_thumbprint());
}

TEST_F(Registration, AnIndividualEnrollmentShadowsTheGroups) {
    // design, rule 8
    put(group("g", SymmetricKeyAttestation{{key_c, key_c}}));
    EXPECT_EQ(refusal(with_group_key("dev-1", key_c)), Code::unauthenticated);
    EXPECT_TRUE(registration->register_device(with_group_key("dev-2", key_c)));
}

TEST_F(Registration, BadProofChangesNothing) {
    const OperationId operation = provision(request).operation;
    const RegistrationRecord before = record("dev-1").value();
    EXPECT_EQ(refusal(with_key("dev-1", key_c)), Code::unauthenticated);
    EXPECT_EQ(refusal(request_of("dev-1", {})), Code::unauthenticated);
    EXPECT_EQ(refusal(with_key("unknown", key_a)), Code::not_found);
    EXPECT_EQ(record("dev-1")->stamp.etag, before.stamp.etag);
    EXPECT_FALSE(record("unknown"));
    EXPECT_EQ(poll(operation).status, assigned);
}

TEST_F(Registration, DisabledIsSaidToWhoeverProvesAndToNobodyElse) {
    // dps-device 9
    const HubName hub = provision(request).record->assignment->hub;
    EnrollmentTerms terms;
    terms.status = ProvisioningStatus::disabled;
    set_terms(terms);
    EXPECT_EQ(refusal(with_key("dev-1", key_c)), Code::unauthenticated);
    EXPECT_EQ(record("dev-1")->status, assigned) << "a bad proof changes nothing";
    const OperationStatus begun = begin(request);
    EXPECT_EQ(begun.status, assigning);
    EXPECT_FALSE(begun.record);
    const OperationStatus ended = poll(begun.operation);
    EXPECT_EQ(ended.status, disabled);
    EXPECT_EQ(ended.record->failure->error_code, failure_code::enrollment_disabled);
    EXPECT_EQ(hubs.writes(), 1) << "no hub hears of it";
    set_terms({});
    EXPECT_EQ(provision(request).record->assignment->hub, hub) << "enabled again: as before";
}

TEST_F(Registration, ADisabledGroupIsReportedToo) {
    EnrollmentGroup off = group("g", SymmetricKeyAttestation{test_keys});
    off.terms.status = ProvisioningStatus::disabled;
    put(off);
    EXPECT_EQ(provision(with_group_key("member", key_a)).status, disabled);
    EXPECT_EQ(hubs.writes(), 0);
}

TEST_F(Registration, ABlockedLeafIsBlockedUnderItsOtherNameToo) {
    // dps-service 9.6: the individual enrollment of the leaf shadows the group
    const crypto::Identity ca = make_ca("factory");
    crypto::CertificateRequest two_names = certificate_request("blocked", crypto::Purpose::client);
    two_names.dns_names = {"alias"};
    const crypto::Identity leaf = issue(two_names, &ca);
    put(group("factory", signing(ca.certificate)));
    const DeviceRequest by_alias = with_chain("alias", chain_of(leaf));
    EXPECT_EQ(provision(by_alias).status, assigned) << "until somebody blocks it";

    IndividualEnrollment blocked = individual("blocked", client(leaf.certificate));
    blocked.terms.status = ProvisioningStatus::disabled;
    put(blocked);
    const int calls = hubs.writes();
    EXPECT_EQ(registration->register_device(by_alias).error().code, Code::attestation_failed);
    EXPECT_EQ(provision(with_chain("blocked", chain_of(leaf))).status, disabled);
    EXPECT_EQ(provision(with_chain("other", chain_of(make_leaf("other", &ca)))).status, assigned);
    EXPECT_EQ(hubs.writes(), calls + 1);
}

TEST_F(Registration, WithoutAHubItFailsWith400208) {
    change([](Instance& next) { next.hubs.clear(); });
    const OperationStatus ended = provision(request);
    EXPECT_EQ(ended.status, failed);
    EXPECT_EQ(ended.record->failure->error_code, 400208);
    EXPECT_GT(ended.record->stamp.version, 0) << "records exist after failures too";
    change([](Instance& next) { next.hubs = test_instance().hubs; });
    EXPECT_EQ(provision(request).status, assigned);
}

TEST_F(Registration, CustomAllocationFailsWith400207) {
    EnrollmentTerms terms{.allocation_policy = AllocationPolicy::custom};
    terms.custom_allocation =
        parse_json_object(R"({"webhookUrl":"https://web.hook","apiVersion":"2019-03-31"})").value();
    set_terms(terms);
    const OperationStatus ended = provision(request);
    EXPECT_EQ(ended.status, failed);
    EXPECT_EQ(ended.record->failure->error_code, 400207);
}

TEST_F(Registration, TpmIsRefusedClearly) {
    put(individual("tpm", TpmAttestation{.endorsement_key = "AToAAQ=="}));
    EXPECT_EQ(refusal(with_key("tpm", key_a)), Code::unsupported);
}

TEST_F(Registration, AnUnlinkedHubIsReplaced) {
    const HubName hub = provision(request).record->assignment->hub;
    change([&](Instance& next) {
        std::erase_if(next.hubs, [&](const LinkedHub& one) { return one.name == hub; });
        next.former_hubs.push_back({.name = hub});
    });
    restart();
    const OperationStatus ended = provision(request);
    EXPECT_EQ(ended.status, assigned);
    EXPECT_NE(ended.record->assignment->hub, hub);
    EXPECT_EQ(hubs.hubs_with(DeviceId("dev-1")), std::vector{ended.record->assignment->hub});
}

// ---- operation status and lookup ----

TEST_F(Registration, OperationsBelongToOneDeviceAndNeedItsProof) {
    put(individual("dev-2", SymmetricKeyAttestation{test_keys}));
    const OperationId operation = provision(request).operation;
    const auto code = [&](const DeviceRequest& asked, const OperationId& about) {
        return registration->operation_status(asked, about).error().code;
    };
    EXPECT_EQ(code(with_key("dev-1", key_c), operation), Code::unauthenticated);
    EXPECT_EQ(code(with_key("dev-2", key_a), operation), Code::not_found);
    EXPECT_EQ(code(request, OperationId("5.0000000000000000.x")), Code::not_found);
    EXPECT_EQ(code(request, OperationId("")), Code::not_found);
    provision(with_key("dev-2", key_a));
    EXPECT_EQ(code(with_key("dev-2", key_a), operation), Code::not_found);
}

TEST_F(Registration, LookupShowsTheRecord) {
    EXPECT_EQ(registration->lookup(request).error().code, Code::not_found);
    const OperationStatus ended = provision(request);
    const auto found = registration->lookup(with_key("dev-1", key_b));
    ASSERT_TRUE(found);
    EXPECT_EQ(found->stamp.etag, ended.record->stamp.etag);
    EXPECT_EQ(registration->lookup(with_key("dev-1", key_c)).error().code, Code::unauthenticated);
}

TEST_F(Registration, GroupsAreReadOnceForManyDevices) {
    put(group("g", SymmetricKeyAttestation{test_keys}));
    const int before = store.groups_read();
    for (int i = 0; i < 20; ++i) {
        provision(with_group_key("member-" + std::to_string(i), key_a));
    }
    EXPECT_EQ(store.groups_read(), before + 1);
}

// ---- changes in mid plan ----

TEST_F(Registration, DeletingInMidPlanEndsIt) {
    const OperationId operation = begin(request).operation;
    ASSERT_TRUE(enrollments->erase(RegistrationId("dev-1"), {}, test_operator));
    settle();
    EXPECT_EQ(hubs.writes(), 0);
    EXPECT_TRUE(record("dev-1")->erased) << "the hub might have heard of it";
    EXPECT_EQ(enrollments->registration(RegistrationId("dev-1")).error().code, Code::not_found);
    EXPECT_EQ(registration->operation_status(request, operation).error().code, Code::not_found);
}

TEST_F(Registration, DeletingBetweenHubAndStoreLeavesNoRecord) {
    begin(request);
    store.before_next_save(
        [&] { EXPECT_TRUE(enrollments->erase(RegistrationId("dev-1"), {}, test_operator)); });
    settle();
    EXPECT_EQ(hubs.writes(), 1);
    EXPECT_TRUE(record("dev-1")->erased) << "a late word must not bring it back";
    EXPECT_TRUE(record("dev-1")->unconfirmed) << "but it is at a hub";
}

TEST_F(Registration, ALateWordDoesNotEndWhatWasBegunSinceUnderTheSameId) {
    begin(request);
    OperationId second;
    store.before_next_save([&] {
        EXPECT_TRUE(enrollments->erase_registration(RegistrationId("dev-1"), {}, test_operator));
        clock.advance(std::chrono::milliseconds(1));
        second = begin(request).operation;
    });
    settle();
    EXPECT_EQ(record("dev-1")->operation, second);
    EXPECT_EQ(registration->operation_status(request, second)->status, assigned);
    EXPECT_EQ(hubs.hubs_serving(DeviceId("dev-1")).size(), 1U);
}

TEST_F(Registration, DisablingInMidPlanEndsInDisabled) {
    begin(request);
    EnrollmentTerms terms;
    terms.status = ProvisioningStatus::disabled;
    set_terms(terms);
    begin(request);
    settle();
    EXPECT_EQ(record("dev-1")->status, disabled);
    EXPECT_EQ(hubs.writes(), 0);
}

TEST_F(Registration, RecordDeletedAndRegisteredAgainInMidPlanIsCarriedOut) {
    hubs.answer_next(1, {.code = Code::unavailable});
    const OperationId first = begin(request).operation;
    workers.run_all();
    ASSERT_TRUE(enrollments->erase_registration(RegistrationId("dev-1"), {}, test_operator));
    const OperationId second = begin(request).operation;
    EXPECT_NE(second, first);
    settle();
    EXPECT_EQ(poll(second).status, assigned);
    EXPECT_EQ(hubs.hubs_with(DeviceId("dev-1")).size(), 1U);
}

TEST_F(Registration, ConflictsAreDecidedAgainABoundedNumberOfTimes) {
    store.fail_saves(3, Code::conflict);
    EXPECT_EQ(provision(request).status, assigned);
    store.fail_saves(100, Code::conflict);
    const auto begun = registration->register_device(request);
    ASSERT_FALSE(begun);
    EXPECT_EQ(begun.error().code, Code::unavailable);
    EXPECT_EQ(begun.error().retry_after, std::chrono::seconds(3));
}

TEST_F(Registration, AStoreThatIsDownIsSaidSo) {
    store.fail_saves(1, Code::unavailable);
    EXPECT_EQ(refusal(request), Code::unavailable);
    store.fail_reads(1, Code::internal);
    EXPECT_EQ(refusal(request), Code::internal);
    EXPECT_EQ(hubs.writes(), 0);
}

} // namespace
} // namespace muster::provisioning
