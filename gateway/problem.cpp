#include "gateway/problem.h"

#include "base/json.h"
#include "base/log.h"

#include <utility>

namespace muster::gateway {

namespace {

/// Within what every client family honours (dps-device, checklist 21).
constexpr std::chrono::seconds retry_after_default{3};

Problem not_found(Subject about) {
    switch (about) {
    case Subject::request: return {404, 404000};
    case Subject::enrollment: return {404, 404201};
    case Subject::enrollment_group: return {404, 404204};
    case Subject::registration: return {404, 404202};
    }
    std::unreachable();
}

Problem already_exists(Subject about) {
    switch (about) {
    case Subject::enrollment: return {409, 409201};
    case Subject::enrollment_group: return {409, 409202};
    case Subject::request:
    case Subject::registration: return {409, 409203};
    }
    std::unreachable();
}

Problem precondition(Subject about) {
    switch (about) {
    case Subject::enrollment: return {412, 412201};
    case Subject::enrollment_group: return {412, 412202};
    case Subject::registration: return {412, 412203};
    case Subject::request: return {412, 412000};
    }
    std::unreachable();
}

/// dps-service 8.3 and 14, 22.
Problem quota_exceeded(Subject about) {
    switch (about) {
    case Subject::enrollment: return {403, 403201};
    case Subject::enrollment_group: return {403, 403202};
    case Subject::registration: return {403, 403203};
    case Subject::request: return {403, 403000};
    }
    std::unreachable();
}

constexpr bool is_fault_of_ours(unsigned status) {
    return status == 500;
}

} // namespace

Problem problem_of(Code code, Subject about) {
    switch (code) {
    case Code::malformed: return {400, about == Subject::request ? 400000 : 400004};
    case Code::unauthenticated:
    case Code::forbidden: return {401, 401000};
    case Code::not_found: return not_found(about);
    case Code::already_exists: return already_exists(about);
    case Code::conflict: return {409, 409203};
    case Code::quota_exceeded: return quota_exceeded(about);
    case Code::precondition: return precondition(about);
    case Code::too_large: return {413, 413000};
    case Code::rate_limited: return {429, 429001};
    case Code::attestation_failed: return {401, 401002};
    case Code::no_hub_available: return {400, 400208};
    case Code::unsupported: return {501, 501000};
    case Code::unavailable: return {503, 503000};
    case Code::deadline_exceeded: return {504, 504000};
    case Code::internal: return {500, 500001};
    }
    std::unreachable();
}

Problem plain_problem(unsigned status) {
    return {status, static_cast<int>(status) * 1000};
}

Refusal make_refusal(const Problem& problem, const Error& error, const TrackingId& tracking) {
    Refusal refusal{.problem = problem,
                    .message = error.detail,
                    .tracking = tracking,
                    .retry_after = error.retry_after};
    if (is_fault_of_ours(problem.status)) {
        refusal.message = "internal error";
    } else if (refusal.message.empty()) {
        refusal.message = session::reason_phrase(problem.status);
    }
    const auto is_transient =
        problem.status == 429 || problem.status == 503 || problem.status == 504;
    if (is_transient && !refusal.retry_after) {
        refusal.retry_after = retry_after_default;
    }
    return refusal;
}

std::string problem_document(const Refusal& refusal, WallTime now) {
    return to_text(JsonObject{{"errorCode", refusal.problem.error_code},
                              {"trackingId", refusal.tracking.text()},
                              {"message", refusal.message},
                              {"timestampUtc", format_time(now)}});
}

session::HttpResponse json_response(unsigned status, std::string body) {
    return {.status = status,
            .headers = {{"Content-Type", "application/json; charset=utf-8"}},
            .body = std::move(body)};
}

session::HttpResponse problem_response(const Refusal& refusal, WallTime now) {
    auto response = json_response(refusal.problem.status, problem_document(refusal, now));
    response.headers.push_back({"x-ms-error-code", std::to_string(refusal.problem.error_code)});
    response.headers.push_back({"x-ms-request-id", refusal.tracking.text()});
    if (refusal.retry_after) {
        response.headers.push_back({"Retry-After", std::to_string(refusal.retry_after->count())});
    }
    return response;
}

void log_refusal(const Refusal& refusal, const Error& error, const RequestNote& note) {
    const log::Fields fields = {{"tracking", refusal.tracking.text()},
                                {"edge", std::string(note.edge)},
                                {"action", std::string(note.action)},
                                {"peer", std::string(note.peer)},
                                {"error_code", std::to_string(refusal.problem.error_code)},
                                {"detail", error.detail},
                                {"cause", error.cause}};
    if (is_fault_of_ours(refusal.problem.status)) {
        log::error("request failed", fields);
    } else if (refusal.problem.status >= 500) {
        log::warning("request refused", fields);
    } else {
        log::info("request refused", fields);
    }
}

} // namespace muster::gateway
