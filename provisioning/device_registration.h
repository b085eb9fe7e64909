#pragma once
// The device's use cases: register, operation status, lookup (reference: dps-device 2 to 6, 9).

#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "base/task.h"
#include "provisioning/allocating/function.h"
#include "provisioning/current_instance.h"
#include "provisioning/identification.h"
#include "provisioning/journal_writer.h"
#include "provisioning/ports.h"
#include "provisioning/whereabouts.h"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace muster::provisioning {

class Allocator;
class Applicants;
class PlanRunner;

struct DeviceRequest {
    RegistrationId id;
    Proof proof;
    std::string api_version;
    std::optional<Json> payload;
    std::string client_version; // for the log
    std::string peer_address;   // for the journal
    TrackingId tracking;
};

/// What both calls answer. `assigning` while a plan is under way.
struct OperationStatus {
    OperationId operation;
    RegistrationStatus status = RegistrationStatus::assigning;
    std::optional<RegistrationRecord> record; // absent on the first answer to register
};

/// The details by which the two not_founds of 404202 are told from a missing enrollment, 404201.
inline constexpr std::string_view operation_not_found = "operation not found";
inline constexpr std::string_view registration_not_found = "registration not found";

/// Thread safe. Errors: unauthenticated (401000), attestation_failed (401002), not_found (404201
/// enrollment; 404202 operation), malformed, unavailable.
class DeviceRegistration {
  public:
    /// References to what outlives it; the journal may be null.
    struct Ports {
        const CurrentInstance& instance;
        EnrollmentStore& enrollments;
        RegistrationStore& registrations;
        Hubs& hubs;
        const Whereabouts& whereabouts;
        FunctionCaller& functions;
        Executor& workers;
        Executor& callers; // for what waits for another machine
        Scheduler& timers;
        const Clock& clock;
        Random& random;
        JournalWriter* journal = nullptr; // gets every refusal with its reasons
    };

    explicit DeviceRegistration(const Ports& ports);
    ~DeviceRegistration();

    /// Verifies, decides, stores the plan, starts it, answers `assigning`. Repeating it while the
    /// plan is under way returns the same operation.
    Result<OperationStatus> register_device(const DeviceRequest& request);
    Result<OperationStatus> operation_status(const DeviceRequest& request,
                                             const OperationId& operation);
    Result<RegistrationRecord> lookup(const DeviceRequest& request);

    /// Finishes what an earlier process left unfinished. Called once, before listening.
    Result<std::size_t> resume();

    /// The runner of plans that are not a device's own, and what decides them.
    PlanRunner& runner();
    Allocator& allocator();
    Applicants& applicants();

  private:
    class Planner;
    std::unique_ptr<Planner> planner_;
};

} // namespace muster::provisioning
