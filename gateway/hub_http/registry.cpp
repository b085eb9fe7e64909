// The identity registry (reference: iothub B.2 to B.6).

#include "gateway/hub_http/bulk.h"
#include "gateway/hub_http/routes.h"
#include "gateway/problem.h"
#include "hub/documents.h"

#include <algorithm>
#include <utility>

namespace muster::gateway {

namespace {

constexpr std::size_t identity_body_bytes_max = 128 * 1024;
constexpr unsigned long long list_max = 1000;

void answer(HubCall& call, const Result<hub::DeviceView>& view) {
    view ? call.answer(hub::to_document(*view), view->device.etag)
         : call.refuse(registry_problem_of(view.error().code), view.error());
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
    const auto document = call.body(identity_body_bytes_max);
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

} // namespace

bool serve_registry(const HubCallPtr& call) {
    if (call->is(1, "devices")) {
        devices(*call);
    } else if (call->is(2, "devices")) {
        device(*call);
    } else if (call->is(3, "devices") && call->segment_is(2, "modules") && call->method_is("GET")) {
        list_modules(*call);
    } else {
        return false;
    }
    return true;
}

} // namespace muster::gateway
