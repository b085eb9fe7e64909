#include "store/ended_operations.h"
#include "store/memory/operator_ports.h"
#include "store/outcomes.h"

#include <algorithm>
#include <limits>
#include <tuple>

namespace muster::store::memory {

using provisioning::Change;
using provisioning::FleetOperation;

namespace {

/// (begun, id): the order in which they are listed and forgotten.
bool is_older(const FleetOperation& left, const FleetOperation& right) {
    return std::tie(left.begun, left.id) < std::tie(right.begun, right.id);
}

/// A save adds one at most, so one is all there can be too many.
void forget_oldest(Tables& tables, const IdScope& scope) {
    const auto has_ended = [](const FleetOperation& operation) {
        return operation.ended.has_value();
    };
    if (count_of(tables.operations, scope.text(), has_ended) <= ended_operations_max) {
        return;
    }
    const auto ended = page_of(tables.operations, {scope.text(), ""},
                               std::numeric_limits<std::size_t>::max(), has_ended);
    const FleetOperation& oldest = *std::ranges::min_element(ended, is_older);
    tables.operations.erase({scope.text(), oldest.id});
}

} // namespace

Result<std::vector<FleetOperation>> FleetOperations::all(const IdScope& scope) {
    const std::scoped_lock lock(tables_.mutex);
    auto operations =
        page_of(tables_.operations, {scope.text(), ""}, std::numeric_limits<std::size_t>::max());
    std::ranges::sort(operations, [](const FleetOperation& left, const FleetOperation& right) {
        return is_older(right, left);
    });
    return operations;
}

Result<void> FleetOperations::save(const IdScope& scope, const FleetOperation& operation,
                                   std::int64_t expected_version, const Change* change) {
    const std::scoped_lock lock(tables_.mutex);
    const Key key{scope.text(), operation.id};
    const auto found = tables_.operations.find(key);
    if ((found == tables_.operations.end() ? 0 : found->second.version) != expected_version) {
        return version_conflict();
    }
    tables_.operations.insert_or_assign(key, operation);
    forget_oldest(tables_, scope);
    if (change != nullptr) {
        append_to_chain(tables_.trails, scope, *change);
    }
    return {};
}

} // namespace muster::store::memory
