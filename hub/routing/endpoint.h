#pragma once
// Where events are sent, as the hub sees it, and what is known of how that goes.

#include "base/clock.h"
#include "base/result.h"
#include "hub/events/event.h"

#include <cstdint>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace muster::hub {

/// Implemented by app/endpoints. Used by one thread at a time, except for interrupt().
class Endpoint {
  public:
    virtual ~Endpoint() = default;

    /// Returns when all of them are safe at the other side, or with an error: then any of them may
    /// have arrived, and all will be sent again. Those of one device arrive in the given order.
    /// Waits, but at most half a minute. The error's detail may be shown to operators, and its
    /// retry_after is heeded.
    virtual Result<void> deliver(std::span<const Event> events) = 0;

    /// From any thread: what is being delivered ends within about a second, and nothing is
    /// delivered any more.
    virtual void interrupt() = 0;
};

/// What operators see. Counts are since the start of this process.
struct EndpointStatus {
    std::string name;
    std::string kind;                // "webhook", "nats"
    std::string target;              // a URL without its secrets, a subject
    std::vector<std::string> routes; // the enabled ones that lead here

    std::int64_t position = 0; // everything up to this sequence is done with
    std::int64_t sent = 0;     // events that arrived
    std::int64_t lost = 0;     // that retention dropped before they could be looked at
    std::int64_t attempts_failed = 0;

    std::optional<WallTime> last_sent;
    std::optional<WallTime> last_failed;
    std::optional<WallTime> failing_since; // nothing: the last attempt succeeded
    std::optional<WallTime> next_attempt;  // while it pauses
    std::string last_error;
};

/// The statuses of a hub's endpoints: dispatchers write, operators read. Thread safe.
class EndpointBoard {
  public:
    /// Puts it up, or replaces what was put up under the same name.
    void put(const EndpointStatus& status);
    /// In the order in which they were first put up.
    [[nodiscard]] std::vector<EndpointStatus> all() const;

  private:
    mutable std::mutex mutex_;
    std::vector<EndpointStatus> statuses_;
};

} // namespace muster::hub
