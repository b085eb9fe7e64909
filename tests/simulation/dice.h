#pragma once
// Every choice of a simulation comes from one seed.

#include "base/random.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace muster::simulation {

using Duration = std::chrono::microseconds;

class Dice {
  public:
    explicit Dice(std::uint64_t seed) : engine_(seed) {}

    /// 0 to `count` - 1.
    std::size_t below(std::size_t count) { return static_cast<std::size_t>(engine_() % count); }

    /// One in so many.
    bool one_in(std::size_t count) { return below(count) == 0; }

    bool percent(std::size_t chance) { return below(100) < chance; }

    Duration between(Duration low, Duration high) {
        const auto span = static_cast<std::size_t>((high - low).count()) + 1;
        return low + Duration(static_cast<std::int64_t>(below(span)));
    }

    template <class T>
    const T& pick(const std::vector<T>& from) {
        return from[below(from.size())];
    }

    std::uint64_t number() { return engine_(); }

  private:
    std::mt19937_64 engine_;
};

/// Keys, tokens and etags of the simulated processes.
class DiceRandom final : public Random {
  public:
    explicit DiceRandom(std::uint64_t seed) : random_(seed) {}

    std::string bytes(std::size_t count) override { return random_.bytes(count); }

  private:
    SeededRandom random_;
};

} // namespace muster::simulation
