#pragma once
// Takes one step of a stored plan, or does one chore: at the hubs, or at the allocation function.
// Says what the record becomes; stores nothing (plan_runner.h does).

#include "base/clock.h"
#include "base/random.h"
#include "provisioning/allocator.h"
#include "provisioning/applicants.h"
#include "provisioning/current_instance.h"
#include "provisioning/moving/taking.h"
#include "provisioning/ports.h"

#include <memory>

namespace muster::provisioning {

/// Thread safe; holds no state.
class Execution {
  public:
    struct Ports {
        const CurrentInstance& instance;
        Applicants& applicants;
        RegistrationStore& registrations;
        Hubs& hubs;
        Allocator& allocator;
        const Clock& clock;
        Random& random;
    };

    explicit Execution(const Ports& ports) : ports_(ports) {}

    /// Errors: those of HubSteps and the store's.
    Result<Advance> take_step(const RegistrationRecord& planned);

    /// A hub that is lost has nothing left to be done at, but for a block: unavailable, until the
    /// hub is back.
    Result<void> do_chore(const RegistrationRecord& record, const Chore& chore);

    /// Whether what comes next for this record waits for another machine.
    [[nodiscard]] bool calls_out(const RegistrationRecord& record) const;

  private:
    /// Everything that the answer of the function is judged by.
    struct Asked {
        const RegistrationRecord& planned;
        std::shared_ptr<const Instance> instance;
        Applicants::Standing standing;
        AllocationInputs inputs;
    };

    Result<Advance> ask(const RegistrationRecord& planned);
    /// Calls the function; what it said, or that the fallback policy decides, is in the inputs
    /// then. The error's detail is for the device, its cause for the operator.
    Result<void> call_function(Asked& asked);
    Advance decide_by(const Asked& asked);
    Advance decide_for_operation(const Asked& asked);
    Advance ended(const RegistrationRecord& planned, const Decline& decline);
    HubSteps steps_for(const RegistrationRecord& record);

    [[nodiscard]] Mark mark() { return new_mark(ports_.clock, ports_.random); }

    Ports ports_;
};

} // namespace muster::provisioning
