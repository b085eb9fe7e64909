// Direct methods (reference: iothub B.8).

#include "gateway/hub_http/routes.h"
#include "gateway/hub_http/throttling.h"

namespace muster::gateway {

namespace {

constexpr std::size_t method_body_bytes_max = 192 * 1024;

void invoke_method(const HubCallPtr& call) {
    if (!call->method_is("POST")) {
        return call->refuse_method("POST");
    }
    if (auto allowed = call->allow(hub::Right::service_connect); !allowed) {
        return call->refuse(allowed.error());
    }
    const auto id = call->identity_id();
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
    if (!in_turn(*call, method_of(hub::payload_text(*method).size()))) {
        return;
    }
    call->hub().methods().invoke(*id, *method, [call](const Result<hub::MethodReply>& reply) {
        reply ? call->answer({{"status", reply->status}, {"payload", reply->payload}})
              : call->refuse_invocation(reply.error());
    });
}

} // namespace

bool serve_methods(const HubCallPtr& call) {
    const bool of_device = call->is(3, "twins") && call->segment_is(2, "methods");
    const bool of_module =
        call->is(5, "twins") && call->segment_is(2, "modules") && call->segment_is(4, "methods");
    if (!of_device && !of_module) {
        return false;
    }
    invoke_method(call);
    return true;
}

} // namespace muster::gateway
