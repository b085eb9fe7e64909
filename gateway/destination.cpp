#include "gateway/destination.h"

#include "base/text.h"
#include "gateway/hub_problem.h"
#include "gateway/problem.h"
#include "gateway/request_checks.h"

#include <utility>

namespace muster::gateway {

namespace {

bool is_device_path(const Target& target) {
    const auto& segments = target.segments;
    return segments.size() >= 2 && equal_ignoring_case(segments[1], "registrations") &&
           parse_id_scope(segments[0]).has_value();
}

std::string_view edge_of(const Destination& destination) {
    if (std::holds_alternative<ToHub>(destination)) {
        return "hub service";
    }
    return std::holds_alternative<ToDeviceApi>(destination) ? "device api" : "service api";
}

struct Dispatcher {
    const Context& context;
    HttpExchange exchange;
    Respond respond;

    void operator()(ToDeviceApi /*unused*/) {
        handle_provisioning_device(context, std::move(exchange), std::move(respond));
    }

    void operator()(ToServiceApi to) {
        handle_provisioning_service(context, *to.site, std::move(exchange), std::move(respond));
    }

    void operator()(ToHub to) {
        handle_hub_service(context, *to.hub, std::move(exchange), std::move(respond));
    }

    void operator()(ToNobody to) {
        const auto error = fail(Code::not_found, "no service has this host name").error();
        respond(refuse_at(context, to, exchange, error));
    }
};

} // namespace

Destination find_destination(const Sites& sites, std::string_view host, const Target& target) {
    if (auto* hub = sites.hub_at(host)) {
        return ToHub{hub};
    }
    if (is_device_path(target)) {
        return ToDeviceApi{};
    }
    if (const auto* site = sites.provisioning_at(host)) {
        return ToServiceApi{site};
    }
    return ToNobody{};
}

void dispatch(const Context& context, const Destination& destination, HttpExchange exchange,
              Respond respond) {
    std::visit(Dispatcher{context, std::move(exchange), std::move(respond)}, destination);
}

session::HttpResponse refuse_at(const Context& context, const Destination& destination,
                                const HttpExchange& exchange, const Error& error) {
    if (std::holds_alternative<ToHub>(destination)) {
        const auto problem = hub_problem_of(error.code);
        const auto refusal =
            make_refusal({problem.status, problem.number}, error, exchange.tracking);
        log_refusal(refusal, error,
                    {.edge = edge_of(destination),
                     .action = exchange.request.method,
                     .peer = exchange.peer_address});
        auto hinted = error;
        hinted.retry_after = refusal.retry_after;
        return hub_error_response(problem, hinted, exchange.tracking, context.clock.wall());
    }
    return refuse(context, exchange, edge_of(destination), error, Subject::request);
}

} // namespace muster::gateway
