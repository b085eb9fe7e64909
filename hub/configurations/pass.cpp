#include "hub/configurations/pass.h"

namespace muster::hub {

namespace {

/// Where a configuration's state stands: modulesContent is a matter of the device.
query::Source source_of(ContentKind kind) {
    return kind == ContentKind::module ? query::Source::modules : query::Source::devices;
}

void count_custom(ConfigurationMetrics& metrics, const ActiveConfiguration& of,
                  query::Source source, const query::Facts& facts) {
    for (const auto& [name, query] : of.metrics) {
        if (query.source == source && (!query.where || query::matches(*query.where, facts))) {
            ++metrics.custom[name];
        }
    }
}

} // namespace

Pass::Pass(std::int64_t at, const std::vector<ActiveConfiguration>& configurations) : revision(at) {
    for (const ActiveConfiguration& one : configurations) {
        ConfigurationMetrics& metrics = metrics_[one.configuration.id.text()];
        for (const auto& [name, query] : one.metrics) {
            metrics.custom[name] = 0;
        }
    }
}

void Pass::count(const std::vector<ActiveConfiguration>& configurations, query::Source of,
                 const Configured& configured, const JsonObject& document) {
    const query::DocumentFacts facts(document);
    for (const ActiveConfiguration& one : configurations) {
        const std::string& id = one.configuration.id.text();
        const auto counted = metrics_.find(id);
        if (counted == metrics_.end()) {
            continue; // newer than the pass
        }
        count_custom(counted->second, one, of, facts);
        const auto state = configured.states.find(id);
        if (state == configured.states.end() || source_of(one.configuration.kind) != of) {
            continue;
        }
        ++counted->second.targeted;
        counted->second.applied += state->second == ConfigurationState::applied ? 1 : 0;
    }
}

} // namespace muster::hub
