#pragma once
// Twins that come whole, as bulk creation sends them (iothub B.5).

#include "base/json.h"
#include "base/result.h"
#include "hub/service.h"

namespace muster::hub {

/// `{"tags":{},"properties":{"desired":{},"reported":{}}}`, each part empty if it is unset. What
/// only a hub writes is dropped, as twin_update_from() does. Error: malformed.
Result<TwinContent> twin_content_from(const JsonObject& document);

} // namespace muster::hub
