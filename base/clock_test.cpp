#include "base/clock.h"

#include <gtest/gtest.h>

#include <limits>

namespace muster {
namespace {

using namespace std::chrono_literals;

constexpr WallTime start = std::chrono::sys_days(std::chrono::January / 2 / 2030) + 3h + 4min + 5s;

// DPS-DEVICE-17: dates are ISO 8601 UTC texts.
TEST(Time, IsWrittenWithSevenFractionDigits) {
    EXPECT_EQ(format_time(start + 123456us), "2030-01-02T03:04:05.1234560Z");
    EXPECT_EQ(format_time(start), "2030-01-02T03:04:05.0000000Z");
    EXPECT_EQ(format_time(WallTime(-1us)), "1969-12-31T23:59:59.9999990Z");
}

TEST(Time, IsWrittenInWholeSeconds) {
    EXPECT_EQ(format_time_seconds(start + 999999us), "2030-01-02T03:04:05Z");
    EXPECT_EQ(format_time_seconds(WallTime(-1us)), "1969-12-31T23:59:59Z");
}

TEST(Time, IsReadWithAnyFraction) {
    EXPECT_EQ(parse_time("2030-01-02T03:04:05Z"), start);
    EXPECT_EQ(parse_time("2030-01-02T03:04:05.5Z"), start + 500ms);
    EXPECT_EQ(parse_time("2030-01-02T03:04:05.1234567Z"), start + 123456us);
    EXPECT_EQ(parse_time("2030-01-02T03:04:05.123456789123456789Z"), start + 123456us);
    EXPECT_EQ(parse_time("2028-02-29T00:00:00Z"),
              WallTime(std::chrono::sys_days(std::chrono::February / 29 / 2028)));
}

TEST(Time, RoundTrips) {
    for (const std::string_view text :
         {"0001-01-01T00:00:00.0000000Z", "1969-12-31T23:59:59.0000010Z",
          "2038-01-19T03:14:08.0000000Z", "9999-12-31T23:59:59.9999990Z"}) {
        const auto time = parse_time(text);
        ASSERT_TRUE(time.has_value()) << text;
        EXPECT_EQ(format_time(*time), text);
    }
}

TEST(Time, RefusesEverythingElse) {
    for (const std::string_view text :
         {"", "Z", "2030-01-02T03:04:05", "2030-01-02 03:04:05Z", "2030-01-02T03:04:05.Z",
          "2030-01-02T03:04:05,5Z", "2030-01-02T03:04:05+00:00", "2030-13-02T03:04:05Z",
          "2030-02-30T03:04:05Z", "2030-00-02T03:04:05Z", "2030-01-02T24:04:05Z",
          "2030-01-02T03:60:05Z", "2030-01-02T03:04:60Z", "2030-1-2T03:04:05Z",
          "2030-01-02T03:04:05.5aZ", "-030-01-02T03:04:05Z", "2030-01-02T03:04:05ZZ",
          "2030-01-02T03:04Z"}) {
        EXPECT_FALSE(parse_time(text).has_value()) << text;
    }
}

TEST(UnixSeconds, RoundDownAndBack) {
    EXPECT_EQ(unix_seconds(WallTime(1999999us)), 1);
    EXPECT_EQ(unix_seconds(WallTime(-1us)), -1);
    EXPECT_EQ(unix_seconds(from_unix_seconds(1900000000)), 1900000000);
}

// An expiry in a token may be any number.
TEST(UnixSeconds, BeyondAllTimesStayInOrder) {
    constexpr auto most = std::numeric_limits<long long>::max();
    EXPECT_GT(from_unix_seconds(most), from_unix_seconds(4102444800));
    EXPECT_LT(from_unix_seconds(-most), from_unix_seconds(0));
}

TEST(ManualClock, StandsStillUntilMoved) {
    ManualClock clock(start);
    const SteadyTime before = clock.steady();
    EXPECT_EQ(clock.wall(), start);
    clock.advance(90s);
    EXPECT_EQ(clock.wall(), start + 90s);
    EXPECT_EQ(clock.steady() - before, 90s);
}

TEST(SystemClock, Advances) {
    const SystemClock clock;
    EXPECT_GT(clock.wall(), WallTime(std::chrono::sys_days(std::chrono::January / 1 / 2020)));
    const SteadyTime before = clock.steady();
    EXPECT_LE(before, clock.steady());
}

} // namespace
} // namespace muster
