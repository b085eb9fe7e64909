#include "hub/if_match.h"

#include <gtest/gtest.h>

namespace muster::hub {

// IOTHUB-26: all forms that clients send.
TEST(IfMatch, ReadsEveryForm) {
    using Kind = IfMatch::Kind;
    for (const std::string_view star : {"*", "\"*\"", " * ", "W/\"*\""}) {
        EXPECT_EQ(IfMatch::from_header(star).kind, Kind::any) << star;
    }
    for (const std::string_view tag : {"abc=", "\"abc=\"", "W/\"abc=\"", "\t\"abc=\" "}) {
        const IfMatch parsed = IfMatch::from_header(tag);
        EXPECT_EQ(parsed.kind, Kind::exactly) << tag;
        EXPECT_EQ(parsed.etag.text(), "abc=") << tag;
    }
    EXPECT_EQ(IfMatch::from_header("").kind, Kind::absent);
    EXPECT_EQ(IfMatch::from_header("  ").kind, Kind::absent);
    EXPECT_EQ(IfMatch::from_header("\"\"").kind, Kind::exactly) << "matches nothing";
    EXPECT_EQ(IfMatch::from_header("\"").etag.text(), "\"");
}

TEST(IfMatch, PermitsWhatItNames) {
    const ETag current("now");
    EXPECT_TRUE(IfMatch{}.permits(current));
    EXPECT_TRUE(IfMatch::from_header("*").permits(current));
    EXPECT_TRUE(IfMatch::from_header("\"now\"").permits(current));
    EXPECT_FALSE(IfMatch::from_header("\"then\"").permits(current));
}

} // namespace muster::hub
