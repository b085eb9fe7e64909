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

TEST(StateDocument, AnOldFailureIsNotShownWhileSomethingIsUnderWay) {
    RegistrationRecord record = assigned_record();
    record.failure = Failure{403000, "off"};
    for (const auto status : {RegistrationStatus::assigning, RegistrationStatus::assigned}) {
        record.status = status;
        EXPECT_FALSE(to_device_document(record).contains("errorCode"));
    }
}

TEST(StateDocument, WhatIsLeftToDoIsNobodysBusiness) {
    const JsonObject before = to_device_document(assigned_record());
    RegistrationRecord record = assigned_record();
    record.chores = {Chore{.place = record.assignment->place(), .token = MoveToken("t")}};
    record.unconfirmed = record.assignment->place();
    record.held_at = HubName("hub-9");
    record.moved = {test_time};
    record.registered = {test_time};
    record.assignment->since = test_time;
    EXPECT_EQ(to_device_document(record), before);
}

Plan full_plan() {
    return {.kind = PlanKind::move,
            .hub = HubName("hub-2"),
            .provision = {.device_id = DeviceId("D"),
                          .credential = HubKeys{test_keys},
                          .iot_edge = true,
                          .initial_twin = {.tags = {{"a", 1}}, .desired = {{"b", nullptr}}}},
            .stage = PlanStage::fenced,
            .origin = PlanOrigin::operation,
            .twin = TwinSource::initial,
            .from = Place{HubName("hub-1"), DeviceId("C")},
            .token = MoveToken("0123456789abcdef"),
            .question = Question{.payload = Json{{"a", 1}},
                                 .attestation = {{"x509", JsonObject()}},
                                 .api_version = "2021-06-01",
                                 .peer_address = "192.0.2.7"},
            .payload = JsonObject{{"p", 1}},
            .operation = "op-1"};
}

/// Everything a record can hold.
RegistrationRecord full_record() {
    RegistrationRecord record = assigned_record();
    record.status = RegistrationStatus::assigning;
    record.assignment->substatus = Substatus::device_data_reset;
    record.assignment->since = test_time;
    record.plan = full_plan();
    record.unconfirmed = Place{HubName("hub-3"), DeviceId("E")};
    record.chores = {Chore{.kind = ChoreKind::release,
                           .place = {HubName("hub-1"), DeviceId("C")},
                           .token = MoveToken("aa"),
                           .tries = 3,
                           .problem = "unreachable",
                           .since = test_time},
                     Chore{.kind = ChoreKind::erase,
                           .place = {HubName("hub-2"), DeviceId("D")},
                           .token = MoveToken("bb"),
                           .since = test_time}};
    record.held_at = HubName("hub-9");
    record.moved = {test_time + 1h, test_time};
    record.registered = {test_time + 2h, test_time + 1h, test_time};
    record.erased = true;
    record.payload = JsonObject{{"p", 1}};
    return record;
}

/// And the alternatives to what it holds.
std::vector<RegistrationRecord> full_records() {
    std::vector<RegistrationRecord> records{assigned_record(), full_record()};
    const std::optional<HubCredential> credentials[] = {
        HubThumbprints{"AA", "BB"}, HubCertificateAuthority(), HubNoCredential(), std::nullopt};
    for (const auto& credential : credentials) {
        records.push_back(full_record());
        records.back().plan->provision.credential = credential;
    }
    using enum PlanKind;
    for (const PlanKind kind : {ask, keep, assign, reset, PlanKind::move}) {
        records.push_back(full_record());
        records.back().plan->kind = kind;
    }
    for (const PlanStage stage : {PlanStage::begun, PlanStage::fenced, PlanStage::decided}) {
        records.push_back(full_record());
        records.back().plan->stage = stage;
    }
    RegistrationRecord plain = full_record();
    plain.plan = Plan{.kind = PlanKind::ask, .provision = full_plan().provision};
    plain.plan->question = Question{};
    plain.decided_by = DecidedByIndividual{RegistrationId("my-device")};
    plain.failure = Failure{500001, "why"};
    records.push_back(plain);
    records.back().plan->question->payload = Json(nullptr);
    return records;
}

