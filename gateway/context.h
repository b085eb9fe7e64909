#pragma once
// What every handler of the gateway is given. One object for the whole process.

#include "base/clock.h"
#include "base/random.h"
#include "base/task.h"
#include "gateway/sites.h"

namespace muster::gateway {

struct Context {
    const Sites& sites;
    Executor& workers; // use cases run here, never on a connection's thread
    Scheduler& timers;
    const Clock& clock;
    Random& random;
};

} // namespace muster::gateway
