// The published numbers (reference: iothub E.1, E.2).

#include "hub/limits/rates.h"

#include "base/text.h"

#include <algorithm>
#include <utility>

namespace muster::hub {

namespace {

constexpr std::array tiers{
    std::pair<Tier, std::string_view>{Tier::f1, "F1"},
    std::pair<Tier, std::string_view>{Tier::b1, "B1"},
    std::pair<Tier, std::string_view>{Tier::b2, "B2"},
    std::pair<Tier, std::string_view>{Tier::b3, "B3"},
    std::pair<Tier, std::string_view>{Tier::s1, "S1"},
    std::pair<Tier, std::string_view>{Tier::s2, "S2"},
    std::pair<Tier, std::string_view>{Tier::s3, "S3"},
};

/// The columns of the table.
enum class Size : std::uint8_t { small, medium, large };

Size size_of(Tier tier) {
    switch (tier) {
    case Tier::f1:
    case Tier::b1:
    case Tier::s1: return Size::small;
    case Tier::b2:
    case Tier::s2: return Size::medium;
    case Tier::b3:
    case Tier::s3: break;
    }
    return Size::large;
}

/// max(at least for the hub, each unit).
struct Published {
    double per_unit = 0;
    double at_least = 0;
};

constexpr double per_minute = 1.0 / 60;
constexpr double kilobyte = 1024;

/// One row, in the order of the columns.
struct Row {
    Operation operation;
    std::array<Published, 3> sizes;
    std::chrono::seconds burst; // so much of it at once: what is stated per minute, a minute's
};

constexpr std::chrono::seconds second{1};
constexpr std::chrono::seconds minute{60};

constexpr std::array<Row, operations_count> table{{
    {Operation::registry, {{{100 * per_minute}, {100 * per_minute}, {5000 * per_minute}}}, minute},
    {Operation::connection, {{{12, 100}, {120}, {6000}}}, second},
    {Operation::telemetry, {{{12, 100}, {120}, {6000}}}, second},
    {Operation::message, {{{100 * per_minute}, {100 * per_minute}, {5000 * per_minute}}}, minute},
    {Operation::message_receipt,
     {{{1000 * per_minute}, {1000 * per_minute}, {50'000 * per_minute}}},
     second},
    {Operation::file_upload,
     {{{100 * per_minute}, {100 * per_minute}, {5000 * per_minute}}},
     minute},
    {Operation::method, {{{160 * kilobyte}, {480 * kilobyte}, {24 * 1024 * kilobyte}}}, second},
    {Operation::query, {{{20 * per_minute}, {20 * per_minute}, {1000 * per_minute}}}, minute},
    {Operation::twin_read, {{{0, 100}, {10, 100}, {500}}}, second},
    {Operation::twin_update, {{{0, 50}, {5, 50}, {250}}}, second},
    {Operation::job, {{{100 * per_minute}, {100 * per_minute}, {5000 * per_minute}}}, minute},
    {Operation::job_device, {{{0, 10}, {1, 10}, {50}}}, second},
    {Operation::configuration, {{{20 * per_minute}, {20 * per_minute}, {20 * per_minute}}}, minute},
}};

Rate rate_of(const Row& row, Size size, int units) {
    const Published& published = row.sizes.at(static_cast<std::size_t>(size));
    const double per_second = std::max(published.per_unit * units, published.at_least);
    return {.per_second = per_second,
            .burst = std::max(per_second * static_cast<double>(row.burst.count()), 1.0)};
}

DailyQuota quota_of(Tier tier, int units) {
    if (tier == Tier::f1) {
        return {.messages = 8000, .step_bytes = 512};
    }
    switch (size_of(tier)) {
    case Size::small: return {.messages = 400'000LL * units};
    case Size::medium: return {.messages = 6'000'000LL * units};
    case Size::large: break;
    }
    return {.messages = 300'000'000LL * units};
}

std::size_t jobs_at_once_of(Size size) {
    switch (size) {
    case Size::small: return 1;
    case Size::medium: return 5;
    case Size::large: break;
    }
    return 10;
}

} // namespace

std::optional<Tier> tier_named(std::string_view name) {
    const auto at = std::ranges::find_if(
        tiers, [&](const auto& one) { return equal_ignoring_case(one.second, name); });
    return at == tiers.end() ? std::nullopt : std::optional(at->first);
}

std::string_view to_string(Tier tier) {
    return std::ranges::find(tiers, tier, &std::pair<Tier, std::string_view>::first)->second;
}

int units_max(Tier tier) {
    switch (size_of(tier)) {
    case Size::small: return tier == Tier::f1 ? 1 : 200;
    case Size::medium: return 200;
    case Size::large: break;
    }
    return 10;
}

Limits limits_of(Tier tier, int units) {
    Limits limits;
    for (const Row& row : table) {
        limits.rates.at(static_cast<std::size_t>(row.operation)) =
            rate_of(row, size_of(tier), units);
    }
    limits.quota = quota_of(tier, units);
    limits.jobs_at_once = jobs_at_once_of(size_of(tier));
    return limits;
}

Limits generous_limits() {
    Limits limits;
    limits.rates.fill({.per_second = 20'000, .burst = 40'000});
    const auto set = [&](Operation operation, double per_second) {
        limits.rates.at(static_cast<std::size_t>(operation)) = {.per_second = per_second,
                                                                .burst = 2 * per_second};
    };
    set(Operation::telemetry, 200'000);
    set(Operation::method, 256 * 1024 * kilobyte);
    set(Operation::query, 1000);
    return limits;
}

} // namespace muster::hub
