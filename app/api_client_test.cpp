#include "app/api_client.h"

#include <gtest/gtest.h>

namespace muster::app {
namespace {

using namespace std::chrono_literals;

std::optional<std::chrono::milliseconds>
pause(int tries, Code code, std::optional<std::chrono::seconds> retry_after = {}) {
    return pause_after(tries,
                       {.code = code, .detail = {}, .cause = {}, .retry_after = retry_after});
}

TEST(Patience, IsForWhatPassesByItself) {
    for (const Code code : {Code::malformed, Code::conflict, Code::not_found, Code::forbidden}) {
        EXPECT_FALSE(pause(1, code));
    }
    for (const Code code : {Code::unavailable, Code::rate_limited, Code::deadline_exceeded}) {
        EXPECT_TRUE(pause(1, code));
    }
}

TEST(Patience, GrowsAndEnds) {
    EXPECT_EQ(pause(1, Code::unavailable), 250ms);
    EXPECT_EQ(pause(2, Code::unavailable), 500ms);
    EXPECT_EQ(pause(7, Code::unavailable), 16s);
    EXPECT_FALSE(pause(8, Code::unavailable));
}

TEST(Patience, IsAsLongAsTheServiceSaysWithinReason) {
    EXPECT_EQ(pause(1, Code::rate_limited, 7s), 7s);
    EXPECT_EQ(pause(7, Code::rate_limited, 7s), 7s);
    EXPECT_EQ(pause(1, Code::rate_limited, 3600s), 60s);
    EXPECT_EQ(pause(1, Code::rate_limited, 0s), 250ms);
}

} // namespace
} // namespace muster::app
