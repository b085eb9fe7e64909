#include "provisioning/stamps.h"
#include "provisioning/test_world.h"

namespace muster::provisioning {
namespace {

TEST(Stamps, EtagsAreHeaderSafeAndNew) {
    // DPS-SERVICE-23
    SeededRandom random(1);
    const ETag first = new_etag(random);
    EXPECT_NE(first, new_etag(random));
    EXPECT_EQ(first.text().find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                             "0123456789+/="),
              std::string::npos);
    const std::string plain = base64_decode(first.text()).value();
    EXPECT_EQ(plain.size(), 38U);
    EXPECT_EQ(plain.front(), '"');
    EXPECT_EQ(plain.back(), '"');
}

TEST(Stamps, MoveTokensAreSixteenHexDigitsAndNew) {
    SeededRandom random(1);
    const MoveToken first = new_move_token(random);
    EXPECT_NE(first, new_move_token(random));
    EXPECT_EQ(first.text().size(), 16U);
    EXPECT_EQ(first.text().find_first_not_of("0123456789abcdef"), std::string::npos);
}

TEST(Stamps, TimeShownNeverRunsBackwards) {
    const ResourceStamp first = first_stamp({.now = test_time, .etag = ETag("a")});
    const ResourceStamp second = next_stamp(first, {.now = test_time - 1h, .etag = ETag("b")});
    EXPECT_EQ(second.version, first.version + 1);
    EXPECT_EQ(second.created, test_time);
    EXPECT_EQ(second.updated, test_time);
}

} // namespace
} // namespace muster::provisioning
