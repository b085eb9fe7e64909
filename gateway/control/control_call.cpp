#include "gateway/control/control_call.h"

#include "base/text.h"

namespace muster::gateway {

provisioning::InstancePtr ControlCall::find() const {
    auto instance = instances.find(route.instance);
    const bool visible = instance != nullptr &&
                         equal_ignoring_case(instance->tenant, route.group) &&
                         administrator.reach.covers(*instance);
    return visible ? instance : nullptr;
}

Result<provisioning::InstancePtr> ControlCall::require() const {
    auto instance = find();
    if (instance == nullptr) {
        return fail(Code::not_found, "there is no such provisioning service in the resource group");
    }
    return instance;
}

} // namespace muster::gateway
