#pragma once
// Carries out stored plans and chores: looks once more whether the enrollment still stands, takes
// the next step at the hub (moving/steps.h), then stores what that led to. Idempotent at every
// step, so it may start over anywhere; what it must do next is only ever read from what is stored.
// Two processes with one database may run the same plan: the record's version lets one of them go
// on.
//
// One device has at most one run in this process at a time. Thread safe.

#include "base/clock.h"
#include "base/gate.h"
#include "base/random.h"
#include "base/task.h"
#include "provisioning/allocator.h"
#include "provisioning/applicants.h"
#include "provisioning/current_instance.h"
#include "provisioning/moving/execution.h"
#include "provisioning/planning.h"
#include "provisioning/ports.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace muster::provisioning {

/// Ten tries at a hub that does not answer, within about 36 seconds: a device has an answer inside
/// the 50 seconds that clients allow (dps-device 10, 23). Then a plan that may be given up is given
/// up; one that is decided, and chores, go on at the longest delay.
inline constexpr int plan_tries_max = 10;
/// A hub that asks for more time between tries gets it, and fewer tries.
inline constexpr std::chrono::seconds plan_waits_max{36};

/// How long to wait after so many failed tries: 1/8 s, doubling, at most 10 s; beyond
/// plan_tries_max up to two minutes.
std::chrono::milliseconds delay_after(int tries);

/// The same, or what the hub asks for, if that is longer: at most 10 s while a device waits, else
/// two minutes.
std::chrono::milliseconds delay_after(int tries, std::chrono::milliseconds asked,
                                      bool in_background);

/// Other processes with this database may leave plans unfinished.
inline constexpr std::chrono::minutes sweep_interval{1};
/// So many are taken up at once; the rest follows in portions.
inline constexpr std::size_t sweep_portion = 4096;
inline constexpr std::chrono::seconds sweep_portion_interval{5};

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

    explicit PlanRunner(const Ports& ports);

    /// Sees to it that what is stored for this id is carried out soon. Does nothing more if that is
    /// under way already. The tracking id is that of the request that asks for it, if any.
    void start(const RegistrationId& id, const TrackingId& tracking = {});

    /// The same, and waits no longer if a try has failed.
    void retry(const RegistrationId& id);

    /// What an earlier process, or another one, left unfinished: found and started now, a portion
    /// at a time, and every sweep_interval from now on. The number of those found at once.
    Result<std::size_t> sweep();

    /// One listener at a time (fleet operations); before start().
    void when_ended(PlanEnded listener);

    /// Told, on a worker, after every try and every chore that is done, of a device for which
    /// nothing may be left to do. One listener at a time; before start().
    void when_tried(std::function<void(const RegistrationId& id)> listener);

    /// Somebody else gave a plan up and has stored that: told to the listener, counted, and what is
    /// left to do is begun.
    void ended_by_others(const RegistrationRecord& planned, const RegistrationRecord& ended);

    /// Takes no further step, and waits for those under way. The ports may go then.
    void stop() { gate_.close(); }

  private:
    struct Run {
        TrackingId tracking;                 // for the journal
        OperationId operation;               // whose tries are counted
        int tries = 0;                       // failed ones
        std::chrono::milliseconds waited{0}; // after them
        std::chrono::milliseconds asked{0};  // by the hub, after the last one
        bool again = false;            // start() was called meanwhile: look once more before ending
        std::uint64_t wait = 0;        // which one; 0: it is not waiting
        bool in_background = false;    // nobody waits for it: it is decided, or chores are left
        std::vector<Finding> findings; // on the way, for the journal
        NotCarried not_carried;
    };

    enum class Step { ended, repeat, wait, call_out };
    /// Which threads take the step.
    enum class On { workers, callers };

    void enqueue(const RegistrationId& id, On threads = On::workers);
    void wait(const RegistrationId& id, std::chrono::milliseconds delay);
    /// The wait is over; false if there was none, or it was another one.
    bool wake(const RegistrationId& id, std::optional<std::uint64_t> wait);
    void advance(const RegistrationId& id, On threads);
    void take_step(const RegistrationId& id, On threads);
    Step attempt(const RegistrationId& id, On threads);

    Step carry_out(const RegistrationRecord& planned);
    Result<std::optional<Decline>> objection_to(const RegistrationRecord& planned);
    Step fail_or_wait(const RegistrationRecord& planned, const Error& error);
    Ending ending_of(const RegistrationRecord& planned, const Error& error, int tries);
    /// Stores where the plan stands now, or how it ended, with its entries in the journal and the
    /// audit trail.
    Step store(const RegistrationRecord& planned, const Advance& advance);
    void tell_of(const RegistrationRecord& planned, const RegistrationRecord& next);
    Step after_save(const Result<void>& saved, const RegistrationRecord& planned);

    void tell_of_try(const RegistrationId& id);
    Step do_chores(RegistrationRecord record);
    Step do_first(const RegistrationRecord& record, const Chore& chore);
    /// Nothing if the chore stays as it is stored.
    std::optional<RegistrationRecord> after_try(const RegistrationRecord& record,
                                                const Chore& chore, int tries);
    Result<void> store_chores(const RegistrationRecord& before, const RegistrationRecord& next);

    void sweep_after(std::chrono::milliseconds delay);
    void sweep_again();

    /// Runs `change` on the run of this id.
    template <class Change>
    auto with_run(const RegistrationId& id, Change change);
    int tries_of(const RegistrationId& id);
    int count_failure(const RegistrationId& id);
    /// The hub may ask for time.
    void note_wish(const RegistrationId& id, const Error& error);
    std::chrono::milliseconds next_delay(const RegistrationId& id);
    bool is_out_of_patience(const RegistrationId& id);
    bool end(const RegistrationId& id);

    [[nodiscard]] Mark mark() { return new_mark(ports_.clock, ports_.random); }

    Ports ports_;
    Execution execution_;
    const WallTime made_;
    PlanEnded when_ended_;
    std::function<void(const RegistrationId& id)> when_tried_;
    Gate gate_;
    std::mutex mutex_;
    std::unordered_map<std::string, Run> runs_; // by folded id
    std::uint64_t last_wait_ = 0;
    std::string swept_; // up to this folded id
};

} // namespace muster::provisioning
