#pragma once
// What a back end may send to a device (reference: iothub A.9, B.14, E). Pure.

#include "base/result.h"
#include "hub/messages/message.h"

#include <string>

namespace muster::hub {

struct SendRequest {
    MessageProperties properties;                     // as CloudMessage; the last of a name counts
    std::optional<std::chrono::seconds> time_to_live; // in place of `$.exp`
    std::string body;
};

/// As it will stand in the queue: dates in their seven-digit form, a message id in any case.
/// Errors: malformed (a name or a value that cannot travel, an unknown `iothub-ack`), too_large,
/// forbidden (an expiry beyond the longest time to live).
Result<CloudMessage> message_to_send(SendRequest request, const MessageLimits& limits,
                                     const std::string& new_message_id, WallTime now);

} // namespace muster::hub
