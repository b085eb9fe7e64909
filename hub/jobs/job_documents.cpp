#include "hub/jobs/job_documents.h"

#include "base/text.h"

#include <fmt/format.h>

#include <array>
#include <utility>

namespace muster::hub {

namespace {

constexpr std::int64_t execution_seconds_max = 30 * 24 * 3600; // as long as jobs are remembered

/// An enumerator is the index of its name.
constexpr std::array<std::string_view, 2> type_names{"scheduleUpdateTwin", "scheduleDeviceMethod"};
constexpr std::array<std::string_view, 6> status_names{"queued",    "scheduled", "running",
                                                       "completed", "failed",    "cancelled"};
constexpr std::array<std::string_view, 5> row_status_names{"pending", "running", "succeeded",
                                                           "failed", "cancelled"};
/// What clients have for them.
constexpr std::array<std::string_view, 5> shown_row_status_names{"pending", "running", "completed",
                                                                 "failed", "canceled"};

template <class Enum, std::size_t count>
std::optional<Enum> named(const std::array<std::string_view, count>& names, std::string_view text) {
    for (std::size_t index = 0; index < count; ++index) {
        if (equal_ignoring_case(names[index], text)) {
            return static_cast<Enum>(index);
        }
    }
    return std::nullopt;
}

template <class Enum, std::size_t count>
std::string_view name_of(const std::array<std::string_view, count>& names, Enum value) {
    return names[static_cast<std::size_t>(value)];
}

std::string_view action_member(JobType type) {
    return type == JobType::update_twin ? "updateTwin" : "cloudToDeviceMethod";
}

Result<JobType> type_from(const JsonObject& document) {
    const auto text = string_member(document, "type");
    if (!text) {
        return std::unexpected(text.error());
    }
    const auto type = job_type_named(*text);
    if (!type) {
        return fail(Code::malformed, "type must be scheduleUpdateTwin or scheduleDeviceMethod");
    }
    return *type;
}

Result<JsonObject> action_from(const JsonObject& document, JobType type) {
    const std::string_view name = action_member(type);
    const Json* member = find_member(document, name);
    if (member == nullptr || !member->is_object()) {
        return fail(Code::malformed, fmt::format("{} must be an object", name));
    }
    return member->get_object();
}

Result<void> check_twin_action(const JsonObject& action, const JobLimits& limits) {
    const auto etag = string_member(action, "etag", "*");
    if (!etag) {
        return std::unexpected(etag.error());
    }
    if (*etag != "*" && *etag != "\"*\"") {
        return fail(Code::malformed, "updateTwin.etag must be *");
    }
    const auto update = twin_update_from(action);
    if (!update) {
        return std::unexpected(update.error());
    }
    if (!update->tags && !update->desired) {
        return fail(Code::malformed, "updateTwin must have tags or properties.desired");
    }
    // What no twin at all would take is said at once.
    const auto applied = apply_patch(Twin(), *update, WallTime(), limits.twin);
    return applied ? Result<void>() : std::unexpected(applied.error());
}

Result<void> check_method_action(const JsonObject& action, const JobLimits& limits) {
    const auto call = method_call_from(action);
    if (!call) {
        return std::unexpected(call.error());
    }
    if (call->payload && muster::to_text(*call->payload).size() > limits.method_payload_bytes_max) {
        return fail(Code::malformed,
                    fmt::format("the payload is over {} bytes", limits.method_payload_bytes_max));
    }
    return {};
}

Result<std::string> condition_from(const JsonObject& document) {
    auto text = string_member(document, "queryCondition");
    if (text && trim(*text).empty()) {
        return fail(Code::malformed, "queryCondition must be a condition, or * for all devices");
    }
    return text;
}

Result<WallTime> start_from(const JsonObject& document, WallTime now) {
    const auto text = string_member(document, "startTime");
    if (!text) {
        return std::unexpected(text.error());
    }
    if (text->empty()) {
        return now;
    }
    const auto start = parse_time(*text);
    if (!start) {
        return fail(Code::malformed, "startTime must be an ISO 8601 date and time");
    }
    return std::max(*start, now);
}

Result<std::chrono::seconds> execution_from(const JsonObject& document) {
    const Json* member = find_member(document, "maxExecutionTimeInSeconds");
    if (member == nullptr) {
        return Job().max_execution;
    }
    const std::int64_t* seconds = member->if_int64();
    if (seconds == nullptr || *seconds < 1 || *seconds > execution_seconds_max) {
        return fail(Code::malformed,
                    fmt::format("maxExecutionTimeInSeconds must be an integer from 1 to {}",
                                execution_seconds_max));
    }
    return std::chrono::seconds(*seconds);
}

Result<void> check_id(const JobId& id, const JsonObject& document) {
    const auto named = string_member(document, "jobId", id.text());
    if (!named) {
        return std::unexpected(named.error());
    }
    return *named == id.text() ? Result<void>()
                               : fail(Code::malformed, "jobId is not that of the path");
}

Json time_or_null(const std::optional<WallTime>& time) {
    return time ? Json(format_time(*time)) : Json(nullptr);
}

Json text_or_null(const std::string& text) {
    return text.empty() ? Json(nullptr) : Json(text);
}

JsonObject statistics(const JobProgress& progress) {
    return {{"deviceCount", progress.total()},
            {"failedCount", progress.failed},
            {"succeededCount", progress.succeeded},
            {"runningCount", progress.running},
            {"pendingCount", progress.pending}};
}

} // namespace

Result<JobId> parse_job_id(std::string_view text) {
    std::string same(text);
    std::ranges::replace(same, ';', ':'); // the one character that only jobs may have
    if (!parse_device_id(same)) {
        return fail(Code::malformed,
                    "a job id has 1 to 128 letters, digits and -:.+%_#*?!(),=@;$'");
    }
    return JobId(std::string(text));
}

std::string_view to_text(JobType type) {
    return name_of(type_names, type);
}

std::string_view to_text(JobStatus status) {
    return name_of(status_names, status);
}

std::string_view to_text(DeviceJobStatus status) {
    return name_of(row_status_names, status);
}

std::optional<JobType> job_type_named(std::string_view text) {
    return named<JobType>(type_names, text);
}

std::optional<JobStatus> job_status_named(std::string_view text) {
    return named<JobStatus>(status_names, text);
}

std::optional<DeviceJobStatus> device_job_status_named(std::string_view text) {
    return named<DeviceJobStatus>(row_status_names, text);
}

Result<Job> job_from(const JobId& id, const JsonObject& document, WallTime now,
                     const JobLimits& limits) {
    if (auto fine = check_id(id, document); !fine) {
        return std::unexpected(std::move(fine.error()));
    }
    const auto type = type_from(document);
    if (!type) {
        return std::unexpected(type.error());
    }
    auto action = action_from(document, *type);
    if (!action) {
        return std::unexpected(std::move(action.error()));
    }
    auto fine = *type == JobType::update_twin ? check_twin_action(*action, limits)
                                              : check_method_action(*action, limits);
    if (!fine) {
        return std::unexpected(std::move(fine.error()));
    }
    auto condition = condition_from(document);
    if (!condition) {
        return std::unexpected(std::move(condition.error()));
    }
    const auto start = start_from(document, now);
    if (!start) {
        return std::unexpected(start.error());
    }
    const auto execution = execution_from(document);
    if (!execution) {
        return std::unexpected(execution.error());
    }
    Job job;
    job.id = id;
    job.version = 1;
    job.type = *type;
    job.condition = std::move(*condition);
    job.action = std::move(*action);
    job.created = now;
    job.start = *start;
    job.max_execution = *execution;
    return job;
}

Result<TwinUpdate> twin_update_of(const Job& job) {
    return twin_update_from(job.action);
}

Result<MethodCall> method_call_of(const Job& job) {
    return method_call_from(job.action);
}

JsonObject to_document(const Job& job) {
    return {{"jobId", job.id.text()},
            {"queryCondition", job.condition},
            {"createdTime", format_time(job.created)},
            {"startTime", format_time(job.start)},
            {"endTime", time_or_null(job.ended)},
            {"maxExecutionTimeInSeconds", job.max_execution.count()},
            {"type", to_text(job.type)},
            {action_member(job.type), job.action},
            {"status", to_text(job.status)},
            {"failureReason", text_or_null(job.failure_reason)},
            {"statusMessage", nullptr},
            {"deviceJobStatistics", statistics(job.progress)}};
}

JsonObject to_document(const DeviceJob& row) {
    JsonObject document{{"deviceId", row.identity.device.text()}};
    if (row.identity.is_module()) {
        document["moduleId"] = row.identity.module.text();
    }
    document["jobId"] = row.job.text();
    document["jobType"] = to_text(row.type);
    document["status"] = name_of(shown_row_status_names, row.status);
    document["startTimeUtc"] = time_or_null(row.began);
    document["endTimeUtc"] = time_or_null(row.ended);
    document["createdDateTimeUtc"] = format_time(row.created);
    document["lastUpdatedDateTimeUtc"] = format_time(row.updated);
    document["outcome"] = JsonObject{
        {"deviceMethodResponse", row.method_response ? Json(*row.method_response) : nullptr}};
    if (!row.error_code.empty()) {
        document["error"] = JsonObject{{"code", row.error_code}, {"description", row.error_text}};
    }
    return document;
}

} // namespace muster::hub
