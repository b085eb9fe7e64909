#pragma once
// One look at every twin, and what was counted on the way.

#include "hub/configurations/rule.h"
#include "query/query.h"

#include <map>
#include <string>
#include <vector>

namespace muster::hub {

class Pass {
  public:
    Pass() = default;
    Pass(std::int64_t revision, const std::vector<ActiveConfiguration>& configurations);

    /// Counts a twin as it is now.
    void count(const std::vector<ActiveConfiguration>& configurations, query::Source source,
               const Configured& configured, const JsonObject& document);

    [[nodiscard]] const std::map<std::string, ConfigurationMetrics>& metrics() const {
        return metrics_;
    }

    std::int64_t revision = 0; // of the configurations, when it began
    query::Source source = query::Source::devices;
    std::string after;   // how far it has come
    bool failed = false; // some twin could not be brought in order

  private:
    std::map<std::string, ConfigurationMetrics> metrics_; // by configuration
};

} // namespace muster::hub
