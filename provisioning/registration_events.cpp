#include "provisioning/registration_events.h"

#include "base/check.h"
#include "provisioning/documents.h"
#include "provisioning/refusals.h"

#include <ranges>
#include <utility>

namespace muster::provisioning {

namespace {

std::string group_of(const RegistrationRecord& record) {
    const auto* decider =
        record.decided_by ? std::get_if<DecidedByGroup>(&*record.decided_by) : nullptr;
    return decider == nullptr ? std::string() : decider->id.text();
}

/// The last one considered.
std::string group_of(const Explanation& explanation) {
    for (const Considered& one : std::views::reverse(explanation.considered)) {
        if (one.kind == "enrollmentGroup") {
            return one.id;
        }
    }
    return {};
}

void describe_request(JsonObject& detail, const DeviceRequest& request) {
    detail["peer"] = request.peer_address;
    if (!request.client_version.empty()) {
        detail["clientVersion"] = in_quotes(request.client_version);
    }
}

/// The edge tells an unknown registration from an unknown enrollment; so does the journal.
int error_code_of(const Refused& refused) {
    const auto& findings = refused.explanation.findings;
    if (refused.error.code == Code::not_found && !findings.empty()) {
        return catalogue_entry(findings.back().code).device_error_code;
    }
    return device_error_code(refused.error.code);
}

DeviceEventKind kind_of(const RegistrationRecord& record) {
    switch (record.status) {
    case RegistrationStatus::assigned: return DeviceEventKind::assigned;
    case RegistrationStatus::unassigned: // an operator's plan that was given up
    case RegistrationStatus::failed: return DeviceEventKind::failed;
    case RegistrationStatus::disabled: return DeviceEventKind::declined;
    case RegistrationStatus::assigning: break;
    }
    CHECK(false);
    return DeviceEventKind::failed;
}

/// What the record says now; the explanation beside it.
JsonObject describe(const RegistrationRecord& record, const Explanation& explanation) {
    JsonObject detail = to_document(explanation);
    detail["operationId"] = record.operation.text();
    if (record.failure) {
        detail["errorCode"] = record.failure->error_code;
        detail["errorMessage"] = record.failure->message;
    }
    if (record.status == RegistrationStatus::assigned) {
        detail["assignedHub"] = record.assignment->hub.text();
        detail["deviceId"] = record.assignment->device_id.text();
    }
    return detail;
}

bool same_place(const std::optional<Assignment>& left, const std::optional<Assignment>& right) {
    if (!left || !right) {
        return left.has_value() == right.has_value();
    }
    return left->hub == right->hub && left->device_id == right->device_id;
}

std::string action_of(const RegistrationRecord& before, const RegistrationRecord& after) {
    CHECK(after.assignment); // a record never loses its assignment but with itself
    return before.assignment ? "registration.reassign" : "registration.assign";
}

/// As an operator saw it before the plan under way was made.
std::optional<JsonObject> assigned_state(RegistrationRecord record) {
    if (!record.assignment) {
        return std::nullopt;
    }
    record.status = RegistrationStatus::assigned;
    return to_state_document(record);
}

} // namespace

DeviceEvent refused_event(const Refused& refused, WallTime at) {
    JsonObject detail = to_document(refused.explanation);
    detail["call"] = refused.call;
    detail["errorCode"] = error_code_of(refused);
    describe_request(detail, refused.request);
    return {.sequence = 0,
            .at = at,
            .kind = DeviceEventKind::refused,
            .registration_id = refused.request.id.text(),
            .tracking_id = refused.request.tracking.text(),
            .group = group_of(refused.explanation),
            .detail = std::move(detail)};
}

DeviceEvent declined_event(const RegistrationRecord& saved, const DeviceRequest& request,
                           const Explanation& explanation) {
    JsonObject detail = describe(saved, explanation);
    describe_request(detail, request);
    return {.sequence = 0,
            .at = saved.stamp.updated,
            .kind = DeviceEventKind::declined,
            .registration_id = request.id.text(),
            .tracking_id = request.tracking.text(),
            .group = group_of(saved),
            .detail = std::move(detail)};
}

DeviceEvent ended_event(const RegistrationRecord& saved, const TrackingId& tracking,
                        const Explanation& explanation) {
    return {.sequence = 0,
            .at = saved.stamp.updated,
            .kind = kind_of(saved),
            .registration_id = saved.id.text(),
            .tracking_id = tracking.text(),
            .group = group_of(saved),
            .detail = describe(saved, explanation)};
}

std::optional<Change> assignment_change(const RegistrationRecord& before,
                                        const RegistrationRecord& after) {
    if (same_place(before.assignment, after.assignment)) {
        return std::nullopt;
    }
    return Change{.at = after.stamp.updated,
                  .by = {"device:" + after.id.text()},
                  .action = action_of(before, after),
                  .resource = "registration/" + after.id.text(),
                  .before = assigned_state(before),
                  .after = assigned_state(after)};
}

} // namespace muster::provisioning
