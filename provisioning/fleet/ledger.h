#pragma once
// What an operation has done so far, device by device: the numbers that people see, which plans are
// under way, and from where a restart must go on so that no device is missed. A value without
// locks, I/O or time of its own.

#include "provisioning/fleet/operation.h"
#include "provisioning/registration.h"

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace muster::provisioning {

class Ledger {
  public:
    explicit Ledger(const FleetOperation& operation);

    // ---- each device that is looked at ends in one of these, at once or later ----

    void look_at(const RegistrationId& id);
    void stayed(const RegistrationId& id, const std::string& reason);
    void moved(const RegistrationId& id);
    void failed(const RegistrationId& id, const std::string& message);

    void forget_failures() { progress_.failed_since_resumed = 0; }

    // ---- what becomes of it in between ----

    /// A plan of its own is to be begun; it is not stored yet.
    void begin(const RegistrationId& id, const Place& from, SteadyTime now);
    void stored(const RegistrationId& id);
    /// Found under way at the start: looked at and stored by an earlier process.
    void adopt(const RegistrationId& id, const Place& from, SteadyTime now);
    /// Somebody else's plan is under way.
    void wait(const RegistrationId& id, SteadyTime now);

    struct UnderWay {
        Place from;
        SteadyTime checked; // when it was last known to be under way
        bool is_stored = false;
    };

    [[nodiscard]] const UnderWay* find_under_way(const RegistrationId& id) const;

    [[nodiscard]] std::int64_t under_way() const {
        return static_cast<std::int64_t>(under_way_.size());
    }

    [[nodiscard]] bool is_settled() const { return under_way_.empty() && waiting_.empty(); }

    struct Waiting {
        SteadyTime since;
        SteadyTime checked;
    };

    /// Stored plans that nothing was heard of since then, and devices that wait; they count as
    /// checked now. At most `count_max`.
    std::vector<RegistrationId> quiet_plans(SteadyTime since, SteadyTime now,
                                            std::size_t count_max);
    std::vector<RegistrationId> waiting_ones(SteadyTime since, SteadyTime now,
                                             std::size_t count_max);
    [[nodiscard]] std::optional<SteadyTime> waiting_since(const RegistrationId& id) const;
    /// Those that wait are left alone: the operation stops.
    void forget_waiting();

    /// Progress, failures, and the position up to which every device is seen to.
    void write_to(FleetOperation& operation) const;

    [[nodiscard]] const OperationProgress& progress() const { return progress_; }

    void expect(std::int64_t total) { progress_.total = total; }

  private:
    void settle(const RegistrationId& id);
    void note(const RegistrationId& id, const std::string& what);

    OperationProgress progress_;
    std::vector<std::string> failures_;
    std::string position_; // of the last one looked at
    /// Not seen to yet, each with the position before it: a restart goes on from the first.
    std::map<std::string, std::string> unsettled_;
    std::unordered_map<RegistrationId, UnderWay> under_way_;
    std::unordered_map<RegistrationId, Waiting> waiting_;
};

} // namespace muster::provisioning
