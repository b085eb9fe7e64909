#pragma once
// The body of several messages in one request, `application/vnd.microsoft.iothub.json` (reference:
// iothub A.12).

#include "base/result.h"
#include "codec/topics.h"

#include <string>
#include <string_view>
#include <vector>

namespace muster::gateway {

struct BatchedMessage {
    topics::Properties properties;
    std::string body;

    bool operator==(const BatchedMessage&) const = default;
};

/// `[{"body":..,"base64Encoded":..,"properties":{"iothub-app-k":"v"}}, ..]`; bodies are base64
/// unless `base64Encoded` is false: one client leaves it out. Errors: malformed, too_large (more
/// than a thousand messages).
Result<std::vector<BatchedMessage>> parse_event_batch(std::string_view body);

} // namespace muster::gateway
