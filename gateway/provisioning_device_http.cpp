// The device API over HTTPS (reference: dps-device 2):
//
//   PUT  /{scope}/registrations/{id}/register          -> 202 assigning
//   GET  /{scope}/registrations/{id}/operations/{op}   -> 202 assigning, 200 terminal
//   POST /{scope}/registrations/{id}                   -> 200 the registration state

#include "base/text.h"
#include "gateway/device_api.h"
#include "gateway/http_handler.h"
#include "gateway/request_checks.h"

#include <utility>

namespace muster::gateway {

namespace {

constexpr std::string_view edge = "device api";

enum class Route : std::uint8_t { registration, registering, operation, none };

/// The caller has seen to it that the path begins `/{scope}/registrations`.
Route route_of(const Target& target) {
    const auto& segments = target.segments;
    if (segments.size() == 3) {
        return Route::registration;
    }
    if (segments.size() == 4 && equal_ignoring_case(segments[3], "register")) {
        return Route::registering;
    }
    if (segments.size() == 5 && equal_ignoring_case(segments[3], "operations")) {
        return Route::operation;
    }
    return Route::none;
}

std::string_view method_of(Route route) {
    switch (route) {
    case Route::registration: return "POST";
    case Route::registering: return "PUT";
    case Route::operation: return "GET";
    case Route::none: return {};
    }
    std::unreachable();
}

std::string_view user_agent_of(const session::HttpRequest& request) {
    // One client spells it without the hyphen (dps-device 2.3).
    const auto usual = request.header("User-Agent");
    return usual.empty() ? request.header("UserAgent") : usual;
}

DeviceCall call_of(const HttpExchange& exchange) {
    return {.scope = exchange.target.segments[0],
            .registration_id = exchange.target.segments[2],
            .api_version = std::string(exchange.target.parameter("api-version")),
            .client_version = std::string(user_agent_of(exchange.request)),
            .proof = {.sas = std::string(exchange.request.header("Authorization")),
                      .certificates = exchange.peer_certificates},
            .tracking = exchange.tracking,
            .peer_address = exchange.peer_address};
}

DeviceAnswer answer(const Context& context, const HttpExchange& exchange, Route route) {
    const auto call = call_of(exchange);
    if (route == Route::registering) {
        return answer_register(context, call, exchange.request.body);
    }
    if (route == Route::operation) {
        // A body of `{}` comes with this GET; it means nothing (checklist 28).
        return answer_operation_status(context, call, OperationId(exchange.target.segments[4]));
    }
    return answer_lookup(context, call, exchange.request.body);
}

session::HttpResponse to_response(DeviceAnswer answer) {
    auto response = json_response(answer.status, std::move(answer.body));
    if (answer.retry_after) {
        response.headers.push_back({"Retry-After", std::to_string(answer.retry_after->count())});
    }
    if (answer.error_code) {
        response.headers.push_back({"x-ms-error-code", std::to_string(*answer.error_code)});
    }
    return response;
}

std::optional<HttpRefusal> refuse_request(const HttpExchange& exchange, Route route) {
    if (exchange.target.segments.size() < 3) {
        return HttpRefusal{.status = 405, .detail = "the registration id is missing", .allow = {}};
    }
    if (route == Route::none) {
        return HttpRefusal{.status = 404, .detail = "no such resource", .allow = {}};
    }
    if (exchange.request.method != method_of(route)) {
        return HttpRefusal{.status = 405,
                           .detail = "the method is not allowed here",
                           .allow = std::string(method_of(route))};
    }
    return route == Route::operation ? std::nullopt : refuse_media_type(exchange.request);
}

} // namespace

void handle_provisioning_device(const Context& context, HttpExchange exchange, Respond respond) {
    const auto route = route_of(exchange.target);
    if (const auto refusal = refuse_request(exchange, route)) {
        respond(refuse(context, exchange, edge, *refusal));
        return;
    }
    respond(to_response(answer(context, exchange, route)));
}

} // namespace muster::gateway
