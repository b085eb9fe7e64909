#include "base/random.h"
#include "provisioning/ip_range.h"

#include <gtest/gtest.h>

#include <string>

namespace muster::provisioning {
namespace {

bool contains(std::string_view range, std::string_view address) {
    const auto parsed = parse_ip_range(range);
    const auto place = parse_ip_address(address);
    EXPECT_TRUE(parsed) << range;
    EXPECT_TRUE(place) << address;
    return parsed && place && parsed->contains(*place);
}

TEST(IpAddress, RefusesWhatIsNone) {
    for (const auto* bad : {"",
                            " ",
                            "1",
                            "1.2.3",
                            "1.2.3.4.5",
                            "1.2.3.256",
                            "1.2.3.-4",
                            "01.2.3.4",
                            "1.2.3.4 ",
                            "1.2.3.4:80",
                            "1.2.3.",
                            "0x7f.0.0.1",
                            ":",
                            ":::",
                            "1::2::3",
                            "1:2:3:4:5:6:7",
                            "1:2:3:4:5:6:7:8:9",
                            "12345::",
                            "g::",
                            "[::1]",
                            "1:2:3:4:5:6:7::8",
                            "::1.2.3",
                            "1.2.3.4::",
                            "::1:",
                            ":1::",
                            "localhost",
                            "1.2.3.4%eth0"}) {
        EXPECT_FALSE(parse_ip_address(bad)) << bad;
    }
    EXPECT_FALSE(parse_ip_address(std::string(100'000, ':')));
    EXPECT_FALSE(parse_ip_address(std::string("1.2.3.4\0", 8)));
}

TEST(IpAddress, ReadsEverySpelling) {
    const auto same = [](std::string_view left, std::string_view right) {
        const auto one = parse_ip_address(left);
        EXPECT_TRUE(one) << left;
        return one && one == parse_ip_address(right);
    };
    EXPECT_TRUE(same("::1", "0:0:0:0:0:0:0:1"));
    EXPECT_TRUE(same("::", "0:0:0:0:0:0:0:0"));
    EXPECT_TRUE(same("2001:DB8::a", "2001:0db8:0:0::000a"));
    EXPECT_TRUE(same("1::", "1:0:0:0:0:0:0:0"));
    EXPECT_TRUE(same("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"));
    EXPECT_TRUE(same("fe80::1%eth0", "fe80::1"));
    EXPECT_TRUE(same("::ffff:192.0.2.1", "192.0.2.1"));
    EXPECT_TRUE(same("::ffff:c000:201", "192.0.2.1"));
    EXPECT_FALSE(same("::192.0.2.1", "192.0.2.1"));
}

TEST(IpRange, RefusesWhatIsNone) {
    for (const auto* bad :
         {"", "/", "10.0.0.0/", "/8", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/08", "10.0.0.0/8/8",
          "10.0.0/8", "::/129", "::1%eth0/64", "10.0.0.0/a", "10.0.0.0/255.0.0.0", "any", "*"}) {
        EXPECT_FALSE(parse_ip_range(bad)) << bad;
    }
}

TEST(IpRange, ComparesThePrefixOnly) {
    EXPECT_TRUE(contains("10.1.2.3/8", "10.255.0.1"));
    EXPECT_FALSE(contains("10.0.0.0/8", "11.0.0.0"));
    EXPECT_TRUE(contains("10.128.0.0/9", "10.255.255.255"));
    EXPECT_FALSE(contains("10.128.0.0/9", "10.127.255.255"));
    EXPECT_TRUE(contains("192.0.2.7", "192.0.2.7"));
    EXPECT_FALSE(contains("192.0.2.7/32", "192.0.2.6"));
    EXPECT_TRUE(contains("2001:db8::/33", "2001:db8:7fff::"));
    EXPECT_FALSE(contains("2001:db8::/33", "2001:db8:8000::"));
}

TEST(IpRange, MeetsIpv4OnEitherKindOfSocket) {
    EXPECT_TRUE(contains("10.0.0.0/8", "::ffff:10.1.2.3"));
    EXPECT_TRUE(contains("::ffff:10.0.0.0/104", "10.1.2.3"));
    EXPECT_TRUE(contains("0.0.0.0/0", "::ffff:8.8.8.8"));
    // Every address of a kind, not of the other.
    EXPECT_FALSE(contains("0.0.0.0/0", "2001:db8::1"));
    EXPECT_TRUE(contains("::/0", "2001:db8::1"));
    EXPECT_FALSE(contains("::/0", "8.8.8.8"));
}

TEST(IpAddress, KnowsWhatIsPrivate) {
    for (const auto* inside :
         {"127.0.0.1", "127.255.255.254", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1",
          "169.254.9.9", "::1", "fd00::1", "fe80::1%eth0", "::ffff:10.0.0.1"}) {
        EXPECT_TRUE(parse_ip_address(inside)->is_private()) << inside;
    }
    for (const auto* outside : {"8.8.8.8", "172.15.255.255", "172.32.0.1", "192.167.1.1", "0.0.0.0",
                                "100.64.0.1", "::", "2001:db8::1", "fec0::1", "::ffff:8.8.8.8"}) {
        EXPECT_FALSE(parse_ip_address(outside)->is_private()) << outside;
    }
}

/// Total for any text, and the halves of a range are in it and apart.
TEST(IpAddress, IsWhatIsLeftOfAPeerWithoutItsPort) {
    EXPECT_EQ(without_port("192.0.2.1:40000"), "192.0.2.1");
    EXPECT_EQ(without_port("192.0.2.1"), "192.0.2.1");
    EXPECT_EQ(without_port("[2001:db8::1]:443"), "2001:db8::1");
    EXPECT_EQ(without_port("[2001:db8::1"), "[2001:db8::1");
    EXPECT_EQ(without_port("2001:db8::1"), "2001:db8::1");
    EXPECT_EQ(without_port(""), "");
}

TEST(IpRange, HoldsForRandomTextsAndPrefixes) {
    constexpr std::uint64_t seed = 20300101;
    SCOPED_TRACE(seed);
    SeededRandom random(seed);
    constexpr std::string_view alphabet = "0123456789abcdefABCDEF::::....%/ x";
    for (std::size_t i = 0; i < 5000; ++i) {
        std::string text = random.bytes(1 + i % 24);
        for (char& c : text) {
            c = alphabet[static_cast<unsigned char>(c) % alphabet.size()];
        }
        const auto range = parse_ip_range(text);
        if (range && (range->prefix_bits >= 96 || !range->base.is_ipv4())) {
            EXPECT_TRUE(range->contains(range->base)) << text;
        }
    }
    for (std::size_t bits = 0; bits < 128; ++bits) {
        IpAddress address;
        const std::string bytes = random.bytes(16);
        std::copy(bytes.begin(), bytes.end(), address.bytes.begin());
        const IpRange range{.base = address, .prefix_bits = bits};
        IpAddress beyond = address; // differs in the first bit after the prefix
        beyond.bytes[bits / 8] ^= static_cast<std::uint8_t>(0x80 >> (bits % 8));
        const IpRange narrower{.base = address, .prefix_bits = bits + 1};
        EXPECT_TRUE(range.contains(beyond)) << bits;
        EXPECT_FALSE(narrower.contains(beyond)) << bits;
    }
}

} // namespace
} // namespace muster::provisioning
