// Digital twins (reference: iothub B.16), as far as plain twins carry them.

#include "base/text.h"
#include "gateway/hub_http/routes.h"
#include "gateway/hub_http/throttling.h"
#include "gateway/problem.h"
#include "hub/digital_twin.h"

#include <fmt/format.h>

#include <utility>

namespace muster::gateway {

namespace {

constexpr std::size_t patch_body_bytes_max = 128 * 1024;
constexpr std::size_t command_body_bytes_max = 128 * 1024;
constexpr int attempts_max = 8;

void get(HubCall& call, const DeviceId& id) {
    if (!in_turn(call, {.operation = hub::Operation::twin_read})) {
        return;
    }
    const auto view = call.hub().get_twin(id);
    if (!view) {
        return call.refuse(view.error());
    }
    std::string document = to_text(hub::to_digital_twin_document(id, view->twin));
    if (charged(call, document.size())) {
        call.answer(std::move(document), hub::etag_of(view->twin));
    }
}

/// Decided on the very twin that is changed: it must still have the etag that it had then.
Result<hub::TwinView> patched(HubCall& call, const DeviceId& id, const JsonArray& operations) {
    for (int attempt = 1;; ++attempt) {
        auto view = call.hub().get_twin(id);
        if (!view) {
            return view;
        }
        const ETag etag = hub::etag_of(view->twin);
        if (!call.if_match().permits(etag)) {
            return fail(Code::precondition, "the etag is not the current one");
        }
        auto patch = hub::desired_patch_from(operations, view->twin);
        if (!patch) {
            return std::unexpected(std::move(patch.error()));
        }
        if (patch->empty()) {
            return view;
        }
        auto changed =
            call.hub().patch_twin(id, {.tags = std::nullopt, .desired = std::move(*patch)},
                                  {.kind = hub::IfMatch::Kind::exactly, .etag = etag});
        if (changed || changed.error().code != Code::precondition || attempt == attempts_max) {
            return changed;
        }
    }
}

void patch(HubCall& call, const DeviceId& id) {
    const auto operations = call.array_body(patch_body_bytes_max);
    if (!operations) {
        return call.refuse(operations.error());
    }
    if (!in_turn(call, {.operation = hub::Operation::twin_update, .charged = {call.body_size()}})) {
        return;
    }
    const auto view = patched(call, id, *operations);
    if (!view) {
        return call.refuse(view.error());
    }
    session::HttpResponse response{.status = 202};
    response.headers.push_back({"ETag", fmt::format("\"{}\"", hub::etag_of(view->twin).text())});
    response.headers.push_back(
        {"Location", fmt::format("https://{}/digitaltwins/{}", call.hub().settings().name.text(),
                                 call.target().segments[1])});
    call.answer(std::move(response));
}

// ---- commands ----

Result<Json> payload_of(const HubCall& call) {
    return trim(call.body_text()).empty()
               ? Result<Json>(nullptr)
               : parse_json(call.body_text(), {.bytes_max = command_body_bytes_max});
}

/// As the body of a direct method, which knows the rules.
Result<hub::MethodCall> command_from(const HubCall& call, std::string_view component) {
    auto payload = payload_of(call);
    if (!payload) {
        return std::unexpected(std::move(payload.error()));
    }
    JsonObject document{
        {"methodName", hub::command_method_name(component, call.target().segments.back())},
        {"payload", std::move(*payload)}};
    for (const std::string_view name : {"connectTimeoutInSeconds", "responseTimeoutInSeconds"}) {
        const auto seconds = call.number({.name = name, .max = INT32_MAX});
        if (!seconds) {
            return std::unexpected(seconds.error());
        }
        if (*seconds) {
            document[name] = static_cast<std::int64_t>(**seconds);
        }
    }
    return hub::method_call_from(document);
}

void answer_command(HubCall& call, const hub::MethodReply& reply) {
    auto response = json_response(200, to_text(reply.payload));
    response.headers.push_back({"x-ms-command-statuscode", std::to_string(reply.status)});
    call.answer(std::move(response));
}

void invoke(const HubCallPtr& call, const DeviceId& id, std::string_view component) {
    if (auto known = call->hub().get_device(id); !known) {
        return call->refuse(known.error());
    }
    const auto command = command_from(*call, component);
    if (!command) {
        return call->refuse(command.error());
    }
    if (!in_turn(*call, method_of(hub::payload_text(*command).size()))) {
        return;
    }
    call->hub().methods().invoke(id, *command, [call](const Result<hub::MethodReply>& reply) {
        reply ? answer_command(*call, *reply) : call->refuse_invocation(reply.error());
    });
}

// ---- paths ----

struct Route {
    bool is_command = false;
    std::string_view component;
};

std::optional<Route> route_of(const HubCall& call) {
    if (call.is(2, "digitaltwins")) {
        return Route{};
    }
    if (call.is(4, "digitaltwins") && call.segment_is(2, "commands")) {
        return Route{.is_command = true, .component = {}};
    }
    if (call.is(6, "digitaltwins") && call.segment_is(2, "components") &&
        call.segment_is(4, "commands")) {
        return Route{.is_command = true, .component = call.target().segments[3]};
    }
    return std::nullopt;
}

void twin(HubCall& call, const DeviceId& id) {
    if (call.method_is("GET")) {
        return get(call, id);
    }
    call.method_is("PATCH") ? patch(call, id) : call.refuse_method("GET, PATCH");
}

} // namespace

bool serve_digital_twins(const HubCallPtr& call) {
    const auto route = route_of(*call);
    if (!route) {
        return false;
    }
    const auto id = call->device_id();
    if (auto allowed = call->allow(hub::Right::service_connect); !allowed) {
        call->refuse(allowed.error());
    } else if (!id) {
        call->refuse(id.error());
    } else if (!route->is_command) {
        twin(*call, *id);
    } else if (!call->method_is("POST")) {
        call->refuse_method("POST");
    } else {
        invoke(call, *id, route->component);
    }
    return true;
}

} // namespace muster::gateway
