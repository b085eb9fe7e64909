#pragma once
// The operator's view of what is under way: `muster moves`, `muster quarantine`.

#include "base/clock.h"
#include "base/random.h"
#include "provisioning/current_instance.h"
#include "provisioning/plan_runner.h"
#include "provisioning/ports.h"
#include "provisioning/principal.h"

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace muster::provisioning {

/// A record that is not finished, for people.
JsonObject move_document(const RegistrationRecord& record);

/// Thread safe.
class Moves {
  public:
    struct Ports {
        const CurrentInstance& instance;
        RegistrationStore& registrations;
        PlanRunner& runner;
        const Clock& clock;
        Random& random;
    };

    explicit Moves(const Ports& ports) : ports_(ports) {}

    /// Unfinished ones, ordered by folded registration id, after `after`.
    Result<std::vector<RegistrationRecord>> list(const std::string& after, std::size_t count_max);

    /// Gives the plan up, if it has not passed the point of no return: the device stays where it
    /// was. Errors: not_found (nothing is under way), precondition (it is decided).
    Result<void> cancel(const RegistrationId& id, const Principal& by);

    /// Forgets the chores: what is left at a hub stays there, and the operator has seen to it.
    /// Errors: not_found; precondition while a `release` or `unblock` is among them, which would
    /// leave the device disabled everywhere, or a `block`, which would leave it enabled, unless
    /// `even_fenced`.
    enum class Forget : std::uint8_t { unless_fenced, even_fenced };
    Result<void> forget_chores(const RegistrationId& id, Forget how, const Principal& by);

    /// Tries again now, whatever the back-off says.
    Result<void> retry(const RegistrationId& id);

  private:
    /// What the audit trail and the journal are told.
    struct Told {
        Change change;
        std::optional<DeviceEvent> event;
    };

    /// An unfinished one. Error: not_found.
    Result<RegistrationRecord> find(const RegistrationId& id);
    Result<void> store(const RegistrationRecord& before, const RegistrationRecord& after,
                       const Told& told);
    Result<void> cancel_once(const RegistrationId& id, const Principal& by);
    Result<void> forget_once(const RegistrationId& id, Forget how, const Principal& by);

    Ports ports_;
};

} // namespace muster::provisioning
