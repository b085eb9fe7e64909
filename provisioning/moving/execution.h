#pragma once
// Takes one step of a stored plan, or does one chore: at the hubs, or at the allocation function.
// Says what the record becomes; stores nothing (plan_runner.h does).

#include "base/clock.h"
#include "base/random.h"
#include "provisioning/allocating/function.h"
#include "provisioning/allocator.h"
#include "provisioning/applicants.h"
#include "provisioning/current_instance.h"
#include "provisioning/findings.h"
#include "provisioning/moving/steps.h"
#include "provisioning/ports.h"

#include <memory>
#include <vector>

namespace muster::provisioning {

/// The next record: another stage, another plan, an assignment, or, where the allocation function
/// says no, a failure, with what led to it.
struct Advance {
    RegistrationRecord next;
    std::vector<Finding> findings;
    NotCarried not_carried;
};

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

    /// A hub that is lost has nothing left to be done at.
    Result<void> do_chore(const RegistrationRecord& record, const Chore& chore);

    /// Whether what comes next for this record waits for another machine.
    [[nodiscard]] bool calls_out(const RegistrationRecord& record) const;

  private:
    struct Taking;

    /// Everything that the answer of the function is judged by.
    struct Asking {
        const RegistrationRecord& planned;
        std::shared_ptr<const Instance> instance;
        Applicants::Standing standing;
        AllocationInputs inputs;
    };

    Result<Advance> ask(const RegistrationRecord& planned);
    /// Calls the function; what it said, or that the fallback policy decides, is in the inputs
    /// then. The error's detail is for the device, its cause for the operator.
    Result<std::vector<Finding>> call_function(Asking& asking);
    Result<FunctionRequest> request_for(const Asking& asking);
    Advance decide_by(const Asking& asking);
    Advance decide_for_operation(const Asking& asking);
    Advance ended(const RegistrationRecord& planned, const Decline& decline);
    HubSteps steps_for(const RegistrationRecord& record);

    [[nodiscard]] Mark mark() { return new_mark(ports_.clock, ports_.random); }

    Ports ports_;
};

/// The chore that must be done before the next step of the plan: a copy of an earlier move must not
/// be taken for the device's own where it is assigned as a new one.
const Chore* chore_before_plan(const RegistrationRecord& record);

} // namespace muster::provisioning
