#include "base/encoding.h"
#include "base/random.h"

#include <gtest/gtest.h>

#include <utility>

namespace muster {
namespace {

// RFC 4648 section 10.
TEST(Base64, KnownValues) {
    const std::pair<std::string_view, std::string_view> known[] = {{"", ""},
                                                                   {"f", "Zg=="},
                                                                   {"fo", "Zm8="},
                                                                   {"foo", "Zm9v"},
                                                                   {"foob", "Zm9vYg=="},
                                                                   {"fooba", "Zm9vYmE="},
                                                                   {"foobar", "Zm9vYmFy"},
                                                                   {"\xFB\xFF\xBF", "+/+/"}};
    for (const auto& [bytes, text] : known) {
        EXPECT_EQ(base64_encode(bytes), text);
        EXPECT_EQ(base64_decode(text), std::string(bytes));
    }
}

TEST(Base64, RefusesEverythingElse) {
    for (const std::string_view text : {"Z", "Zg", "Zg=", "Zm9vYg", "Zm9v\n", "Zm 9v", "Zm9-",
                                        "Zm9_", "=", "====", "Z===", "Zg==Zg==", "Zg=a",
                                        "\xC3\xA4"
                                        "ab"}) {
        const auto decoded = base64_decode(text);
        ASSERT_FALSE(decoded.has_value()) << text;
        EXPECT_EQ(decoded.error().code, Code::malformed);
    }
}

// Keys typed in by hand often have such a last digit, and every client library reads them.
TEST(Base64, IgnoresBitsThatNoByteUses) {
    EXPECT_EQ(base64_decode("Zh=="), "f");
    EXPECT_EQ(base64_decode("Zm9="), "fo");
}

TEST(Base64Url, KnownValues) {
    const std::pair<std::string_view, std::string_view> known[] = {
        {"", ""}, {"f", "Zg"}, {"fo", "Zm8"}, {"foo", "Zm9v"}, {"\xFB\xFF\xBF", "-_-_"}};
    for (const auto& [bytes, text] : known) {
        EXPECT_EQ(base64url_encode(bytes), text);
        EXPECT_EQ(base64url_decode(text), std::string(bytes));
    }
}

TEST(Base64Url, RefusesEverythingElse) {
    for (const std::string_view text : {"Z", "Zg==", "Zm9vY", "Zm9+", "Zm9/", "Zm 9v"}) {
        const auto decoded = base64url_decode(text);
        ASSERT_FALSE(decoded.has_value()) << text;
        EXPECT_EQ(decoded.error().code, Code::malformed);
    }
}

TEST(Hex, KnownValues) {
    EXPECT_EQ(hex_encode_upper("\x01\xAF\xFF"), "01AFFF");
    EXPECT_EQ(hex_encode_lower("\x01\xAF\xFF"), "01afff");
}

TEST(PercentEncoding, KnownValues) {
    EXPECT_EQ(percent_encode("hub/devices/a+b c~"), "hub%2Fdevices%2Fa%2Bb%20c~");
    EXPECT_EQ(percent_encode("AZaz09-._~"), "AZaz09-._~");
    EXPECT_EQ(percent_encode("\xC3\xA4"), "%C3%A4");
}

// DPS-DEVICE-29, DPS-SERVICE-10: either hex case; a literal '+' is a plus.
TEST(PercentEncoding, DecodesEitherCaseAndKeepsPlus) {
    EXPECT_EQ(percent_decode("a%2Fb%2fc+d"), "a/b/c+d");
    EXPECT_EQ(percent_decode("%00"), std::string(1, '\0'));
    EXPECT_EQ(percent_decode(""), "");
    EXPECT_EQ(percent_decode("%252F"), "%2F");
}

TEST(PercentEncoding, RefusesBrokenEscapes) {
    for (const std::string_view text : {"%", "a%", "%2", "%2g", "%g2", "%%41", "% 1"}) {
        EXPECT_FALSE(percent_decode(text).has_value()) << text;
    }
}

TEST(Encodings, RoundTripAnyBytes) {
    SeededRandom random(20300102);
    for (std::size_t size = 0; size < 100; ++size) {
        const std::string bytes = random.bytes(size);
        EXPECT_EQ(base64_decode(base64_encode(bytes)), bytes);
        EXPECT_EQ(percent_decode(percent_encode(bytes)), bytes);
    }
}

} // namespace
} // namespace muster
