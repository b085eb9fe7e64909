// How many there are (reference: iothub B.13).

#include "gateway/hub_http/routes.h"
#include "gateway/hub_http/throttling.h"

namespace muster::gateway {

namespace {

void count_devices(HubCall& call) {
    if (auto allowed = call.allow(hub::Right::registry_read); !allowed) {
        return call.refuse(allowed.error());
    }
    if (!in_turn(call, {.operation = hub::Operation::registry})) {
        return;
    }
    const auto counts = call.hub().counts();
    if (!counts) {
        return call.refuse(counts.error());
    }
    call.answer({{"totalDeviceCount", counts->devices},
                 {"enabledDeviceCount", counts->devices - counts->disabled_devices},
                 {"disabledDeviceCount", counts->disabled_devices}});
}

void count_connected(HubCall& call) {
    if (auto allowed = call.allow_either(hub::Right::service_connect, hub::Right::registry_read);
        !allowed) {
        return call.refuse(allowed.error());
    }
    if (!in_turn(call, {.operation = hub::Operation::registry})) {
        return;
    }
    call.answer({{"connectedDeviceCount", call.hub().live().connected_device_count()}});
}

} // namespace

bool serve_statistics(const HubCallPtr& call) {
    const bool devices = call->is(2, "statistics") && call->segment_is(1, "devices");
    const bool service = call->is(2, "statistics") && call->segment_is(1, "service");
    if (!devices && !service) {
        return false;
    }
    if (!call->method_is("GET")) {
        call->refuse_method("GET");
    } else {
        devices ? count_devices(*call) : count_connected(*call);
    }
    return true;
}

} // namespace muster::gateway
