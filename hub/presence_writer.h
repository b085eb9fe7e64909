#pragma once
// Writes behind what Live knows (presence.h): every second what has changed, in batches.

#include "base/clock.h"
#include "base/task.h"
#include "hub/presence.h"

#include <memory>

namespace muster::hub {

/// Everything named here outlives the writer.
struct PresenceWriting {
    HubName hub;
    Live& live;
    PresenceStore& store;
    Scheduler& timers;
    Executor& workers;
    const Clock& clock;
};

/// Thread safe. Writes nothing by itself before start().
class PresenceWriter {
  public:
    explicit PresenceWriter(PresenceWriting parts);
    /// Waits for a write that is under way, and writes what is left.
    ~PresenceWriter();
    PresenceWriter(const PresenceWriter&) = delete;
    PresenceWriter& operator=(const PresenceWriter&) = delete;

    /// Nobody is connected yet; from now on a write every second. Error: what the store says.
    Result<void> start();

    /// Everything that has changed until now. Returns when it is stored.
    Result<void> write();

  private:
    struct State;
    std::shared_ptr<State> state_; // timers may hold it for longer
};

} // namespace muster::hub
