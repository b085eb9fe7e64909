// A registration record as the stores keep it. It holds what a hub must be told, keys included, so
// it is never shown to anybody.

#include "provisioning/documents.h"
#include "provisioning/documents/attestation_document.h"
#include "provisioning/documents/members.h"
#include "provisioning/documents/names.h"
#include "provisioning/documents/terms_document.h"

namespace muster::provisioning {

namespace {

// ---- writing ----

JsonObject place_document(const HubName& hub, const DeviceId& device) {
    return {{"hub", hub.text()}, {"deviceId", device.text()}};
}

JsonObject credential_document(const HubCredential& credential) {
    if (const auto* keys = std::get_if<HubKeys>(&credential)) {
        return {{"keys", keys_document(keys->keys)}};
    }
    const auto& thumbprints = std::get<HubThumbprints>(credential);
    return {{"thumbprints",
             JsonObject{{"primary", thumbprints.primary}, {"secondary", thumbprints.secondary}}}};
}

JsonObject plan_document(const Plan& plan) {
    JsonObject document = place_document(plan.hub, plan.provision.device_id);
    document["kind"] = plan.kind == PlanKind::keep ? "keep" : "assign";
    document["credential"] = credential_document(plan.provision.credential);
    document["iotEdge"] = plan.provision.iot_edge;
    document["tags"] = plan.provision.initial_twin.tags;
    document["desired"] = plan.provision.initial_twin.desired;
    return document;
}

JsonObject decider_document(const DecidedBy& decided_by) {
    if (const auto* group = std::get_if<DecidedByGroup>(&decided_by)) {
        return {{"enrollmentGroupId", group->id.text()}};
    }
    return {{"registrationId", std::get<DecidedByIndividual>(decided_by).id.text()}};
}

JsonArray operations_document(const std::vector<OperationId>& operations) {
    JsonArray document;
    for (const OperationId& operation : operations) {
        document.emplace_back(operation.text());
    }
    return document;
}

// ---- reading ----

std::optional<Assignment> read_assignment(MemberReader& members) {
    const JsonObject* document = members.object("assignment");
    if (document == nullptr) {
        return std::nullopt;
    }
    MemberReader inner(*document, "assignment.");
    Assignment assignment{
        .hub = HubName(inner.required_text("hub")),
        .device_id = DeviceId(inner.required_text("deviceId")),
        .substatus =
            substatus(inner.required_text("substatus")).value_or(Substatus::initial_assignment)};
    members.adopt(inner.verdict());
    return assignment;
}

std::optional<UnconfirmedPlace> read_unconfirmed(MemberReader& members) {
    const JsonObject* document = members.object("unconfirmed");
    if (document == nullptr) {
        return std::nullopt;
    }
    MemberReader inner(*document, "unconfirmed.");
    UnconfirmedPlace place{.hub = HubName(inner.required_text("hub")),
                           .device_id = DeviceId(inner.required_text("deviceId"))};
    members.adopt(inner.verdict());
    return place;
}

HubCredential read_credential(MemberReader& members) {
    MemberReader credential(members.required_object("credential"), "plan.credential.");
    if (const JsonObject* keys = credential.object("keys"); keys != nullptr) {
        Result<SymmetricKeys> read = read_keys(*keys, "plan.credential.keys.");
        if (read) {
            return HubKeys{*std::move(read)};
        }
        members.adopt(std::unexpected(std::move(read).error()));
        return {};
    }
    MemberReader thumbprints(credential.required_object("thumbprints"),
                             "plan.credential.thumbprints.");
    HubThumbprints read{.primary = thumbprints.required_text("primary"),
                        .secondary = thumbprints.required_text("secondary")};
    members.adopt(thumbprints.verdict());
    return read;
}

std::optional<Plan> read_plan(MemberReader& members) {
    const JsonObject* document = members.object("plan");
    if (document == nullptr) {
        return std::nullopt;
    }
    MemberReader inner(*document, "plan.");
    Plan plan{
        .kind = inner.required_text("kind") == "keep" ? PlanKind::keep : PlanKind::assign,
        .hub = HubName(inner.required_text("hub")),
        .provision = {.device_id = DeviceId(inner.required_text("deviceId")),
                      .credential = read_credential(inner),
                      .iot_edge = inner.flag("iotEdge").value_or(false),
                      .initial_twin = {.tags = inner.required_object("tags"),
                                       .desired = inner.required_object("desired")}},
    };
    members.adopt(inner.verdict());
    return plan;
}

std::optional<Failure> read_failure(MemberReader& members) {
    const JsonObject* document = members.object("failure");
    if (document == nullptr) {
        return std::nullopt;
    }
    MemberReader inner(*document, "failure.");
    Failure failure{.error_code = static_cast<int>(inner.number("errorCode").value_or(0)),
                    .message = inner.required_text("message")};
    members.adopt(inner.verdict());
    return failure;
}

std::optional<DecidedBy> read_decider(MemberReader& members) {
    const JsonObject* document = members.object("decidedBy");
    if (document == nullptr) {
        return std::nullopt;
    }
    MemberReader inner(*document, "decidedBy.");
    const std::string group = inner.text("enrollmentGroupId").value_or("");
    if (!group.empty()) {
        return DecidedByGroup{EnrollmentGroupId(group)};
    }
    const std::string individual = inner.required_text("registrationId");
    members.adopt(inner.verdict());
    return DecidedByIndividual{RegistrationId(individual)};
}

std::vector<OperationId> read_operations(MemberReader& members) {
    std::vector<OperationId> operations;
    const JsonArray* document = members.array("earlierOperations");
    for (const Json& operation : document == nullptr ? JsonArray() : *document) {
        if (operation.is_string()) {
            operations.emplace_back(std::string(operation.as_string()));
        }
    }
    return operations;
}

} // namespace

JsonObject to_stored_document(const RegistrationRecord& record) {
    JsonObject document{
        {"registrationId", record.id.text()},
        {"status", to_string(record.status)},
        {"operation", record.operation.text()},
        {"earlierOperations", operations_document(record.earlier_operations)},
        {"etag", record.stamp.etag.text()},
        {"createdDateTimeUtc", format_time(record.stamp.created)},
        {"lastUpdatedDateTimeUtc", format_time(record.stamp.updated)},
    };
    write_version(document, record.stamp);
    if (record.assignment) {
        JsonObject& assignment = (document["assignment"] = place_document(
                                      record.assignment->hub, record.assignment->device_id))
                                     .as_object();
        assignment["substatus"] = to_string(record.assignment->substatus);
    }
    if (record.plan) {
        document["plan"] = plan_document(*record.plan);
    }
    if (record.unconfirmed) {
        document["unconfirmed"] =
            place_document(record.unconfirmed->hub, record.unconfirmed->device_id);
    }
    if (record.failure) {
        document["failure"] = JsonObject{{"errorCode", record.failure->error_code},
                                         {"message", record.failure->message}};
    }
    if (record.decided_by) {
        document["decidedBy"] = decider_document(*record.decided_by);
    }
    if (record.payload) {
        document["payload"] = *record.payload;
    }
    if (record.attestation_note) {
        document["attestationNote"] = *record.attestation_note;
    }
    return document;
}

Result<RegistrationRecord> stored_registration(const JsonObject& document) {
    MemberReader members(document);
    const auto status = registration_status(members.required_text("status"));
    RegistrationRecord record{
        .id = RegistrationId(members.required_text("registrationId")),
        .status = status.value_or(RegistrationStatus::unassigned),
        .assignment = read_assignment(members),
        .plan = read_plan(members),
        .unconfirmed = read_unconfirmed(members),
        .failure = read_failure(members),
        .decided_by = read_decider(members),
        .operation = OperationId(members.required_text("operation")),
        .earlier_operations = read_operations(members),
        .payload = members.copy("payload"),
        .attestation_note = members.copy("attestationNote"),
        .stamp = read_stamp(members),
    };
    if (!status) {
        members.refuse("status", "has an unknown value");
    }
    if (const auto verdict = members.verdict(); !verdict) {
        return std::unexpected(verdict.error());
    }
    return record;
}

} // namespace muster::provisioning
