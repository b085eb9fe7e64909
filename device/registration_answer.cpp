#include "device/registration_answer.h"

#include "base/json.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

namespace muster::device {

namespace {

using std::chrono::seconds;

constexpr seconds wait_default{2};
constexpr seconds wait_max{300};

constexpr std::int64_t invalid_certificate = 401002;
constexpr std::int64_t hub_not_specified = 400208;

Code code_of(unsigned status, std::int64_t error_code) {
    if (error_code == invalid_certificate) {
        return Code::attestation_failed;
    }
    if (error_code == hub_not_specified) {
        return Code::no_hub_available;
    }
    switch (status) {
    case 401: return Code::unauthenticated;
    case 403: return Code::forbidden;
    case 404: return Code::not_found;
    case 408: return Code::deadline_exceeded;
    case 409: return Code::conflict;
    case 412: return Code::precondition;
    case 413: return Code::too_large;
    case 429: return Code::rate_limited;
    case 501: return Code::unsupported;
    default: return status >= 500 ? Code::unavailable : Code::malformed;
    }
}

std::int64_t integer_member(const JsonObject& object, std::string_view key) {
    const Json* member = find_member(object, key);
    return member != nullptr && member->is_int64() ? member->as_int64() : 0;
}

std::string text_member(const JsonObject& object, std::string_view key) {
    return string_member(object, key).value_or(std::string());
}

seconds wait_of(const ServiceAnswer& answer) {
    return std::clamp(answer.retry_after.value_or(wait_default), seconds(1), wait_max);
}

Verdict judge_assigned(const JsonObject& state) {
    Assigned assigned{.hub = text_member(state, "assignedHub"),
                      .device_id = text_member(state, "deviceId"),
                      .substatus = text_member(state, "substatus")};
    if (assigned.hub.empty() || assigned.device_id.empty()) {
        return fail(Code::malformed, "the service assigned no hub or no device id").error();
    }
    return assigned;
}

/// The operation ended without a hub; errorCode / 1000 is the status (dps-device 2.8).
Error failure_of(const JsonObject& state) {
    const std::int64_t error_code = integer_member(state, "errorCode");
    const auto status = static_cast<unsigned>(std::clamp<std::int64_t>(error_code / 1000, 0, 599));
    const std::string message = text_member(state, "errorMessage");
    return fail(code_of(status, error_code),
                fmt::format("{} (error {})", message.empty() ? "the registration failed" : message,
                            error_code))
        .error();
}

} // namespace

Error refusal_of(unsigned status, std::string_view body) {
    const auto problem = parse_json_object(body);
    if (!problem) {
        return fail(code_of(status, 0), fmt::format("the service answered with status {}", status))
            .error();
    }
    const std::int64_t error_code = integer_member(*problem, "errorCode");
    const std::string message = text_member(*problem, "message");
    const std::string tracking = text_member(*problem, "trackingId");
    return fail(code_of(status, error_code),
                fmt::format("{} (error {}{}{})", message.empty() ? "refused" : message,
                            error_code != 0 ? error_code : status,
                            tracking.empty() ? "" : ", tracking id ", tracking))
        .error();
}

Verdict judge(const ServiceAnswer& answer) {
    if (answer.status == 429 || answer.status >= 500) {
        return AskLater{wait_of(answer), {}, refusal_of(answer.status, answer.body).detail};
    }
    if (answer.status >= 300) {
        return refusal_of(answer.status, answer.body);
    }
    const auto document = parse_json_object(answer.body);
    if (!document) {
        return fail(Code::malformed, "the service's answer is no JSON object").error();
    }
    const std::string status = text_member(*document, "status");
    if (status == "assigning") {
        std::string operation_id = text_member(*document, "operationId");
        if (operation_id.empty()) {
            return fail(Code::malformed, "the service named no operation to ask for").error();
        }
        return AskLater{wait_of(answer), std::move(operation_id), {}};
    }
    const Json* member = find_member(*document, "registrationState");
    const JsonObject state =
        member != nullptr && member->is_object() ? member->as_object() : JsonObject();
    if (status == "assigned") {
        return judge_assigned(state);
    }
    if (status == "failed") {
        return failure_of(state);
    }
    if (status == "disabled") {
        return fail(Code::forbidden, "the enrollment is disabled").error();
    }
    return fail(Code::malformed, "the service's answer has no status that is known").error();
}

} // namespace muster::device
