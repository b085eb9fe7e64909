#pragma once
// Randomness is a parameter too: the simulator passes a seeded source, the server the kernel's.

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>

namespace muster {

/// Thread safe.
class Random {
  public:
    virtual ~Random() = default;
    [[nodiscard]] virtual std::string bytes(std::size_t count) = 0;
};

/// getrandom(2): fit for keys.
class SystemRandom final : public Random {
  public:
    [[nodiscard]] std::string bytes(std::size_t count) override;
};

/// Repeatable; for tests and simulations only. Not thread safe.
class SeededRandom final : public Random {
  public:
    explicit SeededRandom(std::uint64_t seed) : engine_(seed) {}

    [[nodiscard]] std::string bytes(std::size_t count) override;

  private:
    std::mt19937_64 engine_;
};

/// A random (version 4) GUID in lower case, `f40da7ba-8c91-4796-8fc3-89e1dfbdbe05`.
std::string new_guid(Random& random);

} // namespace muster
