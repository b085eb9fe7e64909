#pragma once
// Runs operations on fleets and quarantines. Progress is stored every few seconds and with every
// change of state, so a restart goes on where it stood; a plan that was begun is found among the
// unfinished ones, and moving a device twice is moving it once.

#include "base/clock.h"
#include "base/random.h"
#include "base/task.h"
#include "provisioning/allocator.h"
#include "provisioning/applicants.h"
#include "provisioning/current_instance.h"
#include "provisioning/fleet/operation.h"
#include "provisioning/fleet/suspects.h"
#include "provisioning/instances.h"
#include "provisioning/plan_runner.h"
#include "provisioning/ports.h"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace muster::provisioning {

/// One for each instance. Thread safe. Errors of all: not_found, precondition (the state does not
/// allow it), malformed, already_exists (another operation on this hub runs).
class Fleets {
  public:
    struct Ports {
        const CurrentInstance& instance;
        Instances& instances; // a drain switches the hub's allocation off
        FleetOperationStore& operations;
        EnrollmentStore& enrollments;
        RegistrationStore& registrations;
        Hubs& hubs; // for suspects: who was never connected
        Applicants& applicants;
        Allocator& allocator;
        PlanRunner& runner;
        Executor& workers;
        Scheduler& timers;
        const Clock& clock;
        Random& random;
    };

    explicit Fleets(const Ports& ports);
    ~Fleets(); // takes no further step

    /// Those that were running go on. Once, before use.
    Result<void> resume_all();

    struct Wanted {
        OperationKind kind = OperationKind::drain; // drain or rebalance
        std::optional<HubName> hub;
        OperationLimits limits;
    };

    Result<FleetOperation> begin(const Wanted& wanted, const Principal& by);

    /// With the estimate of the end where it runs, see estimated_end().
    struct View {
        FleetOperation operation;
        std::optional<WallTime> estimated_end;
        std::int64_t under_way = 0;
    };

    Result<std::vector<View>> list();
    Result<View> get(const std::string& id);
    Result<void> pause(const std::string& id, const Principal& by);
    Result<void> resume(const std::string& id, const Principal& by);
    /// Begins nothing more, and gives up what is under way and not decided; what has moved stays.
    Result<void> stop(const std::string& id, const Principal& by);
    Result<FleetOperation> change_limits(const std::string& id, const OperationLimits& limits,
                                         const Principal& by);

    // ---- quarantine ----

    /// The device is moved to the hub, carrying its twin, and stays there whatever its enrollment
    /// says, until released. Error: not_found (never registered), malformed (hub not linked).
    Result<void> quarantine(const RegistrationId& id, const HubName& hub, const std::string& reason,
                            const Principal& by);
    Result<void> release(const RegistrationId& id, const Principal& by);
    /// The same for every device of a group, those to come included; an operation moves them.
    Result<FleetOperation> quarantine(const EnrollmentGroupId& group, const HubName& hub,
                                      const std::string& reason, const OperationLimits& limits,
                                      const Principal& by);
    Result<FleetOperation> release(const EnrollmentGroupId& group, const OperationLimits& limits,
                                   const Principal& by);

    // ---- block ----

    /// How a device stands that is blocked, or was.
    struct BlockView {
        std::optional<Block> block;
        bool settled = false;    // nothing is left to be done at hubs for it
        std::optional<Place> at; // where the device is
        std::string problem;     // why it has not settled, if a hub said no
    };

    /// Called once, from any thread.
    using BlockDone = std::move_only_function<void(Result<BlockView>)>;

    /// From here on every registration of the device is declined, and its identity at its hub is
    /// disabled, which ends its connections. `done` is called when that is so, or after some
    /// seconds, if a hub does not answer; then it goes on in the background. A plan that is not
    /// decided is given up. Idempotent: repeated, it makes sure. The device need not have
    /// registered. Error: malformed.
    void block(const RegistrationId& id, const std::string& reason, const Principal& by,
               BlockDone done);
    /// The device is again what it was. Idempotent.
    void unblock(const RegistrationId& id, const Principal& by, BlockDone done);
    Result<BlockView> block_of(const RegistrationId& id);

    // ---- detector ----

    struct SuspectPage {
        std::vector<Suspect> suspects;
        std::string next; // to go on from; empty at the end
    };

    /// Looks at up to `records_max` records after `after`.
    Result<SuspectPage> suspects(const std::string& after, std::size_t records_max);

  private:
    class Runner;
    std::shared_ptr<Runner> runner_;
};

} // namespace muster::provisioning
