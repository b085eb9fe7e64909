#pragma once
// What a hub does only so often (reference: iothub E.1, E.2). Values only; limiter.h counts.

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace muster::hub {

/// Each is counted by itself, for the whole hub.
enum class Operation : std::uint8_t {
    registry,        // one device each, in bulk calls too
    connection,      // of a device
    telemetry,       // a message of a device
    message,         // to a device
    message_receipt, // by a device over HTTPS
    file_upload,
    method, // its cost is in bytes of the payload, in steps of method_step_bytes
    query,
    twin_read,
    twin_update,
    job,
    job_device, // of a job, one device each
    configuration,
};

inline constexpr std::size_t operations_count = 13;

inline constexpr std::size_t method_step_bytes = 4096;

/// So many at once, and refilled at this rate. Both above 0.
struct Rate {
    double per_second = 1;
    double burst = 1;
};

/// Messages and operations that carry data, each in steps of so many bytes, from midnight to
/// midnight UTC.
struct DailyQuota {
    std::int64_t messages = 0;
    std::size_t step_bytes = 4096;
};

struct Limits {
    std::array<Rate, operations_count> rates;
    std::optional<DailyQuota> quota; // absent: as many as there are
    std::size_t jobs_at_once = 10;   // the others wait
    /// An operation above its rate waits at most so long for its turn, and is refused otherwise
    /// (E.3: shaping first).
    std::chrono::milliseconds wait_max{5000};

    [[nodiscard]] const Rate& of(Operation operation) const {
        return rates.at(static_cast<std::size_t>(operation));
    }
};

/// Far above what a hub of this process does on any machine: they bound what a runaway client can
/// ask for, and no more.
Limits generous_limits();

/// The published tiers.
enum class Tier : std::uint8_t { f1, b1, b2, b3, s1, s2, s3 };

std::optional<Tier> tier_named(std::string_view name); // "S1", in any case
std::string_view to_string(Tier tier);

/// What so many units of a tier may do. `units` from 1 to units_max(tier).
Limits limits_of(Tier tier, int units);
int units_max(Tier tier);

} // namespace muster::hub
