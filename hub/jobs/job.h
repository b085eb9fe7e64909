#pragma once
// A job: one change to every identity that a condition picks (reference: iothub B.10), and what
// became of each of them. Values only.
//
//   queued -> scheduled (starts later) -> running -> completed | failed      any -> cancelled
//
// A job has ended when its status is one of the last three. Rows may still be open then: they are
// closed in bounded steps.

#include "base/clock.h"
#include "base/ids.h"
#include "base/json.h"
#include "hub/identity_id.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace muster::hub {

/// Names a job of a hub; case-sensitive, the grammar of device ids and ';'.
using JobId = Id<struct JobIdTag>;

Result<JobId> parse_job_id(std::string_view text);

enum class JobType : std::uint8_t { update_twin, invoke_method };

enum class JobStatus : std::uint8_t { queued, scheduled, running, completed, failed, cancelled };

/// How many of a job's identities are where.
struct JobProgress {
    std::int64_t pending = 0;
    std::int64_t running = 0;
    std::int64_t succeeded = 0;
    std::int64_t failed = 0;
    std::int64_t cancelled = 0;

    [[nodiscard]] std::int64_t total() const {
        return pending + running + succeeded + failed + cancelled;
    }

    [[nodiscard]] bool is_open() const { return pending + running > 0; }

    friend bool operator==(const JobProgress&, const JobProgress&) = default;
};

struct Job {
    JobId id;
    std::int64_t version = 0; // 1 at creation, +1 at every change; progress does not count
    JobType type = JobType::update_twin;
    std::string condition; // as it was written
    JsonObject action;     // `updateTwin` or `cloudToDeviceMethod`, as it was written
    WallTime created;
    WallTime start; // not before
    std::chrono::seconds max_execution{3600};
    JobStatus status = JobStatus::queued;
    std::optional<WallTime> began;
    std::optional<WallTime> ended;
    std::string failure_reason;

    // Its identities are looked for in pages, each stored with how far the search has come.
    std::string resolved_to; // how far that is
    bool resolved = false;   // all are found

    JobProgress progress; // counted by the store

    [[nodiscard]] bool has_ended() const { return ended.has_value(); }

    /// When identities that have not answered are given up.
    [[nodiscard]] WallTime deadline() const { return start + max_execution; }
};

enum class DeviceJobStatus : std::uint8_t { pending, running, succeeded, failed, cancelled };

/// What became of one identity of a job.
struct DeviceJob {
    JobId job;
    IdentityId identity;
    JobType type = JobType::update_twin;
    DeviceJobStatus status = DeviceJobStatus::pending;
    WallTime created;
    WallTime updated;
    std::optional<WallTime> began;
    std::optional<WallTime> ended;
    std::optional<JsonObject> method_response; // {status, payload}
    std::string error_code;                    // a name of iothub B.17; empty unless failed
    std::string error_text;

    /// "job/identity", the key in the stores: no job id holds a slash.
    [[nodiscard]] std::string text() const { return job.text() + "/" + identity.text(); }

    [[nodiscard]] bool is_open() const {
        return status == DeviceJobStatus::pending || status == DeviceJobStatus::running;
    }
};

} // namespace muster::hub
