#include "base/check.h"
#include "base/result.h"

#include <gtest/gtest.h>

#include <set>

namespace muster {
namespace {

TEST(Code, EveryOneHasItsOwnName) {
    std::set<std::string_view> names;
    for (int i = 0; i <= static_cast<int>(Code::internal); ++i) {
        EXPECT_TRUE(names.insert(to_string(static_cast<Code>(i))).second) << i;
    }
    EXPECT_EQ(names.size(), 16U);
}

TEST(Fail, CarriesWhatItWasGiven) {
    const Result<int> result = fail(Code::conflict, "detail", "cause");
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(result.error().code, Code::conflict);
    EXPECT_EQ(result.error().detail, "detail");
    EXPECT_EQ(result.error().cause, "cause");
    EXPECT_FALSE(result.error().retry_after.has_value());
}

TEST(CheckDeathTest, SaysWhereAndStops) {
    CHECK(1 + 1 == 2);
    EXPECT_DEATH(CHECK(1 + 1 == 3), "result_test.cpp:[0-9]+: check failed: 1 \\+ 1 == 3");
}

} // namespace
} // namespace muster
