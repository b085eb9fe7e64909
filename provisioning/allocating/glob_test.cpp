#include "provisioning/allocating/glob.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <string>

namespace muster::provisioning {
namespace {

TEST(Glob, StarsAndQuestionMarks) {
    EXPECT_TRUE(matches_glob("pump-7", "pump-*"));
    EXPECT_TRUE(matches_glob("pump-", "pump-*"));
    EXPECT_FALSE(matches_glob("apump-7", "pump-*"));
    EXPECT_TRUE(matches_glob("a-b-c", "*-*"));
    EXPECT_TRUE(matches_glob("abc", "a?c"));
    EXPECT_FALSE(matches_glob("ac", "a?c"));
    EXPECT_TRUE(matches_glob("", ""));
    EXPECT_TRUE(matches_glob("", "***"));
    EXPECT_FALSE(matches_glob("", "?"));
    EXPECT_FALSE(matches_glob("a", ""));
    EXPECT_TRUE(matches_glob("aXbXc", "a*X?"));
    EXPECT_FALSE(matches_glob("Pump", "pump"));
    EXPECT_TRUE(matches_glob("[a]", "[a]")) << "brackets mean themselves";
}

TEST(Glob, ABackslashTakesTheMeaning) {
    EXPECT_TRUE(matches_glob("a*", R"(a\*)"));
    EXPECT_FALSE(matches_glob("ab", R"(a\*)"));
    EXPECT_TRUE(matches_glob("a?", R"(a\?)"));
    EXPECT_TRUE(matches_glob(R"(a\)", R"(a\\)"));
    EXPECT_TRUE(matches_glob("ab", R"(a\b)"));
    EXPECT_TRUE(is_glob(R"(a\\)"));
    EXPECT_FALSE(is_glob(R"(a\)"));
    EXPECT_FALSE(is_glob(R"(a\\\)"));
}

TEST(Glob, ACharacterIsNoByte) {
    EXPECT_TRUE(matches_glob("grün", "gr?n"));
    EXPECT_TRUE(matches_glob("日本", "??"));
    EXPECT_FALSE(matches_glob("日", "??"));
    EXPECT_TRUE(matches_glob("日本語", "*本?"));
    EXPECT_TRUE(matches_glob(std::string("a\0b", 3), "a?b"));
}

/// What the pattern means, tried in every way; takes forever on long ones.
bool naive(std::string_view text, std::string_view pattern) {
    if (pattern.empty()) {
        return text.empty();
    }
    if (pattern.front() == '*') {
        return naive(text, pattern.substr(1)) || (!text.empty() && naive(text.substr(1), pattern));
    }
    if (text.empty()) {
        return false;
    }
    const bool escaped = pattern.front() == '\\';
    const char wanted = pattern[escaped ? 1 : 0];
    const bool fits = (wanted == '?' && !escaped) || wanted == text.front();
    return fits && naive(text.substr(1), pattern.substr(escaped ? 2 : 1));
}

TEST(Glob, SaysWhatTryingEverythingSays) {
    constexpr std::uint64_t seed = 20'300'101;
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 engine(seed);
    const auto random_text = [&](std::string_view letters, std::size_t size_max) {
        std::string text;
        for (std::size_t size = engine() % (size_max + 1); size > 0; --size) {
            text += letters[engine() % letters.size()];
        }
        return text;
    };
    int matches = 0;
    for (int i = 0; i < 20'000; ++i) {
        const std::string text = random_text("ab*", 8);
        const std::string pattern = random_text("ab**?\\", 7);
        if (!is_glob(pattern)) {
            continue;
        }
        ASSERT_EQ(matches_glob(text, pattern), naive(text, pattern)) << text << " " << pattern;
        matches += matches_glob(text, pattern) ? 1 : 0;
    }
    EXPECT_GT(matches, 500) << "both outcomes were tried";
}

/// Trying everything would outlive the sun; the bound is on steps, which end.
TEST(Glob, CatastrophesDoNotHappen) {
    std::string pattern;
    for (int i = 0; i < 1000; ++i) {
        pattern += "a*";
    }
    EXPECT_FALSE(matches_glob(std::string(4096, 'a'), pattern + 'b'));
    EXPECT_TRUE(matches_glob(std::string(4096, 'a'), pattern));
    EXPECT_FALSE(matches_glob(std::string(4096, 'a'), "*" + std::string(2000, 'a') + "b*"));
}

} // namespace
} // namespace muster::provisioning
