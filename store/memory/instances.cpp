#include "base/text.h"
#include "store/memory/operator_ports.h"
#include "store/outcomes.h"

#include <algorithm>

namespace muster::store::memory {

using provisioning::Change;
using provisioning::Instance;
using provisioning::Write;

namespace {

template <class T>
std::size_t purge_table(std::map<Key, T>& table, const IdScope& scope, std::size_t rows_max) {
    std::size_t left = rows_max;
    std::erase_if(table, [&](const auto& row) {
        return row.first.first == scope.text() && left > 0 && left-- > 0;
    });
    return rows_max - left;
}

std::size_t purge_events(Trails& trails, const IdScope& scope, std::size_t rows_max) {
    std::vector<provisioning::DeviceEvent>& events = trails.journals[scope.text()].events;
    const std::size_t count = std::min(events.size(), rows_max);
    events.erase(events.begin(), events.begin() + static_cast<std::ptrdiff_t>(count));
    return count;
}

/// An enrollment's thumbprints go with it.
void purge_thumbprints(Tables& tables, const IdScope& scope) {
    std::erase_if(tables.thumbprints, [&](const auto& entry) {
        return entry.first.first == scope.text() &&
               !tables.individuals.contains({scope.text(), entry.second.folded()});
    });
}

} // namespace

Result<std::vector<Instance>> Instances::all() {
    const std::scoped_lock lock(tables_.mutex);
    std::vector<Instance> instances;
    for (const auto& [scope, instance] : tables_.instances) {
        instances.push_back(instance);
    }
    return instances;
}

Result<void> Instances::save(const Instance& instance, const Write& write) {
    const std::scoped_lock lock(tables_.mutex);
    const auto found = tables_.instances.find(instance.scope.text());
    const bool is_there = found != tables_.instances.end();
    if ((is_there ? found->second.stamp.version : 0) != write.expected.version) {
        return version_conflict();
    }
    const auto has_the_name = [&](const auto& other) {
        return other.first != instance.scope.text() &&
               equal_ignoring_case(other.second.name, instance.name);
    };
    if (std::ranges::any_of(tables_.instances, has_the_name)) {
        return instance_name_taken();
    }
    tables_.instances.insert_or_assign(instance.scope.text(), instance);
    if (!is_there && write.change != nullptr) {
        append_to_chain(tables_.trails, provisioning::server_chain, *write.change);
    }
    write_accompaniment(tables_.trails, instance.scope, write);
    return {};
}

Result<bool> Instances::purge(const IdScope& scope, std::size_t rows_max) {
    const std::scoped_lock lock(tables_.mutex);
    std::size_t left = std::max<std::size_t>(rows_max, 1);
    left -= purge_table(tables_.individuals, scope, left);
    left -= purge_table(tables_.groups, scope, left);
    left -= purge_table(tables_.registrations, scope, left);
    left -= purge_table(tables_.operations, scope, left);
    left -= purge_events(tables_.trails, scope, left);
    purge_thumbprints(tables_, scope);
    if (left == 0) {
        return true;
    }
    tables_.groups_revisions.erase(scope.text());
    tables_.trails.journals.erase(scope.text());
    return false;
}

Result<void> Instances::erase(const IdScope& scope, const Change& change) {
    const std::scoped_lock lock(tables_.mutex);
    if (tables_.instances.erase(scope.text()) == 0) {
        return no_such_instance();
    }
    tables_.trails.chains.erase(scope.text());
    append_to_chain(tables_.trails, provisioning::server_chain, change);
    return {};
}

} // namespace muster::store::memory
