#include "store/memory/job_ports.h"
#include "store/outcomes.h"

#include <limits>

namespace muster::store::memory {

using hub::Configuration;
using hub::ConfigurationId;

Result<std::vector<Configuration>> Configurations::all(const HubName& hub) {
    const std::scoped_lock lock(tables_.mutex);
    return page_of(tables_.configurations, {hub.text(), ""},
                   std::numeric_limits<std::size_t>::max());
}

Result<std::optional<Configuration>> Configurations::find(const HubName& hub,
                                                          const ConfigurationId& id) {
    const std::scoped_lock lock(tables_.mutex);
    return find_in(tables_.configurations, {hub.text(), id.text()});
}

Result<void> Configurations::create(const HubName& hub, const Configuration& configuration,
                                    std::int64_t count_max) {
    const std::scoped_lock lock(tables_.mutex);
    const Key key{hub.text(), configuration.id.text()};
    if (tables_.configurations.contains(key)) {
        return configuration_exists();
    }
    if (count_of(tables_.configurations, hub.text()) >= count_max) {
        return too_many_configurations();
    }
    tables_.configurations.insert_or_assign(key, configuration);
    ++tables_.configuration_revisions[hub.text()].changed;
    return {};
}

Result<void> Configurations::save(const HubName& hub, const Configuration& configuration,
                                  std::int64_t expected_version) {
    const std::scoped_lock lock(tables_.mutex);
    const auto found = tables_.configurations.find({hub.text(), configuration.id.text()});
    if (found == tables_.configurations.end() || found->second.version != expected_version) {
        return version_conflict();
    }
    const hub::ConfigurationMetrics metrics = found->second.metrics;
    found->second = configuration;
    found->second.metrics = metrics;
    ++tables_.configuration_revisions[hub.text()].changed;
    return {};
}

Result<void> Configurations::erase(const HubName& hub, const ConfigurationId& id,
                                   std::int64_t expected_version) {
    const std::scoped_lock lock(tables_.mutex);
    const auto found = tables_.configurations.find({hub.text(), id.text()});
    if (found == tables_.configurations.end() || found->second.version != expected_version) {
        return version_conflict();
    }
    tables_.configurations.erase(found);
    ++tables_.configuration_revisions[hub.text()].changed;
    return {};
}

Result<hub::ConfigurationRevisions> Configurations::revisions(const HubName& hub) {
    const std::scoped_lock lock(tables_.mutex);
    return tables_.configuration_revisions[hub.text()];
}

Result<void> Configurations::set_applied(const HubName& hub, std::int64_t revision) {
    const std::scoped_lock lock(tables_.mutex);
    auto& applied = tables_.configuration_revisions[hub.text()].applied;
    applied = std::max(applied, revision);
    return {};
}

Result<void> Configurations::save_metrics(const HubName& hub, const ConfigurationId& id,
                                          const hub::ConfigurationMetrics& metrics) {
    const std::scoped_lock lock(tables_.mutex);
    const auto found = tables_.configurations.find({hub.text(), id.text()});
    if (found != tables_.configurations.end()) {
        found->second.metrics = metrics;
    }
    return {};
}

} // namespace muster::store::memory
