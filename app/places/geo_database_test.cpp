#include "app/places/mmdb_writer.h"
#include "app/places/places.h"
#include "store/temporary_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>
#include <random>

namespace muster::app {
namespace {

using ::testing::HasSubstr;

const std::string amsterdam = mmdb::city("Amsterdam", "NL", 52.37, 4.9);
const std::string sydney = mmdb::city("Sydney", "AU", -33.87, 151.21);

class GeoDatabaseFiles : public ::testing::Test {
  protected:
    Result<std::unique_ptr<GeoDatabase>> opened(const std::string& content) {
        const std::filesystem::path file = folder_.path() / "places.mmdb";
        std::filesystem::remove(file); // one that is open must not change
        std::ofstream(file, std::ios::binary) << content;
        return GeoDatabase::open(file);
    }

    std::unique_ptr<GeoDatabase> with(std::string_view cidr, const std::string& value) {
        MmdbWriter writer;
        writer.add(cidr, value);
        return opened(writer.file()).value();
    }

    store::TemporaryFolder folder_;
};

TEST_F(GeoDatabaseFiles, AnAddressIsWhereItsNetworkIs) {
    MmdbWriter writer;
    writer.add("192.0.2.0/24", amsterdam);
    writer.add("198.51.100.0/24", sydney);
    writer.add("2001:db8::/32", sydney);
    const auto database = opened(writer.file());
    ASSERT_TRUE(database) << database.error().detail;
    const auto found = (*database)->find("192.0.2.77");
    ASSERT_TRUE(found);
    EXPECT_EQ(found->point, (provisioning::GeoPoint{52.37, 4.9}));
    EXPECT_EQ(found->name, "Amsterdam, NL");
    EXPECT_EQ((*database)->find("::ffff:192.0.2.77")->name, "Amsterdam, NL");
    EXPECT_EQ((*database)->find("198.51.100.1")->name, "Sydney, AU");
    EXPECT_EQ((*database)->find("2001:db8:1::5%eth0")->name, "Sydney, AU");
}

TEST_F(GeoDatabaseFiles, OthersAreNowhere) {
    const auto database = with("192.0.2.0/24", amsterdam);
    for (const char* address : {"192.0.3.1", "10.0.0.1", "::1", "2001:db8::1", "", "localhost",
                                "192.0.2", "192.0.2.1:443", "1; DROP"}) {
        EXPECT_FALSE(database->find(address)) << address;
    }
}

TEST_F(GeoDatabaseFiles, TheNameIsWhatIsKnownOfIt) {
    const auto place = mmdb::map({{"latitude", mmdb::real(1)}, {"longitude", mmdb::single(2.5F)}});
    const auto country = mmdb::map({{"iso_code", mmdb::text("CH")}});
    EXPECT_EQ(with("192.0.2.0/24", mmdb::map({{"location", place}, {"country", country}}))
                  ->find("192.0.2.1")
                  ->name,
              "CH");
    const auto nameless = with("192.0.2.0/24", mmdb::map({{"location", place}}));
    ASSERT_TRUE(nameless->find("192.0.2.1"));
    EXPECT_EQ(nameless->find("192.0.2.1")->name, "");
    EXPECT_EQ(nameless->find("192.0.2.1")->point, (provisioning::GeoPoint{1, 2.5}));
}

TEST_F(GeoDatabaseFiles, NamesThatAreNoTextsAreLeftOut) {
    EXPECT_EQ(with("192.0.2.0/24", mmdb::city("\xFF\xFE", "NL", 1, 2))->find("192.0.2.1")->name,
              "NL");
    EXPECT_EQ(with("192.0.2.0/24", mmdb::city(std::string(200, 'x'), "NL", 1, 2))
                  ->find("192.0.2.1")
                  ->name,
              "NL");
}

TEST_F(GeoDatabaseFiles, PlacesThatAreNotOnEarthAreNone) {
    const double nan = std::numeric_limits<double>::quiet_NaN();
    const double infinity = std::numeric_limits<double>::infinity();
    const std::string values[] = {
        mmdb::city("a", "b", 91, 0),
        mmdb::city("a", "b", 0, -181),
        mmdb::city("a", "b", nan, 0),
        mmdb::city("a", "b", 0, infinity),
        mmdb::map({{"location", mmdb::map({{"latitude", mmdb::real(1)}})}}),
        mmdb::map({{"location",
                    mmdb::map({{"latitude", mmdb::text("1")}, {"longitude", mmdb::text("2")}})}}),
        mmdb::map({{"location", mmdb::text("Amsterdam")}}),
        mmdb::map({{"autonomous_system_number", mmdb::uint32(64512)}}),
        mmdb::text("here"),
    };
    for (const std::string& value : values) {
        EXPECT_FALSE(with("192.0.2.0/24", value)->find("192.0.2.1"));
    }
}

TEST_F(GeoDatabaseFiles, WhatIsNoDatabaseIsRefused) {
    EXPECT_EQ(GeoDatabase::open(folder_.path() / "none.mmdb").error().code, Code::not_found);
    const auto text = opened("latitude = 52.37\n");
    ASSERT_FALSE(text);
    EXPECT_EQ(text.error().code, Code::malformed);
    EXPECT_THAT(text.error().detail, HasSubstr("places.mmdb"));
    EXPECT_FALSE(opened(""));
    EXPECT_FALSE(GeoDatabase::open(folder_.path()));
}

/// Found by a fuzzer: the library would read far beyond the end of the file.
TEST_F(GeoDatabaseFiles, AFileThatClaimsMoreNodesThanItHasIsRefused) {
    MmdbWriter writer;
    writer.add("192.0.2.0/24", amsterdam);
    std::string file = writer.file();
    const std::string name = "node_count";
    const std::size_t count = file.find(name) + name.size() + 1;
    const auto tree_and_data = static_cast<std::uint32_t>(file.find("MaxMind.com") - 3);
    const std::uint32_t nodes_too_many = (tree_and_data - 16) / 6 + 1;
    for (const std::uint32_t nodes : {0xFFFF'FFFFU, 0x8000'0000U, 0x2AAA'AAABU, nodes_too_many}) {
        const auto database = opened(file.replace(count, 4, mmdb::big_endian(nodes, 4)));
        ASSERT_FALSE(database) << nodes;
        EXPECT_EQ(database.error().code, Code::malformed);
        EXPECT_THAT(database.error().detail, HasSubstr("fewer networks")) << nodes;
    }
    EXPECT_TRUE(opened(file.replace(count, 4, mmdb::big_endian(nodes_too_many - 1, 4))));
}

/// Whatever is wrong with a file: it is refused, or a look-up finds something on earth or nothing.
TEST_F(GeoDatabaseFiles, DamageNeverGetsThrough) {
    MmdbWriter writer;
    writer.add("192.0.2.0/24", amsterdam);
    writer.add("2001:db8::/32", sydney);
    const std::string whole = writer.file();
    constexpr unsigned seed = 20'300'102;
    std::mt19937 random(seed);
    int refused = 0;
    int answered = 0;
    for (int round = 0; round < 600; ++round) {
        std::string damaged = whole;
        if (round % 3 == 0) {
            damaged.resize(random() % whole.size());
        } else {
            damaged[random() % whole.size()] = static_cast<char>(random());
        }
        const auto database = opened(damaged);
        refused += database ? 0 : 1;
        for (const char* address : {"192.0.2.77", "2001:db8::7"}) {
            const auto found = database ? (*database)->find(address) : std::nullopt;
            if (found) {
                ++answered;
                EXPECT_LE(std::abs(found->point.latitude), 90) << "seed " << seed;
                EXPECT_LE(std::abs(found->point.longitude), 180) << "seed " << seed;
            }
        }
    }
    EXPECT_GT(refused, 0);
    EXPECT_GT(answered, 0);
}

} // namespace
} // namespace muster::app
