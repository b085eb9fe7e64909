#include "hub/events/change_events.h"

namespace muster::hub {

ChangeOrigin ChangeEvents::origin(const IdentityId& id) const {
    return {
        .hub = log_.hub(), .identity = id, .at = clock_.wall(), .correlation = new_guid(random_)};
}

EventBatch ChangeEvents::lifecycle(const IdentityId& id, LifecycleChange change,
                                   const Twin& twin) const {
    return tells_of_lifecycle() ? log_.prepare({lifecycle_event(origin(id), change, twin)})
                                : EventBatch{};
}

EventBatch ChangeEvents::created(const IdentityId& id, const Twin& twin) const {
    return lifecycle(id, LifecycleChange::created, twin);
}

EventBatch ChangeEvents::deleted(const IdentityId& id, const Twin& twin) const {
    return lifecycle(id, LifecycleChange::deleted, twin);
}

EventBatch ChangeEvents::twin_updated(const IdentityId& id, const TwinChange& change,
                                      const Twin& next) const {
    return log_.settings().twin_changes
               ? log_.prepare({twin_updated_event(origin(id), change, next)})
               : EventBatch{};
}

EventBatch ChangeEvents::twin_replaced(const IdentityId& id, const Twin& next) const {
    return log_.settings().twin_changes ? log_.prepare({twin_replaced_event(origin(id), next)})
                                        : EventBatch{};
}

} // namespace muster::hub
