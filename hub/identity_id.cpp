#include "hub/identity_id.h"

namespace muster::hub {

std::string IdentityId::text() const {
    return is_module() ? device.text() + '/' + module.text() : device.text();
}

Result<IdentityId> parse_identity_id(std::string_view text) {
    const std::size_t slash = text.find('/');
    auto device = parse_device_id(text.substr(0, slash));
    if (!device) {
        return std::unexpected(std::move(device.error()));
    }
    if (slash == std::string_view::npos) {
        return IdentityId(std::move(*device));
    }
    auto module = parse_module_id(text.substr(slash + 1));
    if (!module) {
        return std::unexpected(std::move(module.error()));
    }
    return IdentityId(std::move(*device), std::move(*module));
}

} // namespace muster::hub
