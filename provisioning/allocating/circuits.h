#pragma once
// Which functions are not worth a call just now. A circuit opens after failures_max failures in a
// row; while it is open, calls are refused at once; after `rest` one call may try, and how that
// goes decides for the next ones. Thread safe.

#include "base/clock.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>

namespace muster::provisioning {

class Circuits {
  public:
    static constexpr int failures_max = 5;
    static constexpr std::chrono::seconds rest{10};
    static constexpr std::size_t circuits_max = 1024;

    enum class Outcome : std::uint8_t { success, failure };

    /// May it be called now? Whoever is told so must note() what came of it, within `call_max`: a
    /// try of an open circuit that is not heard of by then is given up.
    bool permit(const std::string& name, SteadyTime now, std::chrono::seconds call_max);
    void note(const std::string& name, Outcome outcome, SteadyTime now);

  private:
    /// There is none for what works.
    struct Circuit {
        int failures = 0;
        SteadyTime open_until; // once there are failures_max of them
        SteadyTime failed;     // the last time
    };

    /// Makes room by forgetting what failed longest ago.
    Circuit& circuit_of(const std::string& name);

    std::mutex mutex_;
    std::map<std::string, Circuit> failing_;
};

} // namespace muster::provisioning
