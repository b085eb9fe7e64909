#pragma once
// What a device answered, as JSON (iothub A.11). Pure.

#include "base/json.h"

#include <cstddef>
#include <string_view>

namespace muster::hub {

/// Valid JSON as it is, null for nothing, anything else as a JSON string.
Json method_reply_payload(std::string_view bytes, std::size_t bytes_max);

} // namespace muster::hub
