#pragma once
// The one table that turns our error codes into IoT Hub's refusals (reference: iothub B.17): HTTP
// status, six-digit number, name from the .NET enum, and the two document shapes.

#include "base/clock.h"
#include "base/ids.h"
#include "base/result.h"
#include "session/http_session.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace muster::gateway {

struct HubProblem {
    unsigned status;
    int number;            // 404001
    std::string_view name; // "DeviceNotFound"
};

HubProblem hub_problem_of(Code code);

/// The same where a code has several meanings that their detail tells apart: a module that is not
/// there, a scope that nobody has.
HubProblem hub_problem_of(const Error& error);

/// The same for direct methods, where being offline and being too slow have numbers of their own.
HubProblem method_problem_of(Code code);

enum class IdentityKind : std::uint8_t { device, module };

/// The same for changes of an identity whose document was read: what is too large is the hub, or
/// the device with its modules.
HubProblem registry_problem_of(const Error& error, IdentityKind kind);

/// The same for sending to a device: 403004 for a full queue, 403009 for an expiry too far away.
HubProblem send_problem_of(Code code);

/// The same for settling what was received: a lock that is lost has a number of its own.
HubProblem settle_problem_of(Code code);

/// Two-layer shape: `iothub-errorcode` header,
/// `{"Message":"ErrorCode:..","ExceptionMessage":".."}`.
session::HttpResponse hub_error_response(const HubProblem& problem, const Error& error,
                                         const TrackingId& tracking, WallTime now);

/// Message holds an embedded JSON document (what callers of methods read).
session::HttpResponse method_error_response(const Error& error, const TrackingId& tracking,
                                            WallTime now);

/// The body of an MQTT twin response with an error status; Node wants a truthy errorCode.
std::string twin_error_body(const Error& error, const TrackingId& tracking, WallTime now);

} // namespace muster::gateway
