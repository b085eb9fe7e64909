#pragma once
// Gathers what an allocation depends on, and asks allocation functions.

#include "base/clock.h"
#include "base/random.h"
#include "provisioning/allocating/function.h"
#include "provisioning/allocation.h"
#include "provisioning/current_instance.h"
#include "provisioning/hub_loads.h"
#include "provisioning/ports.h"

#include <memory>

namespace muster::provisioning {

struct DeviceRequest;

/// Thread safe.
class Allocator {
  public:
    struct Ports {
        const CurrentInstance& instance;
        RegistrationStore& registrations;
        const Whereabouts& whereabouts;
        FunctionCaller& functions;
        const Clock& clock;
    };

    explicit Allocator(const Ports& ports);

    /// Never waits for another machine.
    AllocationInputs inputs_for(const DeviceRequest& request);
    /// For a plan that asks, and for moves without a request (`question` empty).
    AllocationInputs inputs_for(const Question& question);

    /// Waits, within function_time_max. A call that failed is an empty answer if the definition has
    /// a fallback policy, unless the function refused the device. The error's detail is what the
    /// device is told, its cause is for the operator.
    Result<FunctionAnswer> ask(const FunctionRequest& request);

    /// A device went from one hub to another; either may be absent.
    void moved(const std::optional<HubName>& from, const std::optional<HubName>& to);

  private:
    Ports ports_;
    HubLoadCounter loads_;
};

} // namespace muster::provisioning
