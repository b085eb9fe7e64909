#pragma once
// Connects and disconnects on their way into the event log: taken from any thread without waiting,
// stored by a worker in batches, in the order they came. What is still on its way when the process
// dies is lost, like the connections themselves.

#include "base/clock.h"
#include "base/random.h"
#include "base/task.h"
#include "hub/events/changes.h"
#include "hub/events/event_log.h"

#include <memory>

namespace muster::hub {

struct ConnectionEventPorts {
    Executor& workers;
    Scheduler& timers;
    const Clock& clock;
    Random& random;
};

/// Thread safe.
class ConnectionEvents {
  public:
    /// Of what waits for the log, no more than this is kept; what comes then is dropped, and said
    /// in the server's log.
    static constexpr std::size_t waiting_max = 200'000;

    /// The log outlives this.
    ConnectionEvents(EventLog& log, const ConnectionEventPorts& ports);
    ~ConnectionEvents();

    /// Does nothing if the hub does not tell of connections.
    void note(const IdentityId& id, ConnectionChange change);

  private:
    struct State;
    std::shared_ptr<State> state_;
};

} // namespace muster::hub
