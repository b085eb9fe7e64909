#pragma once
// The quarantine of single devices: the record says where the device is to be, and a plan takes it
// there at once.

#include "base/gate.h"
#include "provisioning/fleet/fleets.h"
#include "provisioning/fleet/relocating.h"

#include <memory>
#include <mutex>
#include <string>
#include <unordered_set>

namespace muster::provisioning {

/// Thread safe. Errors as of Fleets.
class Quarantines : public std::enable_shared_from_this<Quarantines> {
  public:
    explicit Quarantines(const Fleets::Ports& ports) : ports_(ports) {}

    Result<void> begin(const RegistrationId& id, const HubName& hub, const std::string& reason,
                       const Principal& by);
    Result<void> end(const RegistrationId& id, const Principal& by);

    /// Of any device: one that was held or released while it had another plan goes now.
    void plan_ended(const RegistrationId& id);

    void stop() { gate_.close(); }

  private:
    struct Edit {
        std::optional<HubName> held_at; // from now on
        std::string_view action;        // "registration.quarantine"
        std::string reason;
        Principal by;
    };

    Result<void> change(const RegistrationId& id, const Edit& edit);
    Result<void> try_change(const RegistrationId& id, const Edit& edit);
    Result<void> go(const RegistrationId& id);
    Result<RegistrationRecord> find(const RegistrationId& id);
    Result<RelocationVerdict> verdict_on(const RegistrationRecord& record);
    Result<void> follow(const RelocationVerdict& verdict, const RegistrationRecord& record,
                        const Change* change);
    void wait_for(const RegistrationId& id);

    const Fleets::Ports ports_;
    Gate gate_;
    std::mutex mutex_;
    std::unordered_set<RegistrationId> waiting_;
};

} // namespace muster::provisioning
