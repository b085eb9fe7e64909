#pragma once
// Jobs and their rows as documents: what callers send and see (iothub B.9, B.10), and what the
// stores keep. Pure.

#include "base/json.h"
#include "base/result.h"
#include "hub/jobs/job.h"
#include "hub/methods.h"
#include "hub/twin.h"

#include <optional>
#include <string_view>

namespace muster::hub {

std::string_view to_text(JobType type);                       // "scheduleUpdateTwin"
std::string_view to_text(JobStatus status);                   // "queued"
std::string_view to_text(DeviceJobStatus status);             // as the store keeps it: "succeeded"
std::optional<JobType> job_type_named(std::string_view text); // in any case
std::optional<JobStatus> job_status_named(std::string_view text);
std::optional<DeviceJobStatus> device_job_status_named(std::string_view text);

struct JobLimits {
    TwinLimits twin;
    std::size_t method_payload_bytes_max = 128 * 1024;
};

/// A new job, queued. A start that is not given or past means now. Error: malformed, naming the
/// member; the condition is not looked into.
Result<Job> job_from(const JobId& id, const JsonObject& document, WallTime now,
                     const JobLimits& limits);

/// What the job does; its action was checked when it was scheduled.
Result<TwinUpdate> twin_update_of(const Job& job);
Result<MethodCall> method_call_of(const Job& job);

/// The JobResponse of the service API.
JsonObject to_document(const Job& job);

/// A row of `devices.jobs`.
JsonObject to_document(const DeviceJob& row);

/// Everything but the progress, which the store counts.
JsonObject to_stored_document(const Job& job);
Result<Job> stored_job(const JsonObject& document);
JsonObject to_stored_document(const DeviceJob& row);
Result<DeviceJob> stored_device_job(const JsonObject& document);

} // namespace muster::hub
