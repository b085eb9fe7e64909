#pragma once
// For the tests of both registrations: a device with a known key and what became of it.

#include "base/encoding.h"
#include "device/provisioning_client.h"

#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace muster::device {

using namespace std::chrono_literals;

inline constexpr SteadyTime begin{1h};

/// A token signed at this time expires at 1700000000, as in the vectors of dps-device A.2.
inline ManualClock vector_clock() {
    return ManualClock(WallTime(std::chrono::seconds(1'700'000'000) - 1h));
}

// dps-device A.2, `sr` with %2F; the signature percent-encoded.
inline constexpr std::string_view vector_token =
    "SharedAccessSignature sr=0ne00TEST01%2Fregistrations%2Fdev-1"
    "&sig=kX69FIQZf6sNZT2PThROLhNJLTJP5Qt0XRIXxDxpK1E%3D&se=1700000000&skn=registration";

inline RegisterOptions options_of_device_1() {
    RegisterOptions options;
    options.identity.scope = IdScope("0ne00TEST01");
    options.identity.registration_id = RegistrationId("dev-1");
    options.identity.symmetric_key = Secret("0123456789abcdef0123456789abcdef");
    options.host = "dps.test";
    options.payload = Json{{"a", 1}};
    return options;
}

inline constexpr std::string_view register_body = R"({"registrationId":"dev-1","payload":{"a":1}})";
inline constexpr std::string_view assigning_body =
    R"({"operationId":"5.x.y","status":"assigning"})";
inline constexpr std::string_view assigned_body =
    R"({"operationId":"5.x.y","status":"assigned","registrationState":{"registrationId":"dev-1",)"
    R"("assignedHub":"hub.test","deviceId":"dev-1","status":"assigned",)"
    R"("substatus":"initialAssignment"}})";
inline constexpr std::string_view throttled_body =
    R"({"errorCode":429001,"trackingId":"t","message":"Throttled"})";

/// Counts the calls, and keeps the last result.
struct Outcome {
    int calls = 0;
    std::optional<Result<Assigned>> result;

    Registered callback() {
        return [this](Result<Assigned> done) {
            ++calls;
            result = std::move(done);
        };
    }

    [[nodiscard]] Code code() const {
        return result && !*result ? result->error().code : Code::internal;
    }
};

} // namespace muster::device
