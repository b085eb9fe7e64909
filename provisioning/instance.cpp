#include "provisioning/instance.h"

#include <algorithm>

namespace muster::provisioning {

namespace {

/// dps-service 1.6: the flags nest.
bool contains(Right granted, Right wanted) {
    if (granted == wanted) {
        return true;
    }
    if (granted == Right::enrollment_write) {
        return wanted == Right::enrollment_read || wanted == Right::registration_read ||
               wanted == Right::registration_write;
    }
    return granted == Right::registration_write && wanted == Right::registration_read;
}

} // namespace

bool AccessPolicy::allows(Right right) const {
    return std::ranges::any_of(rights, [&](Right granted) { return contains(granted, right); });
}

const LinkedHub* Instance::find_hub(const HubName& name) const {
    const auto found = std::ranges::find(hubs, name, &LinkedHub::name);
    return found == hubs.end() ? nullptr : &*found;
}

const CaCertificate* Instance::find_certificate(std::string_view name) const {
    const auto found = std::ranges::find(certificates, name, &CaCertificate::name);
    return found == certificates.end() ? nullptr : &*found;
}

} // namespace muster::provisioning
