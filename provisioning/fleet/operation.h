#pragma once
// Operations on fleets: a drain or a rebalance, as a value (docs/operating/fleets.md). Rules only;
// fleets.h runs them.

#include "base/clock.h"
#include "base/ids.h"
#include "base/json.h"
#include "base/result.h"
#include "provisioning/audit.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace muster::provisioning {

/// drain       every device of a hub goes to where it would be allocated without it; the hub takes
///             no new devices from the start on
/// rebalance   every device goes to where it would be allocated now; those whose enrollment says
///             never, static or custom stay
/// release     those of a quarantine that has ended go to where they would be allocated
/// gather      a quarantine of a group: its devices go to one hub
enum class OperationKind : std::uint8_t { drain, rebalance, release, gather };

/// running -> paused -> running -> done
///    |          |
///    +----------+--> stopping -> stopped   (plans under way are given up or finished)
///    +--> held   too many failures in a row: waits for somebody to resume or stop it
enum class OperationState : std::uint8_t { running, paused, held, stopping, stopped, done };

struct OperationLimits {
    double per_second = 50; // plans begun; at most 10,000
    int concurrency = 64;   // plans under way at once; at most 1,024
    int failures_max = 100; // then it is held; counted since it was last resumed
};

struct OperationProgress {
    std::int64_t total = 0; // devices when it began, estimated for what comes later
    std::int64_t looked_at = 0;
    std::int64_t moved = 0;
    std::int64_t stayed = 0; // nothing to do, or not allowed to
    std::int64_t failed = 0;
    std::int64_t failed_since_resumed = 0;
};

struct FleetOperation {
    std::string id; // "op-4f3a9c0d"
    OperationKind kind = OperationKind::drain;
    OperationState state = OperationState::running;
    std::optional<HubName> hub;             // drained, or gathered at
    std::optional<EnrollmentGroupId> group; // gathered or released
    OperationLimits limits;
    OperationProgress progress;
    std::string after;                 // folded registration id: all up to it were looked at
    std::vector<std::string> failures; // the first so many, "dev-1: hub unreachable"; at most 32
    Principal begun_by;
    WallTime begun;
    std::optional<WallTime> ended;
    std::int64_t version = 0;
};

std::string_view to_string(OperationKind kind);
std::string_view to_string(OperationState state);

/// Error: malformed, naming the limit.
Result<void> check_limits(const OperationLimits& limits);

/// How many plans may begin now: the rate so far kept even, no burst above a tenth of a second's
/// worth (at least one), never beyond the concurrency. Pure; for fleets.cpp and its tests.
struct Pace {
    SteadyTime since;       // the operation was started or resumed
    std::int64_t begun = 0; // since then
    std::int64_t under_way = 0;
};

std::int64_t may_begin(const OperationLimits& limits, const Pace& pace, SteadyTime now);

/// When it will be done at the rate of this stretch; nothing before there is a rate.
std::optional<WallTime> estimated_end(const FleetOperation& operation, const Pace& pace,
                                      SteadyTime steady_now, WallTime now);

JsonObject to_document(const FleetOperation& operation);
Result<FleetOperation> fleet_operation_from(const JsonObject& document);

/// One table of operations; at most 1,000 ended ones are kept for each scope.
class FleetOperationStore {
  public:
    virtual ~FleetOperationStore() = default;
    /// Newest first.
    virtual Result<std::vector<FleetOperation>> all(const IdScope& scope) = 0;
    /// Versions as everywhere: expected 0 is a creation. The change goes into the scope's audit
    /// chain with it.
    virtual Result<void> save(const IdScope& scope, const FleetOperation& operation,
                              std::int64_t expected_version, const Change* change) = 0;
};

} // namespace muster::provisioning
