#pragma once
// Brings the events of a hub's log to one endpoint, at least once and in order, for as long as the
// endpoint takes: carries out what hub/routing/delivery.h says. It takes a thread of the executor
// while it reads and sends, and none while it waits or pauses.

#include "base/clock.h"
#include "base/random.h"
#include "base/task.h"
#include "hub/events/event_log.h"
#include "hub/routing/delivery.h"
#include "hub/routing/endpoint.h"
#include "hub/routing/routing_table.h"

#include <memory>
#include <string>

namespace muster::hub {

/// All of it outlives the dispatcher.
struct DispatcherPorts {
    EventLog& log;
    const RoutingTable& routes;
    TwinLookup twins;
    EndpointBoard& board;
    Executor& senders; // not the workers: endpoints may be slow
    Scheduler& timers;
    const Clock& clock;
    Random& random;
};

/// Thread safe.
class Dispatcher {
  public:
    struct Named {
        std::string hub; // for the log
        std::string name;
        std::string kind;
        std::string target;
        Endpoint& endpoint; // outlives the dispatcher
    };

    Dispatcher(Named endpoint, DispatcherPorts ports, const DeliveryLimits& limits = {});
    ~Dispatcher();

    /// Goes on from the stored position. One that has none begins with what is appended from now
    /// on, and stores that before it returns. Error: of the store.
    Result<void> start();

    /// Nothing new is begun, what is being delivered is interrupted. Does not wait: the executor
    /// is to be stopped next. Idempotent.
    void stop();

  private:
    struct State;
    std::shared_ptr<State> state_;
};

} // namespace muster::hub
