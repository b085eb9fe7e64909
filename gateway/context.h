#pragma once
// What every handler of the gateway is given. One object for the whole process.

#include "base/clock.h"
#include "base/random.h"
#include "base/task.h"
#include "gateway/sites.h"
#include "provisioning/administration/tokens.h"
#include "provisioning/instances.h"

namespace muster::gateway {

/// What the operator's edges work on: instances as such, administrators, what was recorded.
struct Control {
    provisioning::Instances& instances;
    provisioning::AdminTokens& tokens;
    provisioning::AuditStore& audit;
    provisioning::JournalStore& journal;
};

struct Context {
    const Sites& sites;
    Executor& workers; // use cases run here, never on a connection's thread
    Scheduler& timers;
    const Clock& clock;
    Random& random;
    const Control* control = nullptr;               // null: no control plane is offered
    provisioning::JournalWriter* journal = nullptr; // null: refusals are only logged
};

} // namespace muster::gateway
