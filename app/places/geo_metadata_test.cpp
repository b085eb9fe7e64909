#include "app/places/geo_metadata.h"
#include "app/places/mmdb_writer.h"

#include <gtest/gtest.h>

#include <random>

namespace muster::app {
namespace {

using mmdb::map;
using mmdb::text;
using mmdb::uint16;
using mmdb::uint32;

const std::string marker = "\xAB\xCD\xEFMaxMind.com";

using Members = std::vector<std::pair<std::string, std::string>>;

const Members plain = {{"node_count", uint32(7)}, {"record_size", uint16(24)}};

std::optional<GeoMetadata> read(const std::string& after_marker) {
    return read_geo_metadata("whatever" + marker + after_marker);
}

std::optional<GeoMetadata> read_with(const std::string& name, const std::string& value) {
    Members members = plain;
    members.insert(members.begin() + 1, {name, value});
    return read(map(members));
}

TEST(GeoMetadataOfAFile, SayHowLargeItsSearchTreeIs) {
    const auto found = read(map(plain));
    ASSERT_TRUE(found);
    EXPECT_EQ(found->node_count, 7U);
    EXPECT_EQ(found->record_bits, 24U);
    EXPECT_EQ(found->marker, std::string("whatever").size());
    EXPECT_EQ(found->search_tree_bytes(), 7U * 6 + 16);
}

TEST(GeoMetadataOfAFile, CountInMoreThan32Bits) {
    const auto found =
        read(map({{"node_count", uint32(0xFFFF'FFFF)}, {"record_size", uint16(32)}}));
    ASSERT_TRUE(found);
    EXPECT_EQ(found->search_tree_bytes(), 0xFFFF'FFFFULL * 8 + 16);
}

TEST(GeoMetadataOfAFile, HaveAnythingElseBesides) {
    const std::string long_text(1000, 'x');
    const std::string values[] = {
        text("x"),
        mmdb::real(1),
        mmdb::single(1),
        mmdb::uint64(1),
        mmdb::array({text("en"), mmdb::array({}), map({{"node_count", text("deep")}})}),
        map({{"record_size", uint16(1)}}),
        mmdb::control(14, 1),                                          // true
        std::string("\x5E\x02\xCB", 3) + long_text,                    // a text of 285 + 715 bytes
        std::string("\x5F\x00\x00\x00", 4) + std::string(65'821, 'y'), // the next longer kind
    };
    for (const std::string& value : values) {
        EXPECT_TRUE(read_with("other", value)) << value.substr(0, 20);
    }
}

TEST(GeoMetadataOfAFile, AreTheLastOnes) {
    const auto other = map({{"node_count", uint32(1)}, {"record_size", uint16(32)}});
    EXPECT_EQ(read(other + marker + map(plain))->node_count, 7U);
    EXPECT_FALSE(read(map(plain) + marker + "nothing"));
}

TEST(GeoMetadataOfAFile, AreRefusedWithoutBothNumbers) {
    EXPECT_FALSE(read_geo_metadata(""));
    EXPECT_FALSE(read_geo_metadata(map(plain)));
    EXPECT_FALSE(read(""));
    EXPECT_FALSE(read(map({})));
    EXPECT_FALSE(read(map({plain[0]})));
    EXPECT_FALSE(read(map({plain[1]})));
    EXPECT_FALSE(read(map({plain[0], {"record_size", uint16(25)}})));
    EXPECT_FALSE(read(map({plain[0], {"record_size", uint16(0)}})));
    EXPECT_FALSE(read(map({plain[0], {"record_size", uint32(24)}})));
    EXPECT_FALSE(read(map({plain[1], {"node_count", uint16(7)}})));
    EXPECT_FALSE(read(map({plain[1], {"node_count", text("7")}})));
    EXPECT_FALSE(read(text("node_count")));
}

/// Readers may take the first, or the last, or what a pointer points at.
TEST(GeoMetadataOfAFile, AreRefusedIfTheyCanBeReadInTwoWays) {
    EXPECT_FALSE(read_with("node_count", uint32(7)));
    EXPECT_FALSE(read_with("record_size", uint16(24)));
    const std::string pointer("\x20\x00", 2);
    EXPECT_FALSE(read_with("other", pointer));
    EXPECT_FALSE(read_with("other", mmdb::array({pointer})));
    EXPECT_FALSE(read("\xE1" + pointer + uint32(7)));
    EXPECT_FALSE(read(pointer));
}

TEST(GeoMetadataOfAFile, AreRefusedIfTheyGoOnBeyondTheEnd) {
    const std::string whole = map(plain);
    for (std::size_t size = 0; size < whole.size(); ++size) {
        EXPECT_FALSE(read(whole.substr(0, size))) << size;
    }
    EXPECT_FALSE(read_with("other", std::string("\x5F\xFF\xFF\xFF", 4)));
    EXPECT_FALSE(read_with("other", std::string("\x1F\x04\xFF\xFF\xFF", 5))); // an array
    EXPECT_FALSE(read_with("other", std::string("\xFF\xFF\xFF\xFF", 4)));     // a map
}

TEST(GeoMetadataOfAFile, AreRefusedIfTheyAreDeep) {
    std::string value = text("x");
    for (int depth = 0; depth < 16; ++depth) {
        value = mmdb::array({value});
    }
    EXPECT_TRUE(read_with("other", value));
    EXPECT_FALSE(read_with("other", mmdb::array({value})));
    std::string abyss;
    for (int depth = 0; depth < 60'000; ++depth) {
        abyss += mmdb::control(11, 1);
    }
    EXPECT_FALSE(read_with("other", abyss));
}

TEST(GeoMetadataOfAFile, EndSomehowWhateverTheyAre) {
    constexpr unsigned seed = 20'300'103;
    std::mt19937 random(seed);
    for (int round = 0; round < 2'000; ++round) {
        std::string bytes = map(plain);
        for (int i = 0; i < 3; ++i) {
            bytes[random() % bytes.size()] = static_cast<char>(random());
        }
        const auto found = read(bytes);
        EXPECT_TRUE(!found || found->record_bits % 4 == 0) << "seed " << seed;
    }
}

} // namespace
} // namespace muster::app
