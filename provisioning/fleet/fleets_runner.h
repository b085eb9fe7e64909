#pragma once
// The operations of an instance that this process works on, and the choice which those are.
//
// An operation is worked on by the process that saved it last (operation_run.h). A process takes
// one over when it starts, when an operator tells it to, and when it looks around and finds one
// that nobody has saved for a while.

#include "base/gate.h"
#include "provisioning/fleet/blocks.h"
#include "provisioning/fleet/fleets.h"
#include "provisioning/fleet/operation_run.h"
#include "provisioning/fleet/quarantines.h"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace muster::provisioning {

class Fleets::Runner : public std::enable_shared_from_this<Runner> {
  public:
    explicit Runner(const Ports& ports)
        : ports_(ports), quarantines_(std::make_shared<Quarantines>(ports)),
          blocks_(std::make_shared<Blocks>(ports)) {}

    void listen();
    void stop();

    Result<void> resume_all();
    /// `prepare` is what must have been done before: it is, once nothing is in the way.
    Result<FleetOperation> begin(FleetOperation operation,
                                 const std::function<Result<void>()>& prepare);
    Result<std::vector<View>> list();
    Result<View> get(const std::string& id);
    Result<FleetOperation> change(const std::string& id, const OperationWish& wish,
                                  const Principal& by);
    Result<void> close_hub(const HubName& hub, const Principal& by);

    Blocks& blocks() { return *blocks_; }

    Quarantines& quarantines() { return *quarantines_; }

    const Ports& ports() { return ports_; }

  private:
    using RunPtr = std::shared_ptr<OperationRun>;

    void plan_ended(const RegistrationRecord& planned, const RegistrationRecord& ended);
    /// Error: already_exists.
    Result<void> check_free(const FleetOperation& wanted);
    Result<FleetOperation> find(const std::string& id);
    Result<void> take_over(FleetOperation operation);
    Result<FleetOperation> change_stored(const std::string& id, const OperationWish& wish,
                                         const Principal& by);
    void work_on(const FleetOperation& operation);
    RunPtr run_of(const std::string& id);
    std::vector<RunPtr> runs();
    void look_later();
    void look_around();
    Result<void> look_at(const FleetOperation& operation);

    const IdScope& scope() { return ports_.instance.scope(); }

    const Ports ports_;
    std::shared_ptr<Quarantines> quarantines_;
    std::shared_ptr<Blocks> blocks_;
    Gate gate_;
    std::mutex beginning_; // from the check that nothing is in the way until it is stored
    std::mutex mutex_;
    std::map<std::string, RunPtr> runs_;
    std::map<std::string, std::int64_t> seen_; // versions of those that others work on
};

} // namespace muster::provisioning
