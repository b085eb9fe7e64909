#pragma once
// The events of those changes that a hub is to tell of, ready to be stored with them. Thread safe.

#include "base/clock.h"
#include "base/random.h"
#include "hub/events/changes.h"
#include "hub/events/event_log.h"

namespace muster::hub {

class ChangeEvents {
  public:
    ChangeEvents(const EventLog& log, const Clock& clock, Random& random)
        : log_(log), clock_(clock), random_(random) {}

    // An empty batch if the hub does not tell of such changes.

    [[nodiscard]] EventBatch created(const IdentityId& id, const Twin& twin) const;
    [[nodiscard]] EventBatch deleted(const IdentityId& id, const Twin& twin) const;
    [[nodiscard]] EventBatch twin_updated(const IdentityId& id, const TwinChange& change,
                                          const Twin& next) const;
    [[nodiscard]] EventBatch twin_replaced(const IdentityId& id, const Twin& next) const;

    /// Tells whether the twin of an identity that goes is wanted.
    [[nodiscard]] bool tells_of_lifecycle() const { return log_.settings().lifecycle; }

  private:
    [[nodiscard]] ChangeOrigin origin(const IdentityId& id) const;
    [[nodiscard]] EventBatch lifecycle(const IdentityId& id, LifecycleChange change,
                                       const Twin& twin) const;

    const EventLog& log_;
    const Clock& clock_;
    Random& random_;
};

} // namespace muster::hub
