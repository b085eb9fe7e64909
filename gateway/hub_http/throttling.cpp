#include "gateway/hub_http/throttling.h"

#include "gateway/hub_http/routes.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace muster::gateway {

namespace {

bool is_exempt(const HubCall& call) {
    const auto& exempt = call.hub().settings().unthrottled_policies;
    if (exempt.empty()) {
        return false;
    }
    const auto policy = call.policy();
    return policy && std::ranges::find(exempt, *policy) != exempt.end();
}

Result<std::chrono::milliseconds> turn_of(const HubCall& call, const Metered& metered) {
    hub::Limiter& limiter = call.hub().limiter();
    if (!is_exempt(call)) {
        return limiter.admit(metered.operation, metered.cost, metered.charged);
    }
    if (auto paid = limiter.charge(metered.charged); !paid) {
        return std::unexpected(std::move(paid.error()));
    }
    return std::chrono::milliseconds(0);
}

void serve_later(const HubCallPtr& call, std::chrono::milliseconds wait) {
    call->timers().after(wait, [call] {
        if (!call->workers().submit([call] { serve_hub_call(call); })) {
            call->refuse({.code = Code::unavailable, .detail = "the server is busy"});
        }
    });
}

} // namespace

Metered method_of(std::size_t payload_bytes) {
    return {.operation = hub::Operation::method,
            .cost = hub::method_cost(payload_bytes),
            .charged = {payload_bytes}};
}

bool in_turn(HubCall& call, const Metered& metered) {
    if (call.has_turn()) {
        return true;
    }
    const auto wait = turn_of(call, metered);
    if (!wait) {
        call.refuse(wait.error());
        return false;
    }
    call.take_turn();
    if (wait->count() > 0) {
        serve_later(call.shared_from_this(), *wait);
        return false;
    }
    return true;
}

bool charged(HubCall& call, std::size_t bytes) {
    const auto paid = call.hub().limiter().charge(bytes);
    if (!paid) {
        call.refuse(paid.error());
    }
    return paid.has_value();
}

} // namespace muster::gateway
