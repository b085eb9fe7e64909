#pragma once
// What happened, for people, and what it broke.

#include "base/clock.h"

#include <cstdint>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

namespace muster::simulation {

struct Violation {
    std::string rule;
    std::string what;
};

class Story {
  public:
    explicit Story(SteadyTime start) : start_(start) {}

    void tell(SteadyTime now, std::string_view who, std::string_view what);

    /// The first one counts: what comes after it may follow from it.
    void violated(SteadyTime now, std::string rule, std::string what);

    [[nodiscard]] const std::optional<Violation>& violation() const { return violation_; }

    /// Of all lines: equal for equal runs.
    [[nodiscard]] std::uint64_t digest() const { return digest_; }

    [[nodiscard]] std::size_t length() const { return lines_.size(); }

    /// All of it, or what is about one device and everything that is about none.
    void print(std::ostream& out, std::string_view about = {}) const;

  private:
    struct Line {
        SteadyTime at;
        std::string who;
        std::string what;
    };

    SteadyTime start_;
    std::vector<Line> lines_;
    std::uint64_t digest_ = 14695981039346656037U;
    std::optional<Violation> violation_;
};

} // namespace muster::simulation
