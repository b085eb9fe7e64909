#include "store/ended_operations.h"
#include "store/memory/operator_ports.h"
#include "store/outcomes.h"

#include <algorithm>
#include <tuple>

namespace muster::store::memory {

using provisioning::Change;
using provisioning::FleetOperation;

namespace {

std::vector<FleetOperation> newest_first(const Tables& tables, const IdScope& scope) {
    std::vector<FleetOperation> operations;
    for (const auto& [key, operation] : tables.operations) {
        if (key.first == scope.text()) {
            operations.push_back(operation);
        }
    }
    std::ranges::sort(operations, [](const FleetOperation& left, const FleetOperation& right) {
        return std::tie(left.begun, left.id) > std::tie(right.begun, right.id);
    });
    return operations;
}

void forget_oldest(Tables& tables, const IdScope& scope) {
    std::int64_t ended = 0;
    for (const FleetOperation& operation : newest_first(tables, scope)) {
        if (operation.ended && ++ended > ended_operations_max) {
            tables.operations.erase({scope.text(), operation.id});
        }
    }
}

} // namespace

Result<std::vector<FleetOperation>> FleetOperations::all(const IdScope& scope) {
    const std::scoped_lock lock(tables_.mutex);
    return newest_first(tables_, scope);
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
