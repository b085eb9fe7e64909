#pragma once
// Direct methods: a caller's request finds the device, the device's answer finds the caller
// (reference: iothub A.11, B.8). Nothing here waits on a thread.

#include "base/json.h"
#include "base/result.h"
#include "base/task.h"
#include "hub/live.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace muster::hub {

struct MethodCall {
    std::string name;
    std::optional<Json> payload;
    std::chrono::seconds response_timeout{30}; // 5 to 300
    std::chrono::seconds connect_timeout{0};   // 0 to 300; how long to wait for the device
};

struct MethodReply {
    int status = 0;
    Json payload; // valid JSON as sent; null if empty; anything else as a JSON string
};

/// What goes to the device; nothing is empty.
std::string payload_text(const MethodCall& call);

/// Reads and checks the body of an invocation. Error: malformed, naming the member.
Result<MethodCall> method_call_from(const JsonObject& document);

/// Thread safe.
class Methods {
  public:
    struct Limits {
        std::size_t in_flight_max = 10'000;
        std::size_t in_flight_per_device_max = 100;
        std::size_t payload_bytes_max = 128 * 1024;
    };

    /// Request ids count up from `first_request`; let it differ from start to start, so that an
    /// answer to a call made before a restart matches none made after it.
    Methods(Live& live, Scheduler& timers, const Limits& limits, std::uint64_t first_request = 1);
    ~Methods();

    using Done = std::move_only_function<void(Result<MethodReply>)>;

    /// `done` is called exactly once, on any thread, unless the process ends. Errors: unavailable
    /// (404103: not online within the connect timeout), deadline_exceeded (504101: no answer in
    /// time), rate_limited (too many in flight), too_large (the payload, or the device's answer).
    void invoke(const IdentityId& who, const MethodCall& call, Done done);

    /// The device answered. Late, repeated and foreign answers are dropped in silence.
    void answered(const IdentityId& who, const std::string& request_id, int status,
                  std::string_view payload);

    /// The identity was cut off: whoever waits for it hears so now, as unavailable.
    void cut(const IdentityId& who);
    void cut_with_modules(const DeviceId& device);

    [[nodiscard]] std::size_t in_flight() const;

  private:
    struct State;
    std::shared_ptr<State> state_;
};

} // namespace muster::hub
