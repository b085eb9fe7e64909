#pragma once
// Where configurations are kept. The rules of ports.h hold.

#include "base/result.h"
#include "hub/configurations/configuration.h"

#include <optional>
#include <vector>

namespace muster::hub {

/// Every creation, change and deletion counts up; the engine says up to which of them it has looked
/// at every twin.
struct ConfigurationRevisions {
    std::int64_t changed = 0;
    std::int64_t applied = 0;

    friend bool operator==(const ConfigurationRevisions&, const ConfigurationRevisions&) = default;
};

class ConfigurationStore {
  public:
    virtual ~ConfigurationStore() = default;

    /// By id. There are so few that they are read together.
    virtual Result<std::vector<Configuration>> all(const HubName& hub) = 0;
    virtual Result<std::optional<Configuration>> find(const HubName& hub,
                                                      const ConfigurationId& id) = 0;

    /// already_exists if the id is taken, quota_exceeded if there are `count_max`.
    virtual Result<void> create(const HubName& hub, const Configuration& configuration,
                                std::int64_t count_max) = 0;
    virtual Result<void> save(const HubName& hub, const Configuration& configuration,
                              std::int64_t expected_version) = 0;
    virtual Result<void> erase(const HubName& hub, const ConfigurationId& id,
                               std::int64_t expected_version) = 0;

    virtual Result<ConfigurationRevisions> revisions(const HubName& hub) = 0;
    /// Never backwards.
    virtual Result<void> set_applied(const HubName& hub, std::int64_t revision) = 0;
    /// Not a change; of a configuration that is gone, nothing.
    virtual Result<void> save_metrics(const HubName& hub, const ConfigurationId& id,
                                      const ConfigurationMetrics& metrics) = 0;
};

} // namespace muster::hub
