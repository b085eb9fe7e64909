// An operation as a JSON object: what is stored, and what an operator sees.

#include "provisioning/fleet/operation_document.h"

#include "provisioning/documents/members.h"
#include "provisioning/fleet/operation.h"

#include <cmath>
#include <limits>
#include <utility>

namespace muster::provisioning {

namespace {

/// 50 rather than 5E1.
Json number_of(double value) {
    if (value == std::floor(value) && std::abs(value) < 1e15) {
        return static_cast<std::int64_t>(value);
    }
    return value;
}

JsonObject to_document(const OperationLimits& limits) {
    return {{"perSecond", number_of(limits.per_second)},
            {"concurrency", limits.concurrency},
            {"failuresMax", limits.failures_max}};
}

JsonObject to_document(const OperationProgress& progress) {
    return {{"total", progress.total},   {"lookedAt", progress.looked_at},
            {"moved", progress.moved},   {"stayed", progress.stayed},
            {"failed", progress.failed}, {"failedSinceResumed", progress.failed_since_resumed}};
}

int to_int(std::int64_t value) {
    return static_cast<int>(std::clamp<std::int64_t>(value, -1, std::numeric_limits<int>::max()));
}

OperationProgress read_progress(const JsonObject& document, MemberReader& outer) {
    MemberReader members(document, "progress.");
    const OperationProgress progress{.total = members.number("total").value_or(0),
                                     .looked_at = members.number("lookedAt").value_or(0),
                                     .moved = members.number("moved").value_or(0),
                                     .stayed = members.number("stayed").value_or(0),
                                     .failed = members.number("failed").value_or(0),
                                     .failed_since_resumed =
                                         members.number("failedSinceResumed").value_or(0)};
    outer.adopt(members.verdict());
    return progress;
}

std::vector<std::string> read_failures(const JsonArray* texts, MemberReader& members) {
    std::vector<std::string> failures;
    for (const Json& text : texts == nullptr ? JsonArray() : *texts) {
        if (!text.is_string()) {
            members.refuse("failures", "must hold texts");
            break;
        }
        failures.emplace_back(text.as_string());
    }
    return failures;
}

template <class Value>
Value named(std::string_view key, std::optional<Value> value, MemberReader& members) {
    if (!value) {
        members.refuse(key, "is none of those known");
    }
    return value.value_or(Value());
}

FleetOperation read_operation(MemberReader& members) {
    FleetOperation operation;
    operation.id = members.required_text("id");
    operation.kind = named("kind", parse_operation_kind(members.required_text("kind")), members);
    operation.state =
        named("state", parse_operation_state(members.required_text("state")), members);
    if (const auto hub = members.text("hub")) {
        operation.hub = HubName(*hub);
    }
    if (const auto group = members.text("group")) {
        operation.group = EnrollmentGroupId(*group);
    }
    operation.limits = members.take("limits", read_limits(members.required_object("limits"), {}))
                           .value_or(OperationLimits());
    operation.progress = read_progress(members.required_object("progress"), members);
    operation.after = members.text("after").value_or("");
    operation.failures = read_failures(members.array("failures"), members);
    operation.begun_by = {members.text("begunBy").value_or("")};
    operation.begun =
        members.take("begun", parse_time(members.required_text("begun"))).value_or(WallTime());
    if (const auto ended = members.text("ended")) {
        operation.ended = members.take("ended", parse_time(*ended));
    }
    operation.version = members.number("version").value_or(0);
    return operation;
}

} // namespace

Result<OperationLimits> read_limits(const JsonObject& document, const OperationLimits& defaults) {
    MemberReader members(document);
    OperationLimits limits = defaults;
    if (const Json* rate = find_member(document, "perSecond")) {
        if (!rate->is_number()) {
            return fail(Code::malformed, "perSecond must be a number");
        }
        limits.per_second = rate->to_number<double>();
    }
    limits.concurrency = to_int(members.number("concurrency").value_or(limits.concurrency));
    limits.failures_max = to_int(members.number("failuresMax").value_or(limits.failures_max));
    if (auto verdict = members.verdict(); !verdict) {
        return std::unexpected(std::move(verdict).error());
    }
    if (auto checked = check_limits(limits); !checked) {
        return std::unexpected(std::move(checked).error());
    }
    return limits;
}

JsonObject to_document(const FleetOperation& operation) {
    JsonObject document{{"id", operation.id},
                        {"kind", to_string(operation.kind)},
                        {"state", to_string(operation.state)}};
    if (operation.hub) {
        document["hub"] = operation.hub->text();
    }
    if (operation.group) {
        document["group"] = operation.group->text();
    }
    document["limits"] = to_document(operation.limits);
    document["progress"] = to_document(operation.progress);
    document["after"] = operation.after;
    document["failures"] = JsonArray(operation.failures.begin(), operation.failures.end());
    document["begunBy"] = operation.begun_by.name;
    document["begun"] = format_time(operation.begun);
    if (operation.ended) {
        document["ended"] = format_time(*operation.ended);
    }
    document["version"] = operation.version;
    return document;
}

Result<FleetOperation> fleet_operation_from(const JsonObject& document) {
    MemberReader members(document);
    FleetOperation operation = read_operation(members);
    if (auto verdict = members.verdict(); !verdict) {
        return std::unexpected(std::move(verdict).error());
    }
    return operation;
}

} // namespace muster::provisioning
