// The administration API (docs/administration-api.md): finds the route, asks who is there, and
// turns what goes wrong into the documents that callers read.

#include "gateway/administration/routes.h"
#include "gateway/administrators.h"
#include "gateway/http_handler.h"
#include "gateway/problem.h"
#include "gateway/request_checks.h"

#include <utility>

namespace muster::gateway {

namespace {

using session::HttpResponse;

constexpr std::string_view edge = "administration api";

/// The table of the service API, but that a lack of rights is said for what it is: no device SDK
/// reads this, and asking again with the same token cannot help.
Problem admin_problem_of(Code code) {
    return code == Code::forbidden ? plain_problem(403) : problem_of(code, Subject::request);
}

HttpResponse refuse_admin(const Context& context, const HttpExchange& exchange,
                          const Error& error) {
    const auto refusal = make_refusal(admin_problem_of(error.code), error, exchange.tracking);
    const auto& request = exchange.request;
    const auto action = request.method + ' ' + request.target.substr(0, request.target.find('?'));
    log_refusal(refusal, error, {.edge = edge, .action = action, .peer = exchange.peer_address});
    auto response = problem_response(refusal, context.clock.wall());
    if (response.status == 401) { // RFC 9110 11.6.1
        response.headers.push_back({"WWW-Authenticate", "Bearer"});
    }
    return response;
}

AdminAnswer answer(const Context& context, const HttpExchange& exchange, const AdminMatch& match) {
    const auto administrator = authenticate_administrator(context, exchange);
    if (!administrator) {
        return std::unexpected(administrator.error());
    }
    // Before anything is looked up: the answer cannot depend on what is out of reach.
    if (administrator->role < match.route->role) {
        return fail(Code::forbidden, "this takes the role " +
                                         std::string(provisioning::to_string(match.route->role)));
    }
    return match.route->answer({.context = context,
                                .control = *context.control,
                                .exchange = exchange,
                                .administrator = *administrator,
                                .names = match.names});
}

HttpResponse handle(const Context& context, const HttpExchange& exchange) {
    const auto match = find_admin_route(exchange.request.method, exchange.target.segments);
    if (!match) {
        return refuse(context, exchange, edge, match.error());
    }
    if (const auto refusal = refuse_media_type(exchange.request)) {
        return refuse(context, exchange, edge, *refusal);
    }
    auto response = answer(context, exchange, *match);
    return response ? *std::move(response) : refuse_admin(context, exchange, response.error());
}

} // namespace

void handle_administration(const Context& context, HttpExchange exchange, Respond respond) {
    respond(handle(context, exchange));
}

} // namespace muster::gateway
