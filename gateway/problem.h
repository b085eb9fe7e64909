#pragma once
// How the provisioning edges refuse: the translation table from Code to HTTP status and six digit
// error code, and the error document (reference: dps-device 2.8, dps-service 8). MQTT responses
// carry the same status in their topic and the same document as their payload.

#include "base/clock.h"
#include "base/ids.h"
#include "base/result.h"
#include "session/http_session.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace muster::gateway {

/// What a refused request was about: "not found" has a number of its own for each of these.
enum class Subject : std::uint8_t {
    request, // none of the others
    enrollment,
    enrollment_group,
    registration, // and an operation of it
};

/// `error_code / 1000` is always the status (one client computes it that way).
struct Problem {
    unsigned status = 500;
    int error_code = 500000;

    friend bool operator==(const Problem&, const Problem&) = default;
};

/// The table of both provisioning edges, device and service API: their numbers come from one list.
/// Lack of rights is a 401 too: clients read a 403 as "too many devices" (dps-service 14, 17).
Problem problem_of(Code code, Subject about);

/// For what has a status of its own and no Code: 405, 415, and the faults of HTTP framing.
Problem plain_problem(unsigned status);

/// One refusal, ready to be written in either protocol.
struct Refusal {
    Problem problem;
    std::string message;
    TrackingId tracking;
    std::optional<std::chrono::seconds> retry_after; // always present with 429, 503 and 504
};

/// Faults of ours say nothing but that; everything else shows the error's detail.
Refusal make_refusal(const Problem& problem, const Error& error, const TrackingId& tracking);

/// `{"errorCode":..,"trackingId":..,"message":..,"timestampUtc":..}`
std::string problem_document(const Refusal& refusal, WallTime now);
session::HttpResponse problem_response(const Refusal& refusal, WallTime now);

/// 200-style answers: the exact content type that every client needs (dps-device 2.3).
session::HttpResponse json_response(unsigned status, std::string body);

/// Who asked for what, for the log line of a refused request.
struct RequestNote {
    std::string_view edge;   // "device api", "service api"
    std::string_view action; // "register", "PUT /enrollments/dev-1"
    std::string_view peer;
};

/// The one line of a failed request: info for mistakes of the caller, warning for overload, error
/// for faults of ours.
void log_refusal(const Refusal& refusal, const Error& error, const RequestNote& note);

} // namespace muster::gateway
