#include "store/memory/trails.h"

#include "store/device_events.h"

#include <algorithm>
#include <set>

namespace muster::store::memory {

using provisioning::AuditEntry;
using provisioning::DeviceEvent;

namespace {

/// Keeps the last `kept_max` of the events that are concerned.
template <class Concerned>
void keep_last(JournalLog& journal, std::int64_t kept_max, Concerned concerned) {
    std::int64_t excess = std::ranges::count_if(journal.events, concerned) - kept_max;
    std::erase_if(journal.events,
                  [&](const DeviceEvent& event) { return concerned(event) && excess-- > 0; });
}

} // namespace

void append_to_chain(Trails& trails, const IdScope& scope, const provisioning::Change& change) {
    std::vector<AuditEntry>& chain = trails.chains[scope.text()];
    const std::int64_t sequence = static_cast<std::int64_t>(chain.size()) + 1;
    const std::string& previous = chain.empty() ? provisioning::audit_origin : chain.back().hash;
    std::string text = provisioning::audit_text(sequence, change);
    std::string hash = provisioning::audit_hash(previous, text);
    chain.push_back({sequence, std::move(text), std::move(hash)});
}

void append_events(Trails& trails, const IdScope& scope, std::span<const DeviceEvent> events) {
    JournalLog& journal = trails.journals[scope.text()];
    std::set<std::string> devices;
    for (const DeviceEvent& event : events) {
        DeviceEvent& kept = journal.events.emplace_back(event);
        kept.sequence = ++journal.last_sequence;
        kept.detail = storable_detail(event.detail);
        devices.insert(event_key(event.registration_id));
    }
    for (const std::string& device : devices) {
        keep_last(journal, trails.bounds.events_per_device, [&](const DeviceEvent& event) {
            return event_key(event.registration_id) == device;
        });
    }
    keep_last(journal, trails.bounds.events_per_scope, [](const DeviceEvent&) { return true; });
}

void write_accompaniment(Trails& trails, const IdScope& scope, const provisioning::Write& write) {
    if (write.change != nullptr) {
        append_to_chain(trails, scope, *write.change);
    }
    if (write.event != nullptr) {
        append_events(trails, scope, {write.event, 1});
    }
}

} // namespace muster::store::memory
