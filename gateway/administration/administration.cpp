// The administration API (docs/administration-api.md): finds the route, asks who is there, and
// turns what goes wrong into the documents that callers read.

#include "gateway/administration/routes.h"
#include "gateway/administrators.h"
#include "gateway/http_handler.h"
#include "gateway/problem.h"
#include "gateway/request_checks.h"

#include <memory>
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

void answer(const Context& context, const HttpExchange& exchange, const AdminMatch& match,
            AdminDone done) {
    const auto administrator = authenticate_administrator(context, exchange);
    if (!administrator) {
        done(std::unexpected(administrator.error()));
        return;
    }
    // Before anything is looked up: the answer cannot depend on what is out of reach.
    if (administrator->role < match.route->role) {
        done(fail(Code::forbidden, "this takes the role " +
                                       std::string(provisioning::to_string(match.route->role))));
        return;
    }
    const AdminCall call{.context = context,
                         .control = *context.control,
                         .exchange = exchange,
                         .administrator = *administrator,
                         .names = match.names};
    if (match.route->answer_later != nullptr) {
        match.route->answer_later(call, std::move(done));
    } else {
        done(match.route->answer(call));
    }
}

} // namespace

void handle_administration(const Context& context, HttpExchange exchange, Respond respond) {
    const auto match = find_admin_route(exchange.request.method, exchange.target.segments);
    if (!match) {
        respond(refuse(context, exchange, edge, match.error()));
        return;
    }
    if (const auto refusal = refuse_media_type(exchange.request)) {
        respond(refuse(context, exchange, edge, *refusal));
        return;
    }
    // An answer that comes later needs the request still.
    const auto asked = std::make_shared<const HttpExchange>(std::move(exchange));
    answer(context, *asked, *match,
           [&context, asked, respond = std::move(respond)](AdminAnswer answer) mutable {
               respond(answer ? *std::move(answer) : refuse_admin(context, *asked, answer.error()));
           });
}

} // namespace muster::gateway
