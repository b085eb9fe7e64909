#include "gateway/service_access.h"

#include "base/text.h"
#include "provisioning/access.h"

#include <string>

namespace muster::gateway {

namespace {

using provisioning::Principal;

std::string path_of(const Target& target) {
    std::string path;
    for (const auto& segment : target.segments) {
        path += '/' + segment;
    }
    return path;
}

Result<Principal> identify_administrator(const Context& context,
                                         const provisioning::Instance& instance,
                                         std::string_view authorization,
                                         provisioning::Right right) {
    if (context.control == nullptr) {
        return fail(Code::unauthenticated, "unauthorized", "no administrators' tokens here");
    }
    const auto administrator = context.control->tokens.authenticate(authorization);
    if (!administrator) {
        return std::unexpected(administrator.error());
    }
    return provisioning::authorize(instance, *administrator, right);
}

} // namespace

Result<Principal> identify_caller(const Context& context, const provisioning::Instance& instance,
                                  const HttpExchange& exchange, provisioning::Right right) {
    const auto authorization = exchange.request.header("Authorization");
    if (starts_with_ignoring_case(authorization, "Bearer ")) {
        return identify_administrator(context, instance, authorization, right);
    }
    const auto path = path_of(exchange.target);
    return provisioning::authorize(instance,
                                   {.authorization = authorization, .path = path, .right = right},
                                   context.clock.wall());
}

} // namespace muster::gateway
