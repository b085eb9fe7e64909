#pragma once
// The api-version parameter of both provisioning APIs (dps-service 1.3, dps-device 0.3): any
// well-formed `YYYY-MM-DD[-preview]` is served as the newest; none, or something else, is a
// mistake.

#include "base/result.h"

#include <string_view>

namespace muster::gateway {

Result<void> check_api_version(std::string_view api_version);

} // namespace muster::gateway
