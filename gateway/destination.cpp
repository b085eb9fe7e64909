#include "gateway/destination.h"

#include "base/text.h"
#include "gateway/hub_http/problem.h"
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

bool begins_with(const Target& target, std::string_view segment) {
    return !target.segments.empty() && equal_ignoring_case(target.segments.front(), segment);
}

bool is_control_path(const Target& target) {
    return begins_with(target, "subscriptions") || begins_with(target, "providers");
}

struct NameOfEdge {
    std::string_view operator()(ToDeviceApi /*unused*/) const { return "device api"; }

    std::string_view operator()(const ToServiceApi& /*unused*/) const { return "service api"; }

    std::string_view operator()(ToControl /*unused*/) const { return "control"; }

    std::string_view operator()(ToAdministration /*unused*/) const { return "administration"; }

    std::string_view operator()(ToHub /*unused*/) const { return "hub service"; }

    std::string_view operator()(ToNobody /*unused*/) const { return "https front"; }
};

std::string_view edge_of(const Destination& destination) {
    return std::visit(NameOfEdge{}, destination);
}

struct Dispatcher {
    const Context& context;
    HttpExchange exchange;
    Respond respond;

    void operator()(ToDeviceApi /*unused*/) {
        handle_provisioning_device(context, std::move(exchange), std::move(respond));
    }

    void operator()(const ToServiceApi& to) {
        handle_provisioning_service(context, *to.site, std::move(exchange), std::move(respond));
    }

    void operator()(ToControl /*unused*/) {
        if (context.control == nullptr) {
            (*this)(ToNobody{});
            return;
        }
        handle_control(context, std::move(exchange), std::move(respond));
    }

    void operator()(ToAdministration /*unused*/) {
        if (context.control == nullptr) {
            (*this)(ToNobody{});
            return;
        }
        handle_administration(context, std::move(exchange), std::move(respond));
    }

    void operator()(ToHub to) {
        handle_hub_service(context, *to.hub, std::move(exchange), std::move(respond));
    }

    void operator()(ToNobody to) {
        const auto error = fail(Code::not_found, "nothing is served at this address").error();
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
    if (is_control_path(target)) {
        return ToControl{};
    }
    if (begins_with(target, "muster")) {
        return ToAdministration{};
    }
    if (auto site = sites.provisioning_at(host)) {
        return ToServiceApi{std::move(site)};
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
