#pragma once
// A device at its hub over MQTT (reference: iothub A), without I/O: connects, sends telemetry,
// reads and reports its twin, answers methods.

#include "base/clock.h"
#include "base/json.h"
#include "base/result.h"
#include "base/secret.h"
#include "session/conversation.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace muster::device {

struct HubClientOptions {
    std::string hub;
    std::string device_id;
    std::optional<Secret> symmetric_key;
    std::chrono::seconds keep_alive{240};
    bool clean_session = false;
    /// A hub that says it has kept the session is believed (iothub A.6): nothing is subscribed to
    /// again.
    bool resume_session = false;
};

/// Callbacks on the connection's thread; each may call the client, none may destroy it. `connected`
/// comes once, with an Error if it does not come to that; `closed` comes once, last, in any case.
struct HubCallbacks {
    std::function<void(Result<void>)> connected;
    std::function<void(const JsonObject& patch)> desired;
    /// Returns status and payload.
    std::function<std::pair<int, Json>(const std::string& method, const Json& payload)> method;
    std::function<void(std::string reason)> closed;
};

class HubClient : public session::Conversation {
  public:
    static std::unique_ptr<HubClient> make(HubClientOptions options, HubCallbacks callbacks,
                                           const Clock& clock);

    /// Whatever is asked of the client is answered exactly once: with unavailable if it is not
    /// connected or the connection ends first, with deadline_exceeded after a minute of silence.
    virtual void send_telemetry(std::string body,
                                std::vector<std::pair<std::string, std::string>> properties,
                                std::function<void(Result<void>)> stored) = 0;
    virtual void read_twin(std::function<void(Result<JsonObject>)> done) = 0;
    virtual void report(const JsonObject& patch,
                        std::function<void(Result<std::int64_t>)> done) = 0;
    virtual void disconnect() = 0;

    /// Connected, with the subscriptions of an earlier connection.
    [[nodiscard]] virtual bool has_resumed() const = 0;
};

} // namespace muster::device
