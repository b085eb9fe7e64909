#include "hub/jobs/job_outcomes.h"

#include <string_view>
#include <utility>

namespace muster::hub {

namespace {

/// The names of iothub B.17.
std::string_view name_of(Code code) {
    switch (code) {
    case Code::malformed: return "ArgumentInvalid";
    case Code::not_found: return "DeviceNotFound";
    case Code::precondition: return "PreconditionFailed";
    case Code::too_large: return "MessageTooLarge";
    case Code::unsupported: return "FeatureNotSupported";
    case Code::unavailable: return "DeviceNotOnline";
    case Code::deadline_exceeded: return "GatewayTimeout";
    case Code::rate_limited: return "ThrottlingException";
    case Code::quota_exceeded: return "IotHubQuotaExceeded";
    case Code::unauthenticated:
    case Code::attestation_failed:
    case Code::forbidden: return "IotHubUnauthorizedAccess";
    case Code::already_exists:
    case Code::conflict:
    case Code::no_hub_available:
    case Code::internal: break;
    }
    return "ServerError";
}

bool may_pass(Code code) {
    return code == Code::unavailable || code == Code::rate_limited || code == Code::conflict;
}

DeviceJob ended(DeviceJob row, DeviceJobStatus status, WallTime now) {
    row.status = status;
    row.ended = row.updated = now;
    return row;
}

DeviceJob failed(DeviceJob row, const Error& error, WallTime now) {
    row.error_code = name_of(error.code);
    row.error_text = error.detail;
    return ended(std::move(row), DeviceJobStatus::failed, now);
}

DeviceJob pending_again(DeviceJob row, WallTime now) {
    row.status = DeviceJobStatus::pending;
    row.began.reset();
    row.updated = now;
    return row;
}

} // namespace

DeviceJob pending_row(const Job& job, const IdentityId& identity, WallTime now) {
    DeviceJob row;
    row.job = job.id;
    row.identity = identity;
    row.type = job.type;
    row.created = row.updated = now;
    return row;
}

DeviceJob after_update(DeviceJob row, const Result<void>& updated, WallTime began, WallTime now) {
    if (!updated && may_pass(updated.error().code)) {
        return row;
    }
    row.began = began;
    return updated ? ended(std::move(row), DeviceJobStatus::succeeded, now)
                   : failed(std::move(row), updated.error(), now);
}

DeviceJob after_method(DeviceJob row, const Result<MethodReply>& reply, WallTime now) {
    if (!reply) {
        return may_pass(reply.error().code) ? pending_again(std::move(row), now)
                                            : failed(std::move(row), reply.error(), now);
    }
    row.method_response = JsonObject{{"status", reply->status}, {"payload", reply->payload}};
    return ended(std::move(row), DeviceJobStatus::succeeded, now);
}

DeviceJob interrupted(DeviceJob row, WallTime now) {
    return failed(std::move(row),
                  {.code = Code::internal,
                   .detail = "the hub stopped while the method was under way:"
                             " whether it was carried out is not known"},
                  now);
}

DeviceJob cancelled(DeviceJob row, WallTime now) {
    return ended(std::move(row), DeviceJobStatus::cancelled, now);
}

DeviceJob out_of_time(DeviceJob row, WallTime now) {
    return failed(
        std::move(row),
        {.code = Code::unavailable, .detail = "not reached within maxExecutionTimeInSeconds"}, now);
}

} // namespace muster::hub
