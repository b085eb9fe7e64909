#pragma once
// Audit chains and journals by scope, as the memory stores keep them. Whoever calls holds the mutex
// of the Tables.

#include "provisioning/ports.h"

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace muster::store::memory {

struct JournalLog {
    std::vector<provisioning::DeviceEvent> events; // the oldest first
    std::int64_t last_sequence = 0;
};

struct Trails {
    provisioning::JournalBounds bounds;
    std::map<std::string, std::vector<provisioning::AuditEntry>> chains;
    std::map<std::string, JournalLog> journals;
};

void append_to_chain(Trails& trails, const IdScope& scope, const provisioning::Change& change);
void append_events(Trails& trails, const IdScope& scope,
                   std::span<const provisioning::DeviceEvent> events);

/// The audit entry and the journal event of a write, once the write itself is certain.
void write_accompaniment(Trails& trails, const IdScope& scope, const provisioning::Write& write);

} // namespace muster::store::memory
