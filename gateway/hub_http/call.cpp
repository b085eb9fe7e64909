#include "gateway/hub_http/call.h"

#include "base/log.h"
#include "base/text.h"
#include "gateway/problem.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace muster::gateway {

namespace {

constexpr std::string_view edge = "hub service";

/// The target without its query, which is the caller's business.
std::string describe(const session::HttpRequest& request) {
    return request.method + " " + request.target.substr(0, request.target.find('?'));
}

} // namespace

bool HubCall::is(std::size_t segments, std::string_view first) const {
    return exchange_.target.segments.size() == segments &&
           equal_ignoring_case(exchange_.target.segments[0], first);
}

bool HubCall::is_below(std::string_view first) const {
    return !exchange_.target.segments.empty() &&
           equal_ignoring_case(exchange_.target.segments[0], first);
}

bool HubCall::segment_is(std::size_t at, std::string_view word) const {
    return equal_ignoring_case(exchange_.target.segments[at], word);
}

Result<std::string> HubCall::policy() const {
    return hub::signing_policy(hub_.settings().name, hub_.settings().policies,
                               exchange_.request.header("Authorization"), context_.clock.wall());
}

Result<void> HubCall::allow(hub::Right right) const {
    return hub::authorize(hub_.settings().name, hub_.settings().policies,
                          exchange_.request.header("Authorization"), right, context_.clock.wall());
}

hub::Credentials HubCall::credentials_of(hub::IdentityId identity) const {
    return {.identity = std::move(identity),
            .sas = std::string(exchange_.request.header("Authorization")),
            .certificates = exchange_.peer_certificates};
}

Result<void> HubCall::allow_either(hub::Right one, hub::Right other) const {
    const auto allowed = allow(one);
    return allowed ? allowed : allow(other);
}

Result<DeviceId> HubCall::device_id() const {
    return parse_device_id(exchange_.target.segments[1]);
}

Result<hub::IdentityId> HubCall::identity_id() const {
    auto device = device_id();
    if (!device) {
        return std::unexpected(std::move(device.error()));
    }
    if (exchange_.target.segments.size() < 4) {
        return hub::IdentityId(std::move(*device));
    }
    auto module = parse_module_id(exchange_.target.segments[3]);
    if (!module) {
        return std::unexpected(std::move(module.error()));
    }
    return hub::IdentityId(std::move(*device), std::move(*module));
}

hub::IfMatch HubCall::if_match() const {
    return hub::IfMatch::from_header(exchange_.request.header("If-Match"));
}

Result<JsonObject> HubCall::body(std::size_t bytes_max) const {
    return parse_json_object(exchange_.request.body, {.bytes_max = bytes_max});
}

Result<JsonArray> HubCall::array_body(std::size_t bytes_max) const {
    auto document = parse_json(exchange_.request.body, {.bytes_max = bytes_max});
    if (!document) {
        return std::unexpected(std::move(document.error()));
    }
    if (!document->is_array()) {
        return fail(Code::malformed, "the body must be an array");
    }
    return std::move(document->get_array());
}

Result<std::optional<unsigned long long>> HubCall::number(const NumberRule& rule) const {
    const std::string_view text = exchange_.target.parameter(rule.name);
    if (text.empty()) {
        return std::nullopt;
    }
    const auto value = parse_decimal(text);
    if (!value) {
        return fail(Code::malformed, fmt::format("{} must be a number", rule.name));
    }
    return std::min(*value, rule.max);
}

void HubCall::answer(std::string document, const ETag& etag) {
    auto response = json_response(200, std::move(document));
    if (!etag.empty()) {
        response.headers.push_back({"ETag", fmt::format("\"{}\"", etag.text())});
    }
    respond_(std::move(response));
}

void HubCall::refuse(const Error& error) {
    refuse(hub_problem_of(error), error);
}

void HubCall::refuse(const HubProblem& problem, const Error& error) {
    respond_(refusal(problem, error));
}

void HubCall::refuse_method(std::string_view allowed) {
    auto response =
        refusal({405, 405000, "GenericMethodNotAllowed"},
                {.code = Code::unsupported, .detail = "that method is not allowed here"});
    response.headers.push_back({"Allow", std::string(allowed)}); // RFC 9110 15.5.6
    respond_(std::move(response));
}

session::HttpResponse HubCall::refusal(const HubProblem& problem, const Error& error) const {
    const auto made = make_refusal({problem.status, problem.number}, error, exchange_.tracking);
    log_refusal(
        made, error,
        {.edge = edge, .action = describe(exchange_.request), .peer = exchange_.peer_address});
    Error shown = error;
    shown.detail = made.message;
    shown.retry_after = made.retry_after;
    return hub_error_response(problem, shown, exchange_.tracking, context_.clock.wall());
}

std::string HubCall::note_refusal(const Part& part) const {
    const auto made =
        make_refusal({part.problem.status, part.problem.number}, part.error, exchange_.tracking);
    log_refusal(made, part.error,
                {.edge = edge, .action = part.name, .peer = exchange_.peer_address});
    return made.message;
}

void HubCall::refuse_unknown() {
    refuse({.code = Code::unsupported, .detail = "this server does not offer that operation"});
}

void HubCall::refuse_invocation(const Error& error) {
    // Info whatever the status: it is the device that is away or slow.
    log::info("method not answered",
              {{"tracking", exchange_.tracking.text()},
               {"edge", std::string(edge)},
               {"action", describe(exchange_.request)},
               {"peer", exchange_.peer_address},
               {"error_code", std::to_string(method_problem_of(error.code).number)},
               {"detail", error.detail},
               {"cause", error.cause}});
    respond_(method_error_response(error, exchange_.tracking, context_.clock.wall()));
}

} // namespace muster::gateway
