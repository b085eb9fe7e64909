#include "gateway/hub_http/throttling.h"

#include "base/text.h"

#include <algorithm>
#include <array>
#include <utility>

namespace muster::gateway {

namespace {

using hub::Operation;

constexpr std::size_t bulk_body_bytes_max = 4 * 1024 * 1024;

Metered carrying_data(const HubCall& call, Operation operation) {
    return {.operation = operation, .cost = 1, .charged_bytes = call.body_size()};
}

Metered calling_method(const HubCall& call) {
    return {.operation = Operation::method,
            .cost = hub::method_cost(call.body_size()),
            .charged_bytes = call.body_size()};
}

/// Each device counts. A body that is no list is refused by whoever serves it.
Metered bulk_of_devices(const HubCall& call) {
    const auto devices = call.array_body(bulk_body_bytes_max);
    return {.operation = Operation::registry,
            .cost = devices ? std::max(static_cast<double>(devices->size()), 1.0) : 1};
}

/// `twins/..`, `digitaltwins/..`.
std::optional<Metered> metered_twin(const HubCall& call) {
    const std::string_view last = call.target().segments.back();
    if (equal_ignoring_case(last, "methods") ||
        (call.is_below("digitaltwins") && call.method_is("POST"))) {
        return calling_method(call);
    }
    return carrying_data(call,
                         call.method_is("GET") ? Operation::twin_read : Operation::twin_update);
}

/// `devices/{id}/messages/..`: of a device, and to it.
std::optional<Metered> metered_messages(const HubCall& call) {
    const auto& segments = call.target().segments;
    const bool of_events = equal_ignoring_case(segments.back(), "events");
    const bool of_queue = equal_ignoring_case(segments.back(), "devicebound");
    if (of_events && call.method_is("POST")) {
        return carrying_data(call, Operation::telemetry);
    }
    if (of_queue && call.method_is("POST")) {
        return carrying_data(call, Operation::message);
    }
    if (of_queue && call.method_is("GET")) {
        return Metered{.operation = Operation::message_receipt};
    }
    return std::nullopt;
}

std::optional<Metered> metered_devices(const HubCall& call) {
    const auto& segments = call.target().segments;
    if (call.method_is("POST") && segments.size() == 1) {
        return bulk_of_devices(call);
    }
    if (call.method_is("POST") && segments.size() == 2 && call.segment_is(1, "query")) {
        return Metered{.operation = Operation::query};
    }
    if (segments.size() >= 4 && call.segment_is(2, "messages")) {
        return metered_messages(call);
    }
    if (segments.size() >= 3 && call.segment_is(2, "files")) {
        return Metered{.operation = Operation::file_upload};
    }
    return Metered{.operation = Operation::registry};
}

bool is_of_device(Operation operation) {
    return operation == Operation::telemetry || operation == Operation::message_receipt ||
           operation == Operation::file_upload;
}

/// Whether the request takes a turn at all.
bool takes_turn(const HubCall& call, Operation operation) {
    const auto policy = call.policy();
    if (!policy) {
        return is_of_device(operation);
    }
    const auto& exempt = call.hub().settings().unthrottled_policies;
    return std::ranges::find(exempt, *policy) == exempt.end();
}

} // namespace

std::optional<Metered> metered(const HubCall& call) {
    if (call.target().segments.empty()) {
        return std::nullopt;
    }
    if (call.is_below("devices")) {
        return metered_devices(call);
    }
    if (call.is_below("twins") || call.is_below("digitaltwins")) {
        return metered_twin(call);
    }
    if (call.is(2, "messages") && call.segment_is(1, "devicebound") && call.method_is("POST")) {
        return carrying_data(call, Operation::message);
    }
    if (call.is_below("jobs")) {
        return Metered{.operation = Operation::job};
    }
    if (call.is_below("configurations")) {
        return Metered{.operation = Operation::configuration};
    }
    return call.is_below("statistics") ? std::optional(Metered()) : std::nullopt;
}

void in_turn(const HubCallPtr& call, std::function<void()> serve) {
    const auto asked = metered(*call);
    if (!asked || !takes_turn(*call, asked->operation)) {
        return serve();
    }
    hub::Limiter& limiter = call->hub().limiter();
    const auto wait = limiter.admit(asked->operation, asked->cost);
    if (!wait) {
        return call->refuse(wait.error());
    }
    if (asked->charged_bytes) {
        if (const auto charged = limiter.charge(*asked->charged_bytes); !charged) {
            return call->refuse(charged.error());
        }
    }
    if (wait->count() == 0) {
        return serve();
    }
    call->timers().after(*wait, [call, serve = std::move(serve)]() mutable {
        if (!call->workers().submit(std::move(serve))) {
            call->refuse({.code = Code::unavailable, .detail = "the server is busy"});
        }
    });
}

} // namespace muster::gateway
