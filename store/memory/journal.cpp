#include "store/device_events.h"
#include "store/memory/operator_ports.h"

#include <ranges>

namespace muster::store::memory {

using provisioning::DeviceEvent;
using provisioning::JournalQuery;

namespace {

bool same_key(const std::optional<std::string>& wanted, const std::string& found) {
    return !wanted || event_key(*wanted) == event_key(found);
}

/// What an event does not have is not found by asking for nothing.
bool has(const std::optional<std::string>& wanted, const std::string& found) {
    return !wanted || !found.empty();
}

bool matches(const JournalQuery& query, const DeviceEvent& event) {
    return same_key(query.registration_id, event.registration_id) &&
           has(query.group, event.group) && same_key(query.group, event.group) &&
           has(query.tracking_id, event.tracking_id) &&
           (!query.tracking_id || *query.tracking_id == event.tracking_id) &&
           (!query.from || *query.from <= event.at) && (!query.until || event.at < *query.until) &&
           (!query.refusals_only || is_refusal(event.kind));
}

} // namespace

Result<void> Journal::append(const IdScope& scope, std::span<const DeviceEvent> events) {
    const std::scoped_lock lock(tables_.mutex);
    append_events(tables_.trails, scope, events);
    return {};
}

Result<std::vector<DeviceEvent>> Journal::find(const IdScope& scope, const JournalQuery& query,
                                               std::int64_t before, std::size_t count_max) {
    const std::scoped_lock lock(tables_.mutex);
    std::vector<DeviceEvent> page;
    for (const DeviceEvent& event :
         std::views::reverse(tables_.trails.journals[scope.text()].events)) {
        const bool is_below = before == 0 || event.sequence < before;
        if (is_below && page.size() < count_max && matches(query, event)) {
            page.push_back(event);
        }
    }
    return page;
}

} // namespace muster::store::memory
