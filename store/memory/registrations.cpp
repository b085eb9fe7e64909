#include "store/counted.h"
#include "store/memory/counts.h"
#include "store/memory/ports.h"
#include "store/outcomes.h"

namespace muster::store::memory {

using provisioning::DecidedByGroup;
using provisioning::HubCount;
using provisioning::RegistrationRecord;
using provisioning::Write;

namespace {

bool is_decided_by(const RegistrationRecord& record, const EnrollmentGroupId& group) {
    const auto* decided =
        record.decided_by ? std::get_if<DecidedByGroup>(&*record.decided_by) : nullptr;
    return decided != nullptr && decided->id == group;
}

/// Where the device will be, else where it is.
const HubName* hub_of(const RegistrationRecord& record) {
    if (record.plan && !record.plan->hub.empty()) {
        return &record.plan->hub;
    }
    return record.assignment ? &record.assignment->hub : nullptr;
}

bool is_in_the_list(const Tables& tables, const Key& key) {
    const auto found = tables.registrations.find(key);
    return found != tables.registrations.end() && is_listed(found->second);
}

} // namespace

Result<std::optional<RegistrationRecord>> Registrations::find(const IdScope& scope,
                                                              const RegistrationId& id) {
    const std::scoped_lock lock(tables_.mutex);
    return find_in(tables_.registrations, {scope.text(), id.folded()});
}

Result<void> Registrations::save(const IdScope& scope, const RegistrationRecord& record,
                                 const Write& write) {
    const std::scoped_lock lock(tables_.mutex);
    const Key key{scope.text(), record.id.folded()};
    if (!has_version(tables_.registrations, key, write.expected)) {
        return version_conflict();
    }
    if (is_listed(record) && !is_in_the_list(tables_, key)) {
        const Result<void> room =
            check_quota(counts_of(tables_, scope), counted_registrations, write);
        if (!room) {
            return room;
        }
    }
    tables_.registrations.insert_or_assign(key, record);
    write_accompaniment(tables_.trails, scope, write);
    return {};
}

Result<void> Registrations::erase(const IdScope& scope, const RegistrationId& id,
                                  const Write& write) {
    const std::scoped_lock lock(tables_.mutex);
    const Key key{scope.text(), id.folded()};
    if (!is_there(tables_.registrations, key, write.expected)) {
        return version_conflict();
    }
    tables_.registrations.erase(key);
    write_accompaniment(tables_.trails, scope, write);
    return {};
}

Result<std::vector<RegistrationRecord>> Registrations::of_group(const IdScope& scope,
                                                                const EnrollmentGroupId& group,
                                                                const std::string& after,
                                                                std::size_t count_max) {
    const std::scoped_lock lock(tables_.mutex);
    return page_of(tables_.registrations, {scope.text(), after}, count_max,
                   [&](const RegistrationRecord& record) {
                       return is_listed(record) && is_decided_by(record, group);
                   });
}

Result<std::vector<RegistrationRecord>> Registrations::at_hub(const IdScope& scope,
                                                              const HubName& hub,
                                                              const std::string& after,
                                                              std::size_t count_max) {
    const std::scoped_lock lock(tables_.mutex);
    return page_of(tables_.registrations, {scope.text(), after}, count_max,
                   [&](const RegistrationRecord& record) {
                       return is_listed(record) && record.assignment &&
                              record.assignment->hub == hub;
                   });
}

Result<std::vector<RegistrationRecord>>
Registrations::all(const IdScope& scope, const std::string& after, std::size_t count_max) {
    const std::scoped_lock lock(tables_.mutex);
    return page_of(tables_.registrations, {scope.text(), after}, count_max, is_listed);
}

Result<std::vector<RegistrationRecord>>
Registrations::unfinished(const IdScope& scope, const std::string& after, std::size_t count_max) {
    const std::scoped_lock lock(tables_.mutex);
    return page_of(tables_.registrations, {scope.text(), after}, count_max,
                   [](const RegistrationRecord& record) { return record.unfinished(); });
}

Result<std::vector<HubCount>> Registrations::hub_counts(const IdScope& scope) {
    const std::scoped_lock lock(tables_.mutex);
    std::map<HubName, std::int64_t> devices;
    for (const auto& [key, record] : tables_.registrations) {
        const HubName* hub = hub_of(record);
        if (key.first == scope.text() && is_listed(record) && hub != nullptr) {
            ++devices[*hub];
        }
    }
    std::vector<HubCount> counts;
    for (const auto& [hub, count] : devices) {
        counts.push_back({.hub = hub, .devices = count});
    }
    return counts;
}

} // namespace muster::store::memory
