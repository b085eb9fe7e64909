#include "gateway/http_handler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace muster::gateway {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

std::vector<std::string> segments_of(std::string_view target) {
    const auto parsed = parse_target(target);
    return parsed ? parsed->segments : std::vector<std::string>{"refused"};
}

TEST(Target, SplitsAndDecodesOnce) {
    // DPS-DEVICE-29, DPS-SERVICE-8: either hex case, exactly once
    EXPECT_THAT(segments_of("/a/b/c"), ElementsAre("a", "b", "c"));
    EXPECT_THAT(segments_of("/enrollments/dev%3A1"), ElementsAre("enrollments", "dev:1"));
    EXPECT_THAT(segments_of("/enrollments/dev%3a1"), ElementsAre("enrollments", "dev:1"));
    EXPECT_THAT(segments_of("/a%253a"), ElementsAre("a%3a"));
    EXPECT_THAT(segments_of("/a%2Fb/c"), ElementsAre("a/b", "c"));
    EXPECT_THAT(segments_of("/a+b"), ElementsAre("a+b"));
}

TEST(Target, DropsOneTrailingSlash) {
    // DPS-SERVICE-8
    EXPECT_THAT(segments_of("/enrollments/"), ElementsAre("enrollments"));
    EXPECT_THAT(segments_of("/"), IsEmpty());
    EXPECT_THAT(segments_of("/enrollments//x"), ElementsAre("enrollments", "", "x"));
}

TEST(Target, ReadsTheQuery) {
    const auto target =
        parse_target("/p?api-version=2021-06-01&forceRegistration=true&x&y=a%26b=c&y=second");
    ASSERT_TRUE(target);
    EXPECT_EQ(target->parameter("api-version"), "2021-06-01");
    EXPECT_EQ(target->parameter("y"), "a&b=c");
    EXPECT_EQ(target->parameter("x"), "");
    EXPECT_EQ(target->parameter("Api-Version"), "");
    EXPECT_THAT(parse_target("/p?a=1&b=2")->query, ElementsAre(Pair("a", "1"), Pair("b", "2")));
    EXPECT_THAT(parse_target("/p?")->query, IsEmpty());
}

TEST(Target, RefusesWhatIsNotAPath) {
    for (const std::string_view bad : {"", "*", "enrollments", "http://host/a", "/a%", "/a%2",
                                       "/a%zz", "/%ff%fe", "/a?b=%f", "/a?%c3=1"}) {
        const auto target = parse_target(bad);
        ASSERT_FALSE(target) << bad;
        EXPECT_EQ(target.error().code, Code::malformed);
    }
}

} // namespace
} // namespace muster::gateway
