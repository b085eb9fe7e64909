#include "provisioning/fleet/operation.h"

#include "provisioning/fleet/operation_document.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

namespace muster::provisioning {

namespace {

constexpr double per_second_min = 0.01;
constexpr double per_second_max = 10'000;
constexpr int concurrency_max = 1024;
constexpr int failures_max_max = 1'000'000;

/// A stretch must have lasted so long before its rate says anything.
constexpr std::chrono::seconds stretch_min{2};

constexpr std::array kind_names{
    std::pair{OperationKind::drain, std::string_view("drain")},
    std::pair{OperationKind::rebalance, std::string_view("rebalance")},
    std::pair{OperationKind::release, std::string_view("release")},
    std::pair{OperationKind::gather, std::string_view("gather")},
};

constexpr std::array state_names{
    std::pair{OperationState::running, std::string_view("running")},
    std::pair{OperationState::paused, std::string_view("paused")},
    std::pair{OperationState::held, std::string_view("held")},
    std::pair{OperationState::stopping, std::string_view("stopping")},
    std::pair{OperationState::stopped, std::string_view("stopped")},
    std::pair{OperationState::done, std::string_view("done")},
};

template <class Names, class Value>
std::string_view name_of(const Names& names, Value value) {
    for (const auto& [named, name] : names) {
        if (named == value) {
            return name;
        }
    }
    return "unknown";
}

template <class Names>
auto value_of(const Names& names, std::string_view text)
    -> std::optional<typename Names::value_type::first_type> {
    for (const auto& [value, name] : names) {
        if (name == text) {
            return value;
        }
    }
    return std::nullopt;
}

double seconds_between(SteadyTime from, SteadyTime until) {
    return std::max(0.0, std::chrono::duration<double>(until - from).count());
}

/// At most a tenth of a second's worth at once, but never less than one: a burst is what the hubs
/// would feel.
std::int64_t burst_max(const OperationLimits& limits) {
    return std::max<std::int64_t>(1, static_cast<std::int64_t>(limits.per_second / 10));
}

} // namespace

std::string_view to_string(OperationKind kind) {
    return name_of(kind_names, kind);
}

std::string_view to_string(OperationState state) {
    return name_of(state_names, state);
}

std::optional<OperationKind> parse_operation_kind(std::string_view text) {
    return value_of(kind_names, text);
}

std::optional<OperationState> parse_operation_state(std::string_view text) {
    return value_of(state_names, text);
}

Result<void> check_limits(const OperationLimits& limits) {
    // Written so that what is no number fails, too.
    if (!(limits.per_second >= per_second_min && limits.per_second <= per_second_max)) {
        return fail(Code::malformed, "perSecond must be from 0.01 to 10000");
    }
    if (limits.concurrency < 1 || limits.concurrency > concurrency_max) {
        return fail(Code::malformed, "concurrency must be from 1 to 1024");
    }
    if (limits.failures_max < 1 || limits.failures_max > failures_max_max) {
        return fail(Code::malformed, "failuresMax must be from 1 to 1000000");
    }
    return {};
}

std::int64_t may_begin(const OperationLimits& limits, const Pace& pace, SteadyTime now) {
    // The first at once, each further one when its time has come.
    const double due = std::floor(seconds_between(pace.since, now) * limits.per_second) + 1;
    const auto owed = static_cast<std::int64_t>(due) - pace.begun;
    const auto room = std::int64_t{limits.concurrency} - pace.under_way;
    return std::max<std::int64_t>(0, std::min({owed, burst_max(limits), room}));
}

std::optional<WallTime> estimated_end(const FleetOperation& operation, const Pace& pace,
                                      SteadyTime steady_now, WallTime now) {
    const OperationProgress& progress = operation.progress;
    const double elapsed = seconds_between(pace.since, steady_now);
    if (operation.state != OperationState::running || pace.begun == 0 || progress.looked_at == 0 ||
        elapsed < std::chrono::duration<double>(stretch_min).count()) {
        return std::nullopt;
    }
    // Those that stay cost next to nothing: what counts is how many of the rest will have to move.
    const auto begun = progress.moved + progress.failed + pace.under_way;
    const double share = std::min(1.0, static_cast<double>(begun) / double(progress.looked_at));
    const auto rest = std::max<std::int64_t>(0, progress.total - progress.looked_at);
    const double to_do = static_cast<double>(rest) * share + static_cast<double>(pace.under_way);
    const std::chrono::duration<double> left(to_do * elapsed / static_cast<double>(pace.begun));
    return now + std::chrono::duration_cast<std::chrono::microseconds>(left);
}

} // namespace muster::provisioning
