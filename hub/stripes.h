#pragma once
// A fixed number of mutexes shared by any number of devices.

#include "base/ids.h"

#include <array>
#include <cstddef>
#include <functional>
#include <mutex>

namespace muster::hub {

class Stripes {
  public:
    std::mutex& of(const DeviceId& device) {
        return mutexes_[std::hash<DeviceId>{}(device) % count];
    }

  private:
    static constexpr std::size_t count = 256;
    std::array<std::mutex, count> mutexes_;
};

} // namespace muster::hub
