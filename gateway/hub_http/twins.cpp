// Twins (reference: iothub B.7).

#include "gateway/hub_http/routes.h"
#include "gateway/hub_http/throttling.h"
#include "hub/documents.h"

namespace muster::gateway {

namespace {

constexpr std::size_t twin_body_bytes_max = 128 * 1024;

void answer(HubCall& call, const Result<hub::TwinView>& view) {
    view ? call.answer(hub::to_document(*view), hub::etag_of(view->twin))
         : call.refuse(view.error());
}

void read_twin(HubCall& call, const hub::IdentityId& id) {
    if (!in_turn(call, {.operation = hub::Operation::twin_read})) {
        return;
    }
    const auto view = call.hub().get_twin(id);
    if (!view) {
        return call.refuse(view.error());
    }
    std::string document = to_text(hub::to_document(*view));
    if (charged(call, document.size())) {
        call.answer(std::move(document), hub::etag_of(view->twin));
    }
}

void change_twin(HubCall& call, const hub::IdentityId& id) {
    const auto document = call.body(twin_body_bytes_max);
    if (!document) {
        return call.refuse(document.error());
    }
    const auto update = hub::twin_update_from(*document);
    if (!update) {
        return call.refuse(update.error());
    }
    if (!in_turn(call, {.operation = hub::Operation::twin_update, .charged = {call.body_size()}})) {
        return;
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
    const auto id = call.identity_id();
    if (!id) {
        return call.refuse(id.error());
    }
    reading ? read_twin(call, *id) : change_twin(call, *id);
}

} // namespace

bool serve_twins(const HubCallPtr& call) {
    const bool of_module = call->is(4, "twins") && call->segment_is(2, "modules");
    if (!of_module && !call->is(2, "twins")) {
        return false;
    }
    twin(*call);
    return true;
}

} // namespace muster::gateway
