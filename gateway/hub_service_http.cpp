// The hub's service API over HTTPS (reference: iothub B.1 to B.8).

#include "base/text.h"
#include "gateway/api_version.h"
#include "gateway/hub_bulk.h"
#include "gateway/hub_call.h"
#include "gateway/problem.h"
#include "hub/documents.h"

#include <algorithm>
#include <memory>
#include <utility>

namespace muster::gateway {

namespace {

using CallPtr = std::shared_ptr<HubCall>;

constexpr std::size_t twin_body_bytes_max = 128 * 1024;
constexpr std::size_t method_body_bytes_max = 192 * 1024;
constexpr unsigned long long list_max = 1000;

void answer(HubCall& call, const Result<hub::DeviceView>& view) {
    view ? call.answer(hub::to_document(*view), view->device.etag)
         : call.refuse(registry_problem_of(view.error().code), view.error());
}

void answer(HubCall& call, const Result<hub::TwinView>& view) {
    view ? call.answer(hub::to_document(*view), hub::etag_of(view->twin))
         : call.refuse(view.error());
}

// ---- /devices ----

void list_devices(HubCall& call) {
    if (auto allowed = call.allow(hub::Right::registry_read); !allowed) {
        return call.refuse(allowed.error());
    }
    const auto top = call.number({.name = "top", .max = list_max});
    if (!top) {
        return call.refuse(top.error());
    }
    const auto count = std::max<unsigned long long>(top->value_or(list_max), 1);
    auto devices = call.hub().list_devices(static_cast<std::size_t>(count));
    if (!devices) {
        return call.refuse(devices.error());
    }
    JsonArray documents;
    for (const hub::DeviceView& view : *devices) {
        documents.push_back(hub::to_document(view));
    }
    call.answer(json_response(200, to_text(Json(std::move(documents)))));
}

void devices(HubCall& call) {
    if (call.method_is("GET")) {
        list_devices(call);
    } else if (call.method_is("POST")) {
        change_devices_in_bulk(call);
    } else {
        call.refuse_method("GET, POST");
    }
}

// ---- /devices/{id}/modules ----

/// None: this hub has no module identities, and says so to whoever moves a device away.
void list_modules(HubCall& call) {
    if (auto allowed = call.allow(hub::Right::registry_read); !allowed) {
        return call.refuse(allowed.error());
    }
    const auto id = call.device_id();
    if (!id) {
        return call.refuse(id.error());
    }
    if (auto known = call.hub().get_device(*id); !known) {
        return call.refuse(known.error());
    }
    call.answer(json_response(200, "[]"));
}

// ---- /devices/{id} ----

void put_device(HubCall& call, const DeviceId& id) {
    const auto document = call.body(twin_body_bytes_max);
    if (!document) {
        return call.refuse(document.error());
    }
    auto wanted = hub::device_from_document(*document);
    if (!wanted) {
        return call.refuse(wanted.error());
    }
    if (wanted->id != id) {
        return call.refuse(
            {.code = Code::malformed, .detail = "deviceId differs from the one in the path"});
    }
    answer(call, call.hub().put_device(std::move(*wanted), call.if_match()));
}

void delete_device(HubCall& call, const DeviceId& id) {
    const auto erased = call.hub().delete_device(id, call.if_match());
    erased ? call.answer(session::HttpResponse{.status = 204}) : call.refuse(erased.error());
}

void device(HubCall& call) {
    const bool reading = call.method_is("GET");
    if (!reading && !call.method_is("PUT") && !call.method_is("DELETE")) {
        return call.refuse_method("GET, PUT, DELETE");
    }
    const auto right = reading ? hub::Right::registry_read : hub::Right::registry_write;
    if (auto allowed = call.allow(right); !allowed) {
        return call.refuse(allowed.error());
    }
    const auto id = call.device_id();
    if (!id) {
        return call.refuse(id.error());
    }
    if (reading) {
        answer(call, call.hub().get_device(*id));
    } else if (call.method_is("PUT")) {
        put_device(call, *id);
    } else {
        delete_device(call, *id);
    }
}

// ---- /twins/{id} ----

void change_twin(HubCall& call, const DeviceId& id) {
    const auto document = call.body(twin_body_bytes_max);
    if (!document) {
        return call.refuse(document.error());
    }
    const auto update = hub::twin_update_from(*document);
    if (!update) {
        return call.refuse(update.error());
    }
    answer(call, call.method_is("PATCH") ? call.hub().patch_twin(id, *update, call.if_match())
                                         : call.hub().replace_twin(id, *update, call.if_match()));
}

void twin(HubCall& call) {
    const bool reading = call.method_is("GET");
    if (!reading && !call.method_is("PATCH") && !call.method_is("PUT")) {
        return call.refuse_method("GET, PATCH, PUT");
    }
    if (auto allowed = call.allow(hub::Right::service_connect); !allowed) {
        return call.refuse(allowed.error());
    }
    const auto id = call.device_id();
    if (!id) {
        return call.refuse(id.error());
    }
    reading ? answer(call, call.hub().get_twin(*id)) : change_twin(call, *id);
}

// ---- /twins/{id}/methods ----

void invoke_method(const CallPtr& call) {
    if (!call->method_is("POST")) {
        return call->refuse_method("POST");
    }
    if (auto allowed = call->allow(hub::Right::service_connect); !allowed) {
        return call->refuse(allowed.error());
    }
    const auto id = call->device_id();
    if (!id) {
        return call->refuse(id.error());
    }
    if (auto known = call->hub().get_device(*id); !known) {
        return call->refuse(known.error());
    }
    const auto document = call->body(method_body_bytes_max);
    if (!document) {
        return call->refuse(document.error());
    }
    const auto method = hub::method_call_from(*document);
    if (!method) {
        return call->refuse(method.error());
    }
    call->hub().methods().invoke(*id, *method, [call](const Result<hub::MethodReply>& reply) {
        reply ? call->answer({{"status", reply->status}, {"payload", reply->payload}})
              : call->refuse_invocation(reply.error());
    });
}

void route(const CallPtr& call) {
    const auto segment_is = [&](std::size_t at, std::string_view word) {
        return equal_ignoring_case(call->target().segments[at], word);
    };
    // Queries: understood, but not offered.
    const bool is_query = call->is(2, "devices") && segment_is(1, "query");
    if (call->method_is("POST") && is_query) {
        call->refuse_unknown();
    } else if (call->is(1, "devices")) {
        devices(*call);
    } else if (call->is(3, "devices") && segment_is(2, "modules") && call->method_is("GET")) {
        list_modules(*call);
    } else if (call->is(2, "devices")) {
        device(*call);
    } else if (call->is(2, "twins")) {
        twin(*call);
    } else if (call->is(3, "twins") && segment_is(2, "methods")) {
        invoke_method(call);
    } else if (call->is(2, "messages") && segment_is(1, "events")) {
        read_hub_telemetry(call);
    } else {
        call->refuse_unknown();
    }
}

} // namespace

void handle_hub_service(const Context& context, hub::Service& hub, HttpExchange exchange,
                        Respond respond) {
    const auto call =
        std::make_shared<HubCall>(context, hub, std::move(exchange), std::move(respond));
    const auto version = check_api_version(call->target().parameter("api-version"));
    version ? route(call) : call->refuse({400, 400001, "InvalidProtocolVersion"}, version.error());
}

} // namespace muster::gateway