TEST(StoredRegistration, ComesBackWhole) {
    for (const RegistrationRecord& record : full_records()) {
        const JsonObject document = to_stored_document(record);
        SCOPED_TRACE(to_text(document));
        const auto again = stored_registration(parse_json_object(to_text(document)).value());
        ASSERT_TRUE(again) << again.error().detail;
        EXPECT_EQ(to_stored_document(*again), document);
        EXPECT_EQ(again->id.text(), record.id.text());
        EXPECT_EQ(again->status, record.status);
        EXPECT_EQ(again->plan, record.plan);
        EXPECT_EQ(again->assignment->substatus, record.assignment->substatus);
        EXPECT_EQ(again->assignment->since, record.assignment->since);
        EXPECT_EQ(again->unconfirmed, record.unconfirmed);
        EXPECT_EQ(again->chores, record.chores);
        EXPECT_EQ(again->held_at, record.held_at);
        EXPECT_EQ(again->moved, record.moved);
        EXPECT_EQ(again->registered, record.registered);
        EXPECT_EQ(again->erased, record.erased);
        EXPECT_EQ(again->earlier_operations, record.earlier_operations);
        EXPECT_EQ(again->stamp.version, record.stamp.version);
        EXPECT_EQ(again->stamp.updated, record.stamp.updated);
        EXPECT_EQ(again->decided_by->index(), record.decided_by->index());
        EXPECT_EQ(to_device_document(*again), to_device_document(record));
    }
}

TEST(StoredRegistration, PlansFromBeforeThereWereMovesAreRead) {
    JsonObject document = to_stored_document(full_record());
    for (const auto* member : {"chores", "heldAt", "moved", "registered", "erased"}) {
        document.erase(member);
    }
    document["assignment"].as_object().erase("since");
    document["plan"] = parse_json(R"({"hub":"hub-2","deviceId":"D","kind":"keep","iotEdge":true,
        "credential":{"thumbprints":{"primary":"AA","secondary":"BB"}},
        "tags":{},"desired":{}})")
                           .value();
    const auto read = stored_registration(document);
    ASSERT_TRUE(read) << read.error().detail;
    EXPECT_EQ(read->plan, (Plan{.kind = PlanKind::keep,
                                .hub = HubName("hub-2"),
                                .provision = {.device_id = DeviceId("D"),
                                              .credential = HubThumbprints{"AA", "BB"},
                                              .iot_edge = true}}));
    EXPECT_EQ(read->unconfirmed, full_record().unconfirmed);
    EXPECT_TRUE(read->chores.empty());
    EXPECT_FALSE(read->erased);
}

TEST(StoredRegistration, DamageIsNoticed) {
    const JsonObject whole = to_stored_document(full_record());
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
    for (const auto* member : {"kind", "stage", "origin", "twin"}) {
        JsonObject damaged = whole;
        damaged["plan"].as_object()[member] = "odd";
        const auto read = stored_registration(damaged);
        ASSERT_FALSE(read) << member;
        EXPECT_EQ(read.error().detail, "plan." + std::string(member) + " has an unknown value");
    }
    for (const auto* member : {"kind", "hub", "deviceId", "token", "since"}) {
        JsonObject damaged = whole;
        damaged["chores"].as_array().front().as_object().erase(member);
        EXPECT_FALSE(stored_registration(damaged)) << member;
    }
    for (const auto* member : {"moved", "registered", "chores"}) {
        JsonObject damaged = whole;
        damaged[member] = JsonArray{7};
        EXPECT_FALSE(stored_registration(damaged)) << member;
    }
    JsonObject damaged = whole;
    damaged["status"] = "odd";
    EXPECT_FALSE(stored_registration(damaged));
}

} // namespace
} // namespace muster::provisioning
