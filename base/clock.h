#pragma once
// Time is a parameter. Nothing outside base/ asks the operating system what time it is: rules get
// a WallTime, sessions get a SteadyTime, and whoever must ask holds a Clock.

#include "base/result.h"

#include <chrono>
#include <string>
#include <string_view>

namespace muster {

/// Calendar time, UTC. For tokens, certificates and everything that is shown or stored.
using WallTime = std::chrono::sys_time<std::chrono::microseconds>;

/// Time that never jumps. For deadlines.
using SteadyTime = std::chrono::steady_clock::time_point;

/// Thread safe.
class Clock {
  public:
    virtual ~Clock() = default;
    [[nodiscard]] virtual WallTime wall() const = 0;
    [[nodiscard]] virtual SteadyTime steady() const = 0;
};

class SystemClock final : public Clock {
  public:
    [[nodiscard]] WallTime wall() const override;
    [[nodiscard]] SteadyTime steady() const override;
};

/// For tests: stands still until it is moved.
class ManualClock final : public Clock {
  public:
    explicit ManualClock(WallTime start) : wall_(start) {}

    [[nodiscard]] WallTime wall() const override { return wall_; }

    [[nodiscard]] SteadyTime steady() const override { return steady_; }

    void advance(std::chrono::microseconds by) {
        wall_ += by;
        steady_ += by;
    }

  private:
    WallTime wall_;
    SteadyTime steady_{std::chrono::hours(1)};
};

/// `2030-01-02T03:04:05.1234560Z`, always seven fraction digits (the .NET round-trip form).
std::string format_time(WallTime time);

/// `2030-01-02T03:04:05Z`, for certificate validity.
std::string format_time_seconds(WallTime time);

/// The forms above with any number of fraction digits.
Result<WallTime> parse_time(std::string_view text);

/// Whole seconds since 1970-01-01 UTC.
long long unix_seconds(WallTime time);
WallTime from_unix_seconds(long long seconds);

} // namespace muster
