#include "provisioning/documents.h"
#include "provisioning/test_world.h"

namespace muster::provisioning {
namespace {

RegistrationRecord assigned_record() {
    return {
        .id = RegistrationId("my-Device"),
        .status = RegistrationStatus::assigned,
        .assignment = Assignment{.hub = HubName("hub-1.example.net"),
                                 .device_id = DeviceId("my-Device"),
                                 .substatus = Substatus::initial_assignment},
        .plan = {},
        .unconfirmed = {},
        .failure = {},
        .decided_by = DecidedByGroup{EnrollmentGroupId("g")},
        .operation = OperationId("5.0.a"),
        .earlier_operations = {OperationId("5.0.b"), OperationId("5.0.c")},
        .payload = {},
        .attestation_note = JsonObject{{"x509", JsonObject()}},
        .stamp = {.version = 7,
                  .etag = ETag("IjAwIg=="),
                  .created = test_time,
                  .updated = test_time + std::chrono::microseconds(5)},
    };
}

TEST(StateDocument, AssignedAsTheServicePrintsIt) {
    EXPECT_EQ(
        to_text(to_state_document(assigned_record())),
        R"({"registrationId":"my-Device","createdDateTimeUtc":"2030-01-01T00:00:00.0000000Z",)"
        R"("assignedHub":"hub-1.example.net","deviceId":"my-Device","status":"assigned",)"
        R"("substatus":"initialAssignment",)"
        R"("lastUpdatedDateTimeUtc":"2030-01-01T00:00:00.0000050Z","etag":"IjAwIg=="})");
}

TEST(StateDocument, NeverRegisteredIsUnassigned) {
    // DPS-SERVICE-16, DPS-SERVICE-27
    EXPECT_EQ(to_text(to_state_document(RegistrationRecord{.id = RegistrationId("a")})),
              R"({"registrationId":"a","status":"unassigned"})");
}

TEST(DeviceDocument, IsTheStateWithItsAttestation) {
    // DPS-SERVICE-39, DPS-DEVICE-11, DPS-DEVICE-12, DPS-DEVICE-16, DPS-DEVICE-17
    JsonObject wanted = to_state_document(assigned_record());
    wanted["x509"] = JsonObject();
    EXPECT_EQ(to_text(to_device_document(assigned_record())), to_text(wanted));
    RegistrationRecord record = assigned_record();
    record.attestation_note = JsonObject{{"symmetricKey", JsonObject{{"enrollmentGroupId", "g"}}}};
    EXPECT_EQ(to_text(to_device_document(record).at("symmetricKey")),
              R"({"enrollmentGroupId":"g"})");
}

TEST(DeviceDocument, FailureNamesNoHubEvenIfThereWasOne) {
    // DPS-DEVICE-13: absent members are omitted
    RegistrationRecord record = assigned_record();
    record.status = RegistrationStatus::failed;
    record.failure = Failure{400207, "no webhook"};
    record.payload = JsonObject{{"a", 1}};
    EXPECT_EQ(
        to_text(to_device_document(record)),
        R"({"registrationId":"my-Device","createdDateTimeUtc":"2030-01-01T00:00:00.0000000Z",)"
        R"("status":"failed","errorCode":400207,"errorMessage":"no webhook",)"
        R"("lastUpdatedDateTimeUtc":"2030-01-01T00:00:00.0000050Z","etag":"IjAwIg==",)"
        R"("x509":{}})");
}

TEST(DeviceDocument, AssigningNamesNoHub) {
    RegistrationRecord record = assigned_record();
    record.status = RegistrationStatus::assigning;
    const JsonObject document = to_device_document(record);
    EXPECT_EQ(document.at("status"), "assigning");
    EXPECT_FALSE(document.contains("assignedHub"));
    EXPECT_FALSE(document.contains("substatus"));
}

TEST(DeviceDocument, PayloadIsAnObject) {
    // DPS-DEVICE-15
    RegistrationRecord record = assigned_record();
    record.payload = JsonObject{{"a", 1}};
    EXPECT_EQ(to_text(to_device_document(record).at("payload")), R"({"a":1})");
}

TEST(StatusNames, AreTheOnesOfTheReference) {
    // DPS-DEVICE-14: lower case
    using enum RegistrationStatus;
    EXPECT_EQ(to_string(assigning), "assigning");
    EXPECT_EQ(to_string(assigned), "assigned");
    EXPECT_EQ(to_string(failed), "failed");
    EXPECT_EQ(to_string(disabled), "disabled");
    EXPECT_EQ(to_string(unassigned), "unassigned");
    EXPECT_EQ(to_string(Substatus::device_data_migrated), "deviceDataMigrated");
    EXPECT_EQ(to_string(Substatus::device_data_reset), "deviceDataReset");
    EXPECT_EQ(to_string(Substatus::reprovisioned_to_initial_assignment),
              "reprovisionedToInitialAssignment");
}

/// Everything a record can hold, twice: with keys and with thumbprints.
std::vector<RegistrationRecord> full_records() {
    RegistrationRecord record = assigned_record();
    record.status = RegistrationStatus::assigning;
    record.assignment->substatus = Substatus::device_data_reset;
    record.plan =
        Plan{.kind = PlanKind::keep,
             .hub = HubName("hub-2"),
             .provision = {.device_id = DeviceId("D"),
                           .credential = HubKeys{test_keys},
                           .iot_edge = true,
                           .initial_twin = {.tags = {{"a", 1}}, .desired = {{"b", nullptr}}}}};
    record.unconfirmed = UnconfirmedPlace{HubName("hub-3"), DeviceId("E")};
    record.payload = JsonObject{{"p", 1}};
    RegistrationRecord other = record;
    other.plan->kind = PlanKind::assign;
    other.plan->provision.credential = HubThumbprints{"AA", "BB"};
    other.decided_by = DecidedByIndividual{RegistrationId("my-device")};
    other.failure = Failure{500001, "why"};
    return {record, other, assigned_record()};
}

TEST(StoredRegistration, ComesBackWhole) {
    for (const RegistrationRecord& record : full_records()) {
        const auto again = stored_registration(to_stored_document(record));
        ASSERT_TRUE(again) << again.error().detail;
        EXPECT_EQ(to_stored_document(*again), to_stored_document(record));
        EXPECT_EQ(again->id.text(), record.id.text());
        EXPECT_EQ(again->status, record.status);
        EXPECT_EQ(again->plan, record.plan);
        EXPECT_EQ(again->assignment->substatus, record.assignment->substatus);
        EXPECT_EQ(again->earlier_operations, record.earlier_operations);
        EXPECT_EQ(again->stamp.version, record.stamp.version);
        EXPECT_EQ(again->stamp.updated, record.stamp.updated);
        EXPECT_EQ(again->decided_by->index(), record.decided_by->index());
        EXPECT_EQ(to_device_document(*again), to_device_document(record));
    }
}

TEST(StoredRegistration, DamageIsNoticed) {
    const JsonObject whole = to_stored_document(full_records().front());
    for (const auto* member :
         {"registrationId", "status", "operation", "etag", "version", "createdDateTimeUtc"}) {
        JsonObject damaged = whole;
        damaged.erase(member);
        EXPECT_FALSE(stored_registration(damaged)) << member;
    }
    for (const auto* member : {"hub", "deviceId", "credential", "kind", "tags"}) {
        JsonObject damaged = whole;
        damaged["plan"].as_object().erase(member);
        const auto read = stored_registration(damaged);
        ASSERT_FALSE(read) << member;
        EXPECT_EQ(read.error().detail, "plan." + std::string(member) + " is required");
    }
    JsonObject damaged = whole;
    damaged["status"] = "odd";
    EXPECT_FALSE(stored_registration(damaged));
}

} // namespace
} // namespace muster::provisioning
