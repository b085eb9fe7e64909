// The control plane over HTTPS (reference: dps-service 10). Here is decided who may ask at all;
// what is done stands in the files beside this one.

#include "base/text.h"
#include "gateway/administrators.h"
#include "gateway/api_version.h"
#include "gateway/control/control_call.h"
#include "gateway/control/problem.h"
#include "gateway/control/routes.h"
#include "gateway/problem.h"
#include "gateway/request_checks.h"

#include <utility>

namespace muster::gateway {

namespace {

using provisioning::AdminReach;
using session::HttpResponse;

/// The first version of this API there was (dps-service 10).
constexpr std::string_view oldest_api_version = "2017-08-21";

Result<void> check_version(const Target& target) {
    const auto version = target.parameter("api-version");
    if (auto checked = check_api_version(version); !checked) {
        return checked;
    }
    if (version.substr(0, oldest_api_version.size()) < oldest_api_version) {
        return fail(Code::malformed, "the first api-version is 2017-08-21-preview");
    }
    return {};
}

// A token's reach decides by names alone, before anything is looked up, so that what is out of
// reach and what does not exist are answered the same.

bool reaches_group(const AdminReach& reach, const ControlRoute& route) {
    return route.group.empty() || reach.tenant.empty() ||
           equal_ignoring_case(reach.tenant, route.group);
}

bool reaches_instance(const AdminReach& reach, const ControlRoute& route) {
    return route.instance.empty() || reach.instance.empty() ||
           equal_ignoring_case(reach.instance, route.instance);
}

Result<HttpResponse> answer(const ControlCall& call) {
    switch (call.route.action) {
    case ControlAction::list_operations:
    case ControlAction::check_name:
    case ControlAction::list_in_subscription:
    case ControlAction::list_in_group: return answer_directory(call);
    case ControlAction::get_instance:
    case ControlAction::put_instance:
    case ControlAction::put_tags:
    case ControlAction::list_keys:
    case ControlAction::keys_of_policy:
    case ControlAction::list_skus:
    case ControlAction::list_private_links:
    case ControlAction::list_private_endpoints:
    case ControlAction::private_item: return answer_instance(call);
    case ControlAction::erase_instance: return erase_instance(call);
    case ControlAction::operation_result: return operation_result(call);
    case ControlAction::list_certificates:
    case ControlAction::get_certificate:
    case ControlAction::put_certificate:
    case ControlAction::erase_certificate:
    case ControlAction::new_verification_code:
    case ControlAction::verify_certificate: return answer_certificate(call);
    }
    std::unreachable();
}

HttpResponse refuse(const HttpExchange& exchange, Code code, std::string detail,
                    ControlSubject about = ControlSubject::resource) {
    return refuse_control(exchange, fail(code, std::move(detail)).error(), about);
}

HttpResponse handle(const Context& context, const HttpExchange& exchange) {
    const auto administrator = authenticate_administrator(context, exchange);
    if (!administrator) {
        return refuse_control(exchange, administrator.error());
    }
    const auto route = find_control_route(exchange.request.method, exchange.target.segments);
    if (!route) {
        return refuse_control(exchange, route.error());
    }
    if (const auto version = check_version(exchange.target); !version) {
        return refuse_control(exchange, version.error());
    }
    if (!reaches_group(administrator->reach, *route)) {
        return refuse(exchange, Code::not_found, "there is no such resource group",
                      ControlSubject::resource_group);
    }
    if (!reaches_instance(administrator->reach, *route)) {
        return refuse(exchange, Code::not_found,
                      "there is no such provisioning service in the resource group");
    }
    if (administrator->role < role_for(route->action)) {
        return refuse(exchange, Code::forbidden, "the token's role does not allow it");
    }
    if (const auto media_type = refuse_media_type(exchange.request)) {
        return refuse_control(exchange, *media_type);
    }
    auto response = answer({.instances = context.control->instances,
                            .exchange = exchange,
                            .route = *route,
                            .administrator = *administrator});
    return response ? *std::move(response) : refuse_control(exchange, response.error());
}

} // namespace

void handle_control(const Context& context, HttpExchange exchange, Respond respond) {
    auto response = handle(context, exchange);
    response.headers.push_back({"x-ms-request-id", exchange.tracking.text()});
    respond(std::move(response));
}

} // namespace muster::gateway
