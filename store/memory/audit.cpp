#include "store/memory/operator_ports.h"

namespace muster::store::memory {

using provisioning::AuditEntry;
using provisioning::Change;

Result<std::vector<AuditEntry>> Audit::read(const IdScope& scope, std::int64_t after,
                                            std::size_t count_max) {
    const std::scoped_lock lock(tables_.mutex);
    std::vector<AuditEntry> page;
    for (const AuditEntry& entry : tables_.trails.chains[scope.text()]) {
        if (entry.sequence > after && page.size() < count_max) {
            page.push_back(entry);
        }
    }
    return page;
}

Result<void> Audit::append(const IdScope& scope, const Change& change) {
    const std::scoped_lock lock(tables_.mutex);
    append_to_chain(tables_.trails, scope, change);
    return {};
}

} // namespace muster::store::memory
