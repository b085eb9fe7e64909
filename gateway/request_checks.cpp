#include "gateway/request_checks.h"

#include "base/text.h"

#include <utility>

namespace muster::gateway {

namespace {

/// The target without its query, which is the caller's business.
std::string describe(const session::HttpRequest& request) {
    return request.method + " " + request.target.substr(0, request.target.find('?'));
}

session::HttpResponse finish(const Context& context, const HttpExchange& exchange,
                             std::string_view edge, const Problem& problem, const Error& error) {
    const auto refusal = make_refusal(problem, error, exchange.tracking);
    const auto action = describe(exchange.request);
    log_refusal(refusal, error, {.edge = edge, .action = action, .peer = exchange.peer_address});
    return problem_response(refusal, context.clock.wall());
}

} // namespace

std::optional<HttpRefusal> refuse_media_type(const session::HttpRequest& request) {
    const auto content_type = request.header("Content-Type");
    if (request.body.empty() || content_type.empty()) {
        return std::nullopt;
    }
    const auto media_type = trim(content_type.substr(0, content_type.find(';')));
    if (equal_ignoring_case(media_type, "application/json")) {
        return std::nullopt;
    }
    return HttpRefusal{.status = 415, .detail = "the body must be application/json", .allow = {}};
}

session::HttpResponse refuse(const Context& context, const HttpExchange& exchange,
                             std::string_view edge, const HttpRefusal& refusal) {
    const auto error = fail(Code::malformed, refusal.detail).error();
    auto response = finish(context, exchange, edge, plain_problem(refusal.status), error);
    if (refusal.status == 405) { // RFC 9110 15.5.6: always, also if it lists none
        response.headers.push_back({"Allow", refusal.allow});
    }
    return response;
}

session::HttpResponse refuse(const Context& context, const HttpExchange& exchange,
                             std::string_view edge, const Error& error, Subject about) {
    return finish(context, exchange, edge, problem_of(error.code, about), error);
}

} // namespace muster::gateway
