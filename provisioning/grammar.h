#pragma once
// What names of the control plane may look like (reference: dps-service 1.4, 10). Pure.

#include "base/result.h"

#include <cstddef>
#include <string_view>

namespace muster::provisioning {

/// 3 to 50 letters, digits and '-', not only digits, no '-' at an end (dps-service 10.1).
bool is_instance_name(std::string_view text);

/// A resource group: 1 to 90 letters, digits and "_-.()", not ending in '.'.
bool is_tenant_name(std::string_view text);

/// 1 to 256 letters, digits and "_-@." (dps-service 1.4).
bool is_policy_name(std::string_view text);

/// 1 to 256 letters, digits and "_-." (dps-service 10.4).
bool is_certificate_name(std::string_view text);

/// A DNS name or an IP address, without port.
bool is_host_name(std::string_view text);

/// UTF-8 without control characters, 1 to `characters_max` code points.
bool is_label(std::string_view text, std::size_t characters_max);

/// Of a quarantine: nothing, or a label. Error: malformed.
Result<void> check_reason(std::string_view text);

} // namespace muster::provisioning
