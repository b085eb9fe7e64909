#pragma once
// The words of the wire for the enumerations of an identity (iothub B.1, B.4).

#include "hub/device.h"

#include <optional>
#include <string_view>

namespace muster::hub {

std::string_view to_text(DeviceStatus status);
std::string_view to_text(AuthenticationType type);

std::optional<DeviceStatus> status_named(std::string_view name);
std::optional<AuthenticationType> authentication_type_named(std::string_view name);

} // namespace muster::hub
