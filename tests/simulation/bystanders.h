#pragma once
// Who else touches devices: the back end that patches their twins at the hub where they are, people
// at a hub's own registry, and somebody with a wrong key.

#include "tests/simulation/device.h"

#include <memory>
#include <vector>

namespace muster::simulation {

class Bystanders {
  public:
    Bystanders(Surroundings world, Rules& rules, std::vector<std::unique_ptr<SimDevice>>& devices)
        : world_(world), rules_(rules), devices_(devices) {}

    /// Tags or desired properties of some device, at some hub that has it.
    void patch_twin();
    /// Disables, enables or deletes an identity by hand; never one that is on the move.
    void change_identity();
    /// Registers in the name of a device, without its key. Must be refused.
    void intrude();

  private:
    struct Found {
        HubSite* hub = nullptr;
        DeviceId id;
    };

    /// Nothing if it is nowhere, or only at hubs that are down.
    [[nodiscard]] std::optional<Found> find(const std::string& device);

    Surroundings world_;
    Rules& rules_;
    std::vector<std::unique_ptr<SimDevice>>& devices_;
    std::int64_t patches_ = 0;
};

} // namespace muster::simulation
