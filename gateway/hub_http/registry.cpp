// The identity registry (reference: iothub B.2 to B.6).

#include "gateway/hub_http/bulk.h"
#include "gateway/hub_http/routes.h"
#include "gateway/hub_http/throttling.h"
#include "gateway/problem.h"
#include "hub/documents.h"

#include <algorithm>
#include <utility>

namespace muster::gateway {

namespace {

constexpr std::size_t identity_body_bytes_max = 128 * 1024;
constexpr unsigned long long list_max = 1000;

IdentityKind kind_of(const hub::IdentityId& id) {
    return id.is_module() ? IdentityKind::module : IdentityKind::device;
}

void answer(HubCall& call, const hub::IdentityId& id, const Result<hub::DeviceView>& view) {
    view ? call.answer(hub::to_document(*view), view->device.etag)
         : call.refuse(registry_problem_of(view.error(), kind_of(id)), view.error());
}

void answer_list(HubCall& call, const Result<std::vector<hub::DeviceView>>& views) {
    if (!views) {
        return call.refuse(views.error());
    }
    JsonArray documents;
    for (const hub::DeviceView& view : *views) {
        documents.push_back(hub::to_document(view));
    }
    call.answer(json_response(200, to_text(Json(std::move(documents)))));
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
    if (!in_turn(call, {.operation = hub::Operation::registry})) {
        return;
    }
    const auto count = std::max<unsigned long long>(top->value_or(list_max), 1);
    answer_list(call, call.hub().list_devices(static_cast<std::size_t>(count)));
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

// ---- /devices/{d}/modules ----

void modules(HubCall& call) {
    if (!call.method_is("GET")) {
        return call.refuse_method("GET");
    }
    if (auto allowed = call.allow(hub::Right::registry_read); !allowed) {
        return call.refuse(allowed.error());
    }
    if (!in_turn(call, {.operation = hub::Operation::registry})) {
        return;
    }
    const auto id = call.device_id();
    id ? answer_list(call, call.hub().list_modules(*id)) : call.refuse(id.error());
}

// ---- /devices/{d}, /devices/{d}/modules/{m} ----

void put_identity(HubCall& call, const hub::IdentityId& id) {
    const auto document = call.body(identity_body_bytes_max);
    if (!document) {
        return call.refuse(document.error());
    }
    auto wanted = hub::device_from_document(*document);
    if (!wanted) {
        return call.refuse(wanted.error());
    }
    if (wanted->identity() != id) {
        return call.refuse({.code = Code::malformed,
                            .detail = id.is_module()
                                          ? "deviceId or moduleId differs from the one in the path"
                                          : "deviceId differs from the one in the path"});
    }
    answer(call, id, call.hub().put_device(std::move(*wanted), call.if_match()));
}

void delete_identity(HubCall& call, const hub::IdentityId& id) {
    const auto erased = call.hub().delete_device(id, call.if_match());
    erased ? call.answer(session::HttpResponse{.status = 204})
           : call.refuse(registry_problem_of(erased.error(), kind_of(id)), erased.error());
}

void identity(HubCall& call) {
    const bool reading = call.method_is("GET");
    if (!reading && !call.method_is("PUT") && !call.method_is("DELETE")) {
        return call.refuse_method("GET, PUT, DELETE");
    }
    const auto right = reading ? hub::Right::registry_read : hub::Right::registry_write;
    if (auto allowed = call.allow(right); !allowed) {
        return call.refuse(allowed.error());
    }
    if (!in_turn(call, {.operation = hub::Operation::registry})) {
        return;
    }
    const auto id = call.identity_id();
    if (!id) {
        return call.refuse(id.error());
    }
    if (reading) {
        answer(call, *id, call.hub().get_device(*id));
    } else if (call.method_is("PUT")) {
        put_identity(call, *id);
    } else {
        delete_identity(call, *id);
    }
}

} // namespace

bool serve_registry(const HubCallPtr& call) {
    if (call->is(1, "devices")) {
        devices(*call);
    } else if (call->is(3, "devices") && call->segment_is(2, "modules")) {
        modules(*call);
    } else if (call->is(2, "devices") ||
               (call->is(4, "devices") && call->segment_is(2, "modules"))) {
        identity(*call);
    } else {
        return false;
    }
    return true;
}

} // namespace muster::gateway
