#pragma once
// Registration as a device does it (reference: dps-device 2, 3), without I/O: Conversations that
// register, poll as told and report. One registration per object.

#include "base/clock.h"
#include "base/json.h"
#include "base/result.h"
#include "device/identity.h"
#include "session/conversation.h"

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace muster::device {

struct RegisterOptions {
    Identity identity;
    std::string host; // the Host header, and what the server's certificate is checked for
    std::optional<Json> payload;
    std::string api_version = "2021-06-01";
    std::chrono::seconds time_max{120}; // for the whole registration
};

/// Called once, on the connection's thread, and must not destroy the conversation. Errors carry the
/// service's own text: unauthenticated, attestation_failed, not_found, unavailable (connection
/// lost; retry_after says when to come again, if the service said so), deadline_exceeded, and so
/// on. 429 and 5xx are waited out and tried again until time_max.
using Registered = std::move_only_function<void(Result<Assigned>)>;

std::unique_ptr<session::Conversation> register_over_https(RegisterOptions options,
                                                           const Clock& clock, Registered done);
std::unique_ptr<session::Conversation> register_over_mqtt(RegisterOptions options,
                                                          const Clock& clock, Registered done);

} // namespace muster::device
