#pragma once
// A ConfigurationStore for the tests of this folder: one hub, in memory.

#include "hub/configurations/configuration_store.h"

#include <algorithm>
#include <deque>
#include <map>
#include <mutex>
#include <utility>

namespace muster::hub::fakes {

class Configurations final : public ConfigurationStore {
  public:
    Result<std::vector<Configuration>> all(const HubName&) override {
        const std::lock_guard lock(mutex);
        std::vector<Configuration> found;
        for (const auto& [id, one] : rows) {
            found.push_back(one);
        }
        return found;
    }

    Result<std::optional<Configuration>> find(const HubName&, const ConfigurationId& id) override {
        const std::lock_guard lock(mutex);
        const auto found = rows.find(id);
        return found == rows.end() ? std::nullopt : std::optional(found->second);
    }

    Result<void> create(const HubName&, const Configuration& configuration,
                        std::int64_t count_max) override {
        const std::lock_guard lock(mutex);
        if (rows.contains(configuration.id)) {
            return fail(Code::already_exists, "taken");
        }
        if (static_cast<std::int64_t>(rows.size()) >= count_max) {
            return fail(Code::quota_exceeded, "too many");
        }
        rows.emplace(configuration.id, configuration);
        ++counts.changed;
        return {};
    }

    Result<void> save(const HubName&, const Configuration& configuration,
                      std::int64_t expected_version) override {
        const std::lock_guard lock(mutex);
        const auto found = rows.find(configuration.id);
        if (found == rows.end() || found->second.version != expected_version) {
            return fail(Code::conflict, "version");
        }
        found->second = configuration;
        ++counts.changed;
        return {};
    }

    Result<void> erase(const HubName&, const ConfigurationId& id,
                       std::int64_t expected_version) override {
        const std::lock_guard lock(mutex);
        const auto found = rows.find(id);
        if (found == rows.end() || found->second.version != expected_version) {
            return fail(Code::conflict, "version");
        }
        rows.erase(found);
        ++counts.changed;
        return {};
    }

    Result<ConfigurationRevisions> revisions(const HubName&) override {
        const std::lock_guard lock(mutex);
        return counts;
    }

    Result<void> set_applied(const HubName&, std::int64_t revision) override {
        const std::lock_guard lock(mutex);
        counts.applied = std::max(counts.applied, revision);
        return {};
    }

    Result<void> save_metrics(const HubName&, const ConfigurationId& id,
                              const ConfigurationMetrics& metrics) override {
        const std::lock_guard lock(mutex);
        if (const auto found = rows.find(id); found != rows.end()) {
            found->second.metrics = metrics;
        }
        return {};
    }

    std::mutex mutex;
    std::map<ConfigurationId, Configuration> rows;
    ConfigurationRevisions counts;
};

} // namespace muster::hub::fakes
