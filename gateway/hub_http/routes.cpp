#include "gateway/hub_http/routes.h"

#include "gateway/api_version.h"

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

namespace muster::gateway {

namespace {

/// The first that knows the path serves it: particular paths stand before general ones.
constexpr std::array families{
    serve_queries,  serve_keys,      serve_registry, serve_statistics,      serve_twins,
    serve_methods,  serve_endpoints, serve_events,   serve_device_messages, serve_file_upload,
    serve_messages, serve_feedback,  serve_jobs,     serve_configurations,  serve_digital_twins,
};

} // namespace

void serve_hub_call(const HubCallPtr& call) {
    const bool served = std::ranges::any_of(families, [&](auto family) { return family(call); });
    if (!served) {
        call->refuse_unknown();
    }
}

void handle_hub_service(const Context& context, hub::Service& hub, HttpExchange exchange,
                        Respond respond) {
    const auto call =
        std::make_shared<HubCall>(context, hub, std::move(exchange), std::move(respond));
    const auto version = check_api_version(call->target().parameter("api-version"));
    if (!version) {
        return call->refuse({400, 400001, "InvalidProtocolVersion"}, version.error());
    }
    serve_hub_call(call);
}

} // namespace muster::gateway
