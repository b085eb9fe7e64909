// A registration record as the stores keep it. It holds what a hub must be told, keys included, so
// it is never shown to anybody.

#include "provisioning/documents.h"
#include "provisioning/documents/members.h"
#include "provisioning/documents/names.h"
#include "provisioning/documents/stored_plan.h"
#include "provisioning/documents/terms_document.h"

namespace muster::provisioning {

namespace {

// ---- writing ----

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

JsonArray times_document(const std::vector<WallTime>& times) {
    JsonArray document;
    for (const WallTime time : times) {
        document.emplace_back(format_time(time));
    }
    return document;
}

JsonObject assignment_document(const Assignment& assignment) {
    JsonObject document = place_document(assignment.place());
    document["substatus"] = to_string(assignment.substatus);
    if (assignment.since) {
        document["since"] = format_time(*assignment.since);
    }
    return document;
}

/// What most records do not have.
void write_rest(JsonObject& document, const RegistrationRecord& record) {
    if (!record.chores.empty()) {
        document["chores"] = chores_document(record.chores);
    }
    if (record.held_at) {
        document["heldAt"] = record.held_at->text();
    }
    if (record.block) {
        document["block"] = JsonObject{{"since", format_time(record.block->since)},
                                       {"reason", record.block->reason}};
    }
    if (!record.moved.empty()) {
        document["moved"] = times_document(record.moved);
    }
    if (!record.registered.empty()) {
        document["registered"] = times_document(record.registered);
    }
    if (record.erased) {
        document["erased"] = true;
    }
    if (record.payload) {
        document["payload"] = *record.payload;
    }
    if (record.attestation_note) {
        document["attestationNote"] = *record.attestation_note;
    }
}

// ---- reading ----

std::vector<WallTime> read_times(MemberReader& members, std::string_view key) {
    std::vector<WallTime> times;
    const JsonArray* document = members.array(key);
    for (const Json& one : document == nullptr ? JsonArray() : *document) {
        const auto time = one.is_string() ? parse_time(std::string_view(one.as_string()))
                                          : Result<WallTime>(fail(Code::malformed, "no text"));
        if (!time) {
            members.refuse(key, "must hold times");
            break;
        }
        times.push_back(*time);
    }
    return times;
}

std::optional<WallTime> read_time(MemberReader& members, std::string_view key) {
    const auto text = members.text(key);
    return text ? members.take(key, parse_time(*text)) : std::nullopt;
}

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
            substatus(inner.required_text("substatus")).value_or(Substatus::initial_assignment),
        .since = read_time(inner, "since")};
    members.adopt(inner.verdict());
    return assignment;
}

std::optional<HubName> read_hub(MemberReader& members, std::string_view key) {
    const auto text = members.text(key);
    return text ? std::optional(HubName(*text)) : std::nullopt;
}

std::optional<Block> read_block(MemberReader& members) {
    const JsonObject* document = members.object("block");
    if (document == nullptr) {
        return std::nullopt;
    }
    MemberReader inner(*document, "block.");
    Block block{.since = read_time(inner, "since").value_or(WallTime()),
                .reason = inner.text("reason").value_or("")};
    members.adopt(inner.verdict());
    return block;
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
        document["assignment"] = assignment_document(*record.assignment);
    }
    if (record.plan) {
        document["plan"] = plan_document(*record.plan);
    }
    if (record.unconfirmed) {
        document["unconfirmed"] = place_document(*record.unconfirmed);
    }
    if (record.failure) {
        document["failure"] = JsonObject{{"errorCode", record.failure->error_code},
                                         {"message", record.failure->message}};
    }
    if (record.decided_by) {
        document["decidedBy"] = decider_document(*record.decided_by);
    }
    write_rest(document, record);
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
        .unconfirmed = read_place(members, "unconfirmed"),
        .chores = read_chores(members),
        .held_at = read_hub(members, "heldAt"),
        .block = read_block(members),
        .moved = read_times(members, "moved"),
        .registered = read_times(members, "registered"),
        .erased = members.flag("erased").value_or(false),
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
