#include "hub/device_names.h"

namespace muster::hub {

std::string_view to_text(DeviceStatus status) {
    return status == DeviceStatus::enabled ? "enabled" : "disabled";
}

std::string_view to_text(AuthenticationType type) {
    switch (type) {
    case AuthenticationType::sas: return "sas";
    case AuthenticationType::self_signed: return "selfSigned";
    case AuthenticationType::certificate_authority: return "certificateAuthority";
    case AuthenticationType::none: break;
    }
    return "none";
}

std::optional<DeviceStatus> status_named(std::string_view name) {
    for (const auto status : {DeviceStatus::enabled, DeviceStatus::disabled}) {
        if (to_text(status) == name) {
            return status;
        }
    }
    return std::nullopt;
}

std::optional<AuthenticationType> authentication_type_named(std::string_view name) {
    for (const auto type : {AuthenticationType::sas, AuthenticationType::self_signed,
                            AuthenticationType::certificate_authority, AuthenticationType::none}) {
        if (to_text(type) == name) {
            return type;
        }
    }
    return std::nullopt;
}

} // namespace muster::hub
