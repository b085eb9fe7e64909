#pragma once
// One operation while this process works on it.
//
// Who works on it: whoever saved it last. Each save names the version that was read, and one that
// runs is saved every few seconds, changed or not; so of two processes with one database, one goes
// on, and the other one finds its version gone, lets go, and looks again later (fleets_runner.h).
//
// Two locks: `work_` is held through whole steps, which wait for the store; `mutex_` guards the
// numbers, which plans that end in other threads change.

#include "base/gate.h"
#include "provisioning/audit.h"
#include "provisioning/fleet/fleet_devices.h"
#include "provisioning/fleet/fleets.h"
#include "provisioning/fleet/ledger.h"
#include "provisioning/fleet/pacer.h"
#include "provisioning/fleet/relocating.h"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>

namespace muster::provisioning {

/// `{"operation.pause", ..}` with the operation as it was and as it is.
Change operation_change(std::string_view verb, const Principal& by, const FleetOperation* before,
                        const FleetOperation& after, WallTime at);

/// A wish of an operator. Error: precondition, if the state does not allow it.
struct OperationWish {
    std::string_view verb; // "pause"
    std::function<Result<void>(FleetOperation&)> apply;
};

class OperationRun : public std::enable_shared_from_this<OperationRun> {
  public:
    /// As stored.
    OperationRun(const Fleets::Ports& ports, const FleetOperation& operation);

    void start();

    /// Takes no further step, and waits for those under way.
    void stop() { gate_.close(); }

    /// Error: conflict, if this process does not work on it any more; besides those of the wish.
    Result<FleetOperation> change(const OperationWish& wish, const Principal& by);
    [[nodiscard]] Fleets::View view();

    /// Done, let go, or waiting for an operator with nothing under way.
    [[nodiscard]] bool is_over() const { return is_over_; }

    /// Of any device.
    void plan_ended(const RegistrationRecord& planned, const RegistrationRecord& ended);

  private:
    using Delay = std::optional<std::chrono::milliseconds>; // nothing: it is over

    void schedule(std::chrono::milliseconds delay);
    void enqueue_after(std::chrono::milliseconds delay);
    void work();
    Delay step();
    Result<void> prepare();
    Delay delay_now();

    // ---- devices (operation_devices.cpp) ----

    Result<void> advance();
    Result<void> look_at_next();
    Result<RelocationVerdict> consider(const RegistrationRecord& record);
    void follow(const RegistrationRecord& record, const RelocationVerdict& verdict);

    /// What is to be stored of a device.
    struct Intention {
        RegistrationRecord record;
        Plan plan;
    };

    /// Where the device counts while the plan is neither stored nor dropped.
    enum class Counts : std::uint8_t { here, there };
    void count(const Intention& intention, Counts where);
    void begin_plan(Intention intention);
    void store_plan(Intention intention);
    Result<void> try_to_store(Intention& intention);
    Result<void> reconsider(Intention& intention);
    Result<void> look_at_waiting();
    Result<void> look_again(const RegistrationId& id);
    Result<void> look_at_quiet();
    void resolve(const RegistrationId& id, const std::optional<RegistrationRecord>& record);
    Result<void> look_at_quiet(const RegistrationId& id);
    Result<void> give_up_plans();
    Result<void> give_up(const RegistrationId& id);

    // What is wrong with one device for good must not hold up the others for ever.
    bool is_hopeless(const RegistrationId& id, const Error& error);
    Result<void> tolerate(const RegistrationId& id, const Result<void>& done);

    // ---- state ----

    Result<void> advance_state();
    Result<void> enter(OperationState state, std::string_view verb);
    Result<void> save(FleetOperation next, const Change* change);
    Result<void> save_if_needed();
    [[nodiscard]] bool needs_save() const; // mutex_ is held
    [[nodiscard]] bool has_failed_too_often();
    [[nodiscard]] bool is_settled();
    [[nodiscard]] std::int64_t room();
    [[nodiscard]] bool is_stopping();
    FleetOperation snapshot();

    const Fleets::Ports ports_;
    const IdScope scope_;
    const FleetOperation origin_; // its id, kind, hub and group, which never change
    Gate gate_;

    std::mutex work_;
    FleetDevices devices_;
    bool is_prepared_ = false;
    bool is_exhausted_ = false;                        // every device was looked at
    std::unordered_map<RegistrationId, int> troubles_; // errors in a row that do not pass
    std::atomic<bool> is_over_ = false;
    SteadyTime saved_;

    std::mutex mutex_;
    FleetOperation operation_; // numbers and position as last saved: those of now are the ledger's
    Ledger ledger_;
    Pacer pacer_;
    bool is_scheduled_ = false;
};

} // namespace muster::provisioning
