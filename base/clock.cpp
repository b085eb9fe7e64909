#include "base/clock.h"

#include "base/text.h"

#include <fmt/format.h>

#include <algorithm>

namespace muster {

namespace {

using std::chrono::floor;
using std::chrono::microseconds;
using std::chrono::seconds;

constexpr std::string_view seconds_form = "0000-00-00T00:00:00"; // a 0 stands for a digit

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

bool has_form(std::string_view text, std::string_view form) {
    return std::ranges::equal(text, form, [](char c, char expected) {
        return expected == '0' ? is_digit(c) : c == expected;
    });
}

/// The first six digits as microseconds; more are cut off, fewer are filled up.
microseconds parse_fraction(std::string_view digits) {
    long long value = 0;
    for (std::size_t i = 0; i < 6; ++i) {
        value = value * 10 + (i < digits.size() ? digits[i] - '0' : 0);
    }
    return microseconds(value);
}

/// `.1234`, or nothing at all.
bool is_fraction(std::string_view text) {
    if (text.empty()) {
        return true;
    }
    return text.front() == '.' && text.size() > 1 && std::ranges::all_of(text.substr(1), is_digit);
}

} // namespace

WallTime SystemClock::wall() const {
    return floor<microseconds>(std::chrono::system_clock::now());
}

SteadyTime SystemClock::steady() const {
    return std::chrono::steady_clock::now();
}

std::string format_time(WallTime time) {
    const auto fraction = time - floor<seconds>(time);
    std::string text = format_time_seconds(time);
    text.pop_back();
    return fmt::format("{}.{:06}0Z", text, fraction.count());
}

std::string format_time_seconds(WallTime time) {
    const auto day = floor<std::chrono::days>(time);
    const std::chrono::year_month_day date(day);
    const std::chrono::hh_mm_ss clock(floor<seconds>(time - day));
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", static_cast<int>(date.year()),
                       static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                       clock.hours().count(), clock.minutes().count(), clock.seconds().count());
}

Result<WallTime> parse_time(std::string_view text) {
    const auto wrong = [] { return fail(Code::malformed, "not a UTC time in ISO 8601"); };
    if (!text.ends_with('Z') || text.size() <= seconds_form.size()) {
        return wrong();
    }
    const std::string_view whole = text.substr(0, seconds_form.size());
    const std::string_view fraction = text.substr(whole.size(), text.size() - whole.size() - 1);
    if (!has_form(whole, seconds_form) || !is_fraction(fraction)) {
        return wrong();
    }
    const auto number = [&](std::size_t at, std::size_t size) {
        return static_cast<int>(parse_decimal(whole.substr(at, size)).value_or(0));
    };
    const std::chrono::year_month_day date{std::chrono::year(number(0, 4)),
                                           std::chrono::month(static_cast<unsigned>(number(5, 2))),
                                           std::chrono::day(static_cast<unsigned>(number(8, 2)))};
    const int hour = number(11, 2);
    const int minute = number(14, 2);
    const int second = number(17, 2);
    if (!date.ok() || hour > 23 || minute > 59 || second > 59) {
        return wrong();
    }
    return WallTime(std::chrono::sys_days(date)) + std::chrono::hours(hour) +
           std::chrono::minutes(minute) + seconds(second) +
           parse_fraction(fraction.substr(fraction.empty() ? 0 : 1));
}

long long unix_seconds(WallTime time) {
    return floor<seconds>(time).time_since_epoch().count();
}

WallTime from_unix_seconds(long long count) {
    // The number may come from a token; what no WallTime can hold becomes the nearest that one can.
    constexpr auto limit = floor<seconds>(microseconds::max()).count();
    return WallTime(seconds(std::clamp<long long>(count, -limit, limit)));
}

} // namespace muster
