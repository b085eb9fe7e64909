#pragma once
// Carries out stored plans and chores: looks once more whether the enrollment still stands, takes
// the next step at the hub (moving/steps.h), then stores what that led to. Idempotent at every
// step, so it may start over anywhere; what it must do next is only ever read from what is stored.
// Two processes with one database may run the same plan: the record's version lets one of them go
// on.
//
// One device has at most one run in this process at a time. Thread safe.

#include "base/clock.h"
#include "base/random.h"
#include "base/task.h"
#include "provisioning/allocator.h"
#include "provisioning/applicants.h"
#include "provisioning/current_instance.h"
#include "provisioning/gate.h"
#include "provisioning/planning.h"
#include "provisioning/ports.h"

#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>

namespace muster::provisioning {

/// Ten tries at a hub that does not answer, within about 36 seconds: a device has an answer inside
/// the 50 seconds that clients allow (dps-device 10, 23). Then a plan that may be given up is given
/// up; one that is decided, and chores, go on at the longest delay.
inline constexpr int plan_tries_max = 10;

/// How long to wait after so many failed tries: 1/8 s, doubling, at most 10 s; beyond
/// plan_tries_max up to two minutes.
std::chrono::milliseconds delay_after(int tries);

/// Told when a plan has ended, in an assignment or not; on a worker.
using PlanEnded =
    std::function<void(const RegistrationRecord& planned, const RegistrationRecord& ended)>;

class PlanRunner : public std::enable_shared_from_this<PlanRunner> {
  public:
    struct Ports {
        const CurrentInstance& instance;
        Applicants& applicants; // whether the enrollment still stands
        RegistrationStore& registrations;
        Hubs& hubs;
        Allocator& allocator; // asks the allocation function, and knows how full hubs are
        Executor& workers;
        Executor& callers; // for steps that wait for another machine: Hubs::may_act_late(), Ask
        Scheduler& timers;
        const Clock& clock;
        Random& random;
    };

    explicit PlanRunner(const Ports& ports) : ports_(ports) {}

    /// Sees to it that the plan stored for this id is carried out soon. Does nothing more if that
    /// is under way already. The tracking id is that of the request that asks for it, if any.
    void start(const RegistrationId& id, const TrackingId& tracking = {});

    /// What an earlier process, or another one, left unfinished: found and started now and every
    /// sweep_interval from now on. The number of those found at once.
    Result<std::size_t> sweep();

    /// One listener at a time (fleet operations); before start().
    void when_ended(PlanEnded listener);

    /// Takes no further step, and waits for those under way. The ports may go then.
    void stop() { gate_.close(); }

  private:
    struct Run {
        TrackingId tracking;   // for the journal
        OperationId operation; // whose tries are counted
        int tries = 0;
        bool again = false; // start() was called meanwhile: look once more before ending
    };

    enum class Step { ended, repeat, wait };

    void enqueue(const RegistrationId& id);
    void wait(const RegistrationId& id, std::chrono::milliseconds delay);
    void advance(const RegistrationId& id);
    void take_step(const RegistrationId& id);
    Step attempt(const RegistrationId& id);
    Step carry_out(const RegistrationRecord& planned);
    Step tell_hub(const RegistrationRecord& planned, int tries);
    Ending ending_of(const RegistrationRecord& planned, const Error& error);
    /// Stores how the plan ended, with its entries in the journal and the audit trail.
    Step conclude(const RegistrationRecord& planned, const RegistrationRecord& next,
                  const Explanation& explanation);

    /// Which try this is; another operation starts at one again.
    int count_try(const RegistrationId& id, const std::optional<OperationId>& operation);
    int tries_of(const RegistrationId& id);
    TrackingId tracking_of(const RegistrationId& id);
    bool end(const RegistrationId& id);

    Ports ports_;
    Gate gate_;
    std::mutex mutex_;
    std::unordered_map<RegistrationId, Run> runs_;
};

} // namespace muster::provisioning
