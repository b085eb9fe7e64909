#pragma once
// What sends the events of this server's hubs to their endpoints: a dispatcher for each endpoint,
// on threads of their own, so that a slow endpoint delays neither devices nor another endpoint.

#include "app/config.h"
#include "app/hubs/remote_hub.h"
#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "base/task.h"
#include "hub/service.h"

#include <memory>
#include <span>

namespace muster::app {

class EventRouting {
  public:
    /// All of it outlives the routing.
    struct Ports {
        std::span<const std::unique_ptr<hub::Service>> hubs; // in the order of the configuration
        SendRequest send;                                    // for webhooks
        Scheduler& timers;
        const Clock& clock;
        Random& random;
    };

    /// Reads the files that the configuration names, and begins. Errors: malformed and not_found,
    /// naming the setting; of the store.
    static Result<std::unique_ptr<EventRouting>> start(const ServerConfig& config,
                                                       const Ports& ports);
    ~EventRouting();

    /// What is being sent is interrupted; returns when no thread works any more, which takes a few
    /// seconds at most. What had not arrived by then is sent after the next start. Idempotent.
    void stop();

  private:
    struct Parts;
    explicit EventRouting(std::unique_ptr<Parts> parts);
    std::unique_ptr<Parts> parts_;
};

} // namespace muster::app
