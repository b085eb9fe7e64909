#pragma once
// A fixed number of mutexes shared by any number of devices. A device and its modules share one:
// what happens to the device happens to them.

#include "hub/identity_id.h"

#include <array>
#include <cstddef>
#include <functional>
#include <mutex>

namespace muster::hub {

class Stripes {
  public:
    std::mutex& of(const IdentityId& who) {
        return mutexes_[std::hash<DeviceId>{}(who.device) % count];
    }

  private:
    static constexpr std::size_t count = 256;
    std::array<std::mutex, count> mutexes_;
};

} // namespace muster::hub
