#include "gateway/hub_http/problem.h"

#include "base/json.h"
#include "hub/edge.h"
#include "hub/service.h"

#include <fmt/format.h>

namespace muster::gateway {

namespace {

/// Never empty: some clients show nothing else.
std::string message_of(const Error& error) {
    return error.detail.empty() ? std::string(to_string(error.code)) : error.detail;
}

session::HttpResponse refusal(const HubProblem& problem, const Error& error, std::string body) {
    session::HttpResponse response;
    response.status = problem.status;
    response.headers = {{"Content-Type", "application/json; charset=utf-8"},
                        {"iothub-errorcode", std::string(problem.name)}};
    if (error.retry_after) {
        response.headers.push_back({"Retry-After", std::to_string(error.retry_after->count())});
    }
    response.body = std::move(body);
    return response;
}

JsonObject numbered_document(int number, const Error& error, const TrackingId& tracking,
                             WallTime now) {
    return {{"errorCode", number},
            {"trackingId", tracking.text()},
            {"message", message_of(error)},
            {"timestampUtc", format_time(now)}};
}

} // namespace

HubProblem hub_problem_of(Code code) {
    switch (code) {
    case Code::malformed: return {400, 400004, "ArgumentInvalid"};
    case Code::unauthenticated: return {401, 401003, "IotHubUnauthorized"};
    case Code::attestation_failed: return {401, 401003, "IotHubUnauthorized"};
    case Code::forbidden: return {401, 401002, "IotHubUnauthorizedAccess"};
    case Code::not_found: return {404, 404001, "DeviceNotFound"};
    case Code::already_exists: return {409, 409001, "DeviceAlreadyExists"};
    case Code::conflict: return {409, 409000, "GenericConflict"};
    case Code::precondition: return {412, 412001, "PreconditionFailed"};
    case Code::too_large: return {413, 413001, "MessageTooLarge"};
    case Code::rate_limited: return {429, 429001, "ThrottlingException"};
    case Code::quota_exceeded: return {403, 403002, "IotHubQuotaExceeded"};
    case Code::no_hub_available: return {503, 503001, "ServiceUnavailable"};
    case Code::unsupported: return {404, 404013, "FeatureNotSupported"};
    case Code::unavailable: return {503, 503001, "ServiceUnavailable"};
    case Code::deadline_exceeded: return {504, 504101, "GatewayTimeout"};
    case Code::internal: return {500, 500001, "ServerError"};
    }
    return {500, 500001, "ServerError"};
}

HubProblem method_problem_of(Code code) {
    if (code == Code::unavailable) {
        return {404, 404103, "DeviceNotOnline"};
    }
    if (code == Code::rate_limited) {
        return {403, 403800, "DeviceMaximumInflightMethodExceeded"};
    }
    return hub_problem_of(code);
}

HubProblem hub_problem_of(const Error& error) {
    if (error.code == Code::not_found && error.detail == hub::module_unknown) {
        return {404, 404010, "ModuleNotFound"};
    }
    if (error.code == Code::malformed && error.detail == hub::unknown_scope) {
        return {400, 400028, "InvalidDeviceScope"};
    }
    return hub_problem_of(error.code);
}

HubProblem registry_problem_of(const Error& error, IdentityKind kind) {
    const bool is_module = kind == IdentityKind::module;
    if (error.code == Code::too_large) {
        return is_module ? HubProblem{413, 413003, "TooManyModulesOnDevice"}
                         : HubProblem{413, 413002, "TooManyDevices"};
    }
    if (error.code == Code::already_exists && is_module) {
        return {409, 409301, "ModuleAlreadyExistsOnDevice"};
    }
    if (error.code == Code::forbidden && is_module) {
        return {401, 401100, "SystemModuleModifyUnauthorizedAccess"};
    }
    return hub_problem_of(error);
}

HubProblem send_problem_of(Code code) {
    if (code == Code::quota_exceeded) {
        return {403, 403004, "DeviceMaximumQueueDepthExceeded"};
    }
    if (code == Code::forbidden) {
        return {403, 403009, "InvalidMessageExpiryTime"};
    }
    return hub_problem_of(code);
}

HubProblem settle_problem_of(Code code) {
    return code == Code::precondition ? HubProblem{412, 412002, "DeviceMessageLockLost"}
                                      : hub_problem_of(code);
}

session::HttpResponse hub_error_response(const HubProblem& problem, const Error& error,
                                         const TrackingId& tracking, WallTime now) {
    const JsonObject document{
        {"Message", fmt::format("ErrorCode:{};{}", problem.name, message_of(error))},
        {"ExceptionMessage",
         fmt::format("Tracking ID:{}-TimeStamp:{}", tracking.text(), format_time_seconds(now))},
    };
    return refusal(problem, error, to_text(document));
}

session::HttpResponse method_error_response(const Error& error, const TrackingId& tracking,
                                            WallTime now) {
    const HubProblem problem = method_problem_of(error.code);
    const JsonObject inner = numbered_document(problem.number, error, tracking, now);
    const JsonObject document{{"Message", to_text(inner)}, {"ExceptionMessage", ""}};
    return refusal(problem, error, to_text(document));
}

std::string twin_error_body(const Error& error, const TrackingId& tracking, WallTime now) {
    return to_text(numbered_document(hub_problem_of(error).number, error, tracking, now));
}

} // namespace muster::gateway
