// Deleting an instance (reference: dps-service 10.1). It takes longer than a request, and nothing
// is remembered about it: the operation's id says which instance it was, and whether that one is
// still there says how far it is. So it survives restarts, and a new instance of the same name is
// not taken for the old one.
//
//     operation id = "delete-" ID-scope

#include "base/ids.h"
#include "gateway/control/control_call.h"
#include "gateway/problem.h"

#include <algorithm>
#include <optional>

namespace muster::gateway {

namespace {

using provisioning::InstanceState;
using session::HttpHeader;
using session::HttpResponse;

constexpr std::string_view prefix = "delete-";
const HttpHeader retry_soon{"Retry-After", "1"};

std::optional<IdScope> scope_in(std::string_view operation) {
    if (!operation.starts_with(prefix)) {
        return std::nullopt;
    }
    auto scope = parse_id_scope(operation.substr(prefix.size()));
    return scope ? std::optional(*std::move(scope)) : std::nullopt;
}

/// Below the path of the instance, spelled as the caller spelled it.
std::string operation_path(const ControlCall& call, const provisioning::Instance& instance) {
    auto path = call.exchange.request.target.substr(0, call.exchange.request.target.find('?'));
    while (path.ends_with('/')) {
        path.pop_back();
    }
    return path + "/operationResults/" + std::string(prefix) + instance.scope.text() +
           "?api-version=" + std::string(call.exchange.target.parameter("api-version"));
}

/// `asyncinfo`, with or without a value, asks for a status document; without it the HTTP status
/// alone tells.
bool wants_document(const Target& target) {
    return std::ranges::any_of(target.query,
                               [](const auto& field) { return field.first == "asyncinfo"; });
}

HttpResponse under_way(const ControlCall& call) {
    if (wants_document(call.exchange.target)) {
        auto response = json_response(200, R"({"status":"InProgress"})");
        response.headers.push_back(retry_soon);
        return response;
    }
    const auto& own_address = call.exchange.request.target;
    return {
        .status = 202, .headers = {{"Location", call.url(own_address)}, retry_soon}, .body = {}};
}

HttpResponse done(const ControlCall& call) {
    if (wants_document(call.exchange.target)) {
        return json_response(200, R"({"status":"Succeeded"})");
    }
    return {.status = 204, .headers = {}, .body = {}};
}

} // namespace

Result<HttpResponse> erase_instance(const ControlCall& call) {
    const auto instance = call.find();
    if (instance == nullptr) { // nothing to do is success; what is out of reach came not this far
        return HttpResponse{.status = 204, .headers = {}, .body = {}};
    }
    if (instance->state != InstanceState::deleting) {
        const auto erased =
            call.instances.erase(instance->name, call.if_match(), call.administrator.principal);
        if (!erased) {
            return std::unexpected(erased.error());
        }
    }
    const auto operation = call.url(operation_path(call, *instance));
    return HttpResponse{.status = 202,
                        .headers = {{"Azure-AsyncOperation", operation + "&asyncinfo"},
                                    {"Location", operation},
                                    retry_soon},
                        .body = {}};
}

Result<HttpResponse> operation_result(const ControlCall& call) {
    const auto scope = scope_in(call.route.item);
    if (!scope) {
        return fail(Code::not_found, "there is no such operation");
    }
    const auto instance = call.find();
    if (instance == nullptr || instance->scope != *scope) {
        return done(call);
    }
    if (instance->state != InstanceState::deleting) {
        return fail(Code::not_found, "there is no such operation");
    }
    return under_way(call);
}

} // namespace muster::gateway
