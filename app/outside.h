#pragma once
// What a server reaches beyond itself: remote hubs, allocation functions, and where devices are.

#include "app/config.h"
#include "app/hubs/instance_hubs.h"
#include "app/local_hubs.h"
#include "app/places/places.h"
#include "base/clock.h"
#include "base/result.h"
#include "provisioning/allocating/function.h"
#include "provisioning/hubs.h"
#include "provisioning/whereabouts.h"

#include <memory>

namespace muster::app {

/// Thread safe. The local hubs and the clock outlive it.
class Outside {
  public:
    /// Reads the files that the configuration names. Errors: not_found, malformed.
    static Result<std::unique_ptr<Outside>> make(const ServerConfig& config, LocalHubs& local,
                                                 const Clock& clock);
    ~Outside();

    [[nodiscard]] const HubReach& hubs() const;
    [[nodiscard]] provisioning::HubLinks& links();
    [[nodiscard]] provisioning::FunctionCaller& functions();
    [[nodiscard]] const provisioning::Whereabouts& whereabouts() const;

  private:
    struct Parts;
    explicit Outside(std::unique_ptr<Parts> parts);
    std::unique_ptr<Parts> parts_;
};

} // namespace muster::app
