#include "gateway/administration/call.h"

#include "gateway/problem.h"

namespace muster::gateway {

namespace {

/// Documents of the service API, 32 levels deep at most, stand a few levels inside ours.
constexpr JsonLimits body_limits{.bytes_max = 256 * 1024, .depth_max = 40};

} // namespace

Result<provisioning::InstancePtr> reach_instance(const AdminCall& call, std::string_view name) {
    auto instance = call.control.instances.find(name);
    if (!instance || !call.administrator.reach.covers(*instance)) {
        return fail(Code::not_found, "no such instance");
    }
    return instance;
}

Result<provisioning::InstancePtr> reach_instance(const AdminCall& call) {
    return reach_instance(call, call.names.front());
}

Result<ReachedSite> reach_site(const AdminCall& call) {
    auto instance = reach_instance(call);
    if (!instance) {
        return std::unexpected(instance.error());
    }
    auto site = call.context.sites.provisioning_of((*instance)->scope);
    if (!site) {
        return fail(Code::not_found, "the instance is being deleted");
    }
    return ReachedSite{.instance = *std::move(instance), .site = std::move(site)};
}

Result<bool> flag_parameter(const AdminCall& call, std::string_view name) {
    const auto value = call.parameter(name);
    if (value.empty() || value == "false") {
        return false;
    }
    if (value != "true") {
        return fail(Code::malformed, std::string(name) + " must be true or false");
    }
    return true;
}

Result<bool> wants_keys(const AdminCall& call) {
    auto wanted = flag_parameter(call, "keys");
    if (wanted && *wanted && call.administrator.role < provisioning::AdminRole::contributor) {
        return fail(Code::forbidden, "keys are shown to contributors and owners only");
    }
    return wanted;
}

Result<JsonObject> body_of(const AdminCall& call) {
    return parse_json_object(call.exchange.request.body, body_limits);
}

session::HttpResponse answer_with(unsigned status, const JsonObject& document) {
    return json_response(status, to_text(document));
}

session::HttpResponse answer_no_content() {
    return {.status = 204, .headers = {}, .body = {}};
}

} // namespace muster::gateway
