#include "gateway/control/problem.h"

#include "base/json.h"
#include "gateway/problem.h"

#include <algorithm>
#include <string>
#include <utility>

namespace muster::gateway {

namespace {

using session::HttpResponse;

constexpr std::string_view edge = "control plane";

/// For what has a status of its own and no Code.
std::string_view plain_code(unsigned status) {
    switch (status) {
    case 404: return "InvalidResourceType";
    case 405: return "MethodNotAllowed";
    case 415: return "UnsupportedMediaType";
    default: return "BadRequest";
    }
}

/// "NotFound": the reason phrase in one word.
std::string status_name(unsigned status) {
    std::string name(session::reason_phrase(status));
    std::erase(name, ' ');
    return name;
}

HttpResponse finish(const HttpExchange& exchange, const ControlProblem& problem,
                    const Error& error) {
    const auto refusal = make_refusal(plain_problem(problem.status), error, exchange.tracking);
    const auto& target = exchange.request.target;
    const auto action = exchange.request.method + " " + target.substr(0, target.find('?'));
    log_refusal(refusal, error, {.edge = edge, .action = action, .peer = exchange.peer_address});
    const JsonObject document{
        {"error", {{"code", problem.code}, {"message", refusal.message}}},
        {"code", refusal.problem.error_code},
        {"httpStatusCode", status_name(problem.status)},
        {"message", refusal.message},
        {"details", "tracking id " + exchange.tracking.text()},
    };
    auto response = json_response(problem.status, to_text(document));
    if (refusal.retry_after) {
        response.headers.push_back({"Retry-After", std::to_string(refusal.retry_after->count())});
    }
    return response;
}

/// RFC 6750 3: without a token only the scheme is named; a token that is no good is called invalid.
std::string challenge(const HttpExchange& exchange) {
    std::string text = R"(Bearer realm="muster")";
    if (exchange.request.has_header("Authorization")) {
        text += R"(, error="invalid_token")";
    }
    return text;
}

} // namespace

ControlProblem control_problem_of(Code code, ControlSubject about) {
    switch (code) {
    case Code::malformed: return {400, "BadRequest"};
    case Code::unauthenticated: return {401, "AuthenticationFailed"};
    case Code::forbidden: return {403, "AuthorizationFailed"};
    case Code::not_found:
        return {404, about == ControlSubject::resource_group ? "ResourceGroupNotFound"
                                                             : "ResourceNotFound"};
    case Code::already_exists: return {409, "ResourceAlreadyExists"};
    case Code::conflict: return {409, "Conflict"};
    case Code::quota_exceeded: return {403, "QuotaExceeded"};
    case Code::precondition: return {412, "PreconditionFailed"};
    case Code::too_large: return {413, "RequestTooLarge"};
    case Code::rate_limited: return {429, "TooManyRequests"};
    case Code::attestation_failed: return {400, "CertificateNotValid"};
    case Code::no_hub_available: return {400, "HubNotAvailable"};
    case Code::unsupported: return {501, "NotImplemented"};
    case Code::unavailable: return {503, "ServiceUnavailable"};
    case Code::deadline_exceeded: return {504, "GatewayTimeout"};
    case Code::internal: return {500, "InternalServerError"};
    }
    std::unreachable();
}

HttpResponse refuse_control(const HttpExchange& exchange, const Error& error,
                            ControlSubject about) {
    auto response = finish(exchange, control_problem_of(error.code, about), error);
    if (error.code == Code::unauthenticated) {
        response.headers.push_back({"WWW-Authenticate", challenge(exchange)});
    }
    return response;
}

HttpResponse refuse_control(const HttpExchange& exchange, const HttpRefusal& refusal) {
    const auto error = fail(Code::malformed, refusal.detail).error();
    auto response = finish(exchange, {refusal.status, plain_code(refusal.status)}, error);
    if (refusal.status == 405) { // RFC 9110 15.5.6
        response.headers.push_back({"Allow", refusal.allow});
    }
    return response;
}

} // namespace muster::gateway
