#pragma once
// The configurations of a hub (reference: iothub B.11): kept, shown, and applied in the background
// from start() to stop().

#include "hub/configurations/configuration_documents.h"
#include "hub/configurations/content.h"
#include "hub/configurations/engine.h"
#include "hub/if_match.h"

#include <memory>
#include <vector>

namespace muster::hub {

inline constexpr std::int64_t configurations_max = 100;

/// Thread safe.
class Configurations {
  public:
    explicit Configurations(EnginePorts ports);
    ~Configurations(); // stops

    void start();
    void stop();

    /// Creates (If-Match absent) or updates. Faults: other (already_exists, quota_exceeded,
    /// not_found, precondition, or a mistake in a plain member), or the part that is wrong.
    ConfigurationResult<Configuration> put(const ConfigurationId& id, const JsonObject& document,
                                           const IfMatch& if_match);
    /// Error: not_found.
    Result<Configuration> get(const ConfigurationId& id);
    /// Errors: not_found, precondition.
    Result<void> erase(const ConfigurationId& id, const IfMatch& if_match);
    /// By id.
    Result<std::vector<Configuration>> list(std::size_t count_max);

    /// Sets what the content says on the device, or on those of its modules that it names, once:
    /// no configuration stays. Faults: content; other (not_found: the device, or a module).
    ConfigurationResult<void> apply_content(const DeviceId& device, const JsonObject& content);

    /// A twin or its identity has changed.
    void changed(const IdentityId& id) { engine_->changed(id); }

  private:
    ConfigurationResult<Configuration> create(Configuration wanted);
    ConfigurationResult<Configuration> update(const Configuration& wanted, const IfMatch& if_match);

    const EnginePorts ports_;
    std::shared_ptr<ConfigurationEngine> engine_;
};

} // namespace muster::hub
