#pragma once
// The device API of provisioning without its transport: checked requests in, JSON answers out.
// HTTPS and MQTT carry the same documents and statuses (reference: dps-device 0.4, 2.6 to 2.8).
// Runs on a worker; thread safe.

#include "base/ids.h"
#include "gateway/context.h"
#include "provisioning/device_registration.h"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace muster::gateway {

/// Whatever the transport said of the caller, as text and not yet checked.
struct DeviceCall {
    std::string scope;
    std::string registration_id;
    std::string api_version;
    std::string client_version; // for the log
    provisioning::Proof proof;
    TrackingId tracking;
    std::string peer_address;
};

struct DeviceAnswer {
    unsigned status = 200;
    std::string body; // always a JSON object
    std::optional<std::chrono::seconds> retry_after;
    std::optional<int> error_code; // of a refusal
};

/// Always 202 `assigning` or a refusal, never a terminal answer (checklist 9).
DeviceAnswer answer_register(const Context& context, const DeviceCall& call, std::string_view body);

/// 202 while the plan is under way, 200 with whatever it ended in.
DeviceAnswer answer_operation_status(const Context& context, const DeviceCall& call,
                                     const OperationId& operation);

/// 200 with the bare registration state.
DeviceAnswer answer_lookup(const Context& context, const DeviceCall& call, std::string_view body);

/// For what never reached a use case: a full queue, time that ran out.
DeviceAnswer answer_refused(const Context& context, const DeviceCall& call, std::string_view action,
                            const Error& error);

} // namespace muster::gateway
