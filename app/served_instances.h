#pragma once
// The provisioning instances of this process, each with the use cases that serve it. They come and
// go with the control plane's changes.

#include "app/hubs/instance_hubs.h"
#include "base/clock.h"
#include "base/random.h"
#include "base/task.h"
#include "gateway/sites.h"
#include "provisioning/instances.h"
#include "store/stores.h"

#include <memory>

namespace muster::app {

class ServedInstances final : public provisioning::InstanceObserver {
  public:
    struct Ports {
        store::Stores& stores;
        const HubReach& hubs;
        const provisioning::Whereabouts& whereabouts;
        provisioning::FunctionCaller& functions;
        provisioning::Instances& instances; // for operations on fleets; used once all are served
        Executor& workers;
        Executor& callers; // for what waits for another machine
        Scheduler& timers;
        const Clock& clock;
        Random& random;
        provisioning::JournalWriter& journal;
        gateway::Sites& sites;
    };

    explicit ServedInstances(const Ports& ports) : ports_(ports) {}

    /// Also takes up the registrations that an earlier process left unfinished.
    void serve(std::shared_ptr<provisioning::CurrentInstance> instance) override;
    void changed(const provisioning::Instance& before,
                 const provisioning::Instance& after) override;
    void withdraw(const IdScope& scope) override;

  private:
    Ports ports_;
};

} // namespace muster::app
