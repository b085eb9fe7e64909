#include "provisioning/regions.h"
#include "provisioning/whereabouts.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace muster::provisioning {
namespace {

TEST(Locations, AreCoordinatesOrNamesOfRegions) {
    EXPECT_EQ(parse_location("52.37,4.90").value(), (GeoPoint{52.37, 4.9}));
    EXPECT_EQ(parse_location(" -33.9 , +151.2").has_value(), false) << "no plus signs";
    EXPECT_EQ(parse_location(" -33.9 , 151.2 ").value(), (GeoPoint{-33.9, 151.2}));
    EXPECT_EQ(parse_location("90,-180").value(), (GeoPoint{90, -180}));
    EXPECT_EQ(parse_location("westeurope").value(), parse_location("West Europe").value());
    EXPECT_EQ(parse_location("EASTUS2").value(), parse_location("East US 2").value());
}

TEST(Locations, NothingElse) {
    for (const char* text :
         {"", "local", ",", "1", "1,", ",1", "1,2,3", "91,0", "0,181", "nan,0", "0,inf", "1e3,0",
          "0x10,0", "52.37;4.90", "52.37 4.90", "west europe,1", "westeurope2", "northpole"}) {
        const auto location = parse_location(text);
        ASSERT_FALSE(location) << text;
        EXPECT_EQ(location.error().code, Code::malformed);
    }
    EXPECT_FALSE(parse_location(std::string(200, ' ') + "1,2"));
}

TEST(Regions, AreFoundByNameAndLieWhereTheirNamesSay) {
    for (const Region& region : regions()) {
        EXPECT_EQ(find_region(region.name), &region);
        EXPECT_LE(std::abs(region.point.latitude), 90) << region.name;
        EXPECT_LE(std::abs(region.point.longitude), 180) << region.name;
    }
    const auto at = [](std::string_view name) { return find_region(name)->point; };
    EXPECT_GE(regions().size(), 60U);
    for (const char* name : {"brazilsouth", "australiaeast", "southafricanorth", "chilecentral"}) {
        EXPECT_LT(at(name).latitude, 0) << name;
    }
    for (const char* name : {"eastus", "westus2", "canadaeast", "mexicocentral", "usgovtexas"}) {
        EXPECT_LT(at(name).longitude, -60) << name;
    }
    for (const char* name : {"westeurope", "uksouth", "polandcentral", "swedencentral"}) {
        EXPECT_LT(kilometres_between(at(name), {50, 10}), 1500) << name;
    }
    for (const char* name : {"japaneast", "koreacentral", "southeastasia", "chinanorth"}) {
        EXPECT_GT(at(name).longitude, 100) << name;
    }
    EXPECT_EQ(find_region(""), nullptr);
    EXPECT_EQ(find_region("zz"), nullptr);
}

TEST(Distances, AreGreatCircles) {
    const GeoPoint london{51.5074, -0.1278};
    const GeoPoint new_york{40.7128, -74.0060};
    const GeoPoint sydney{-33.8688, 151.2093};
    EXPECT_NEAR(kilometres_between(london, new_york), 5570, 10);
    EXPECT_NEAR(kilometres_between(london, sydney), 16'990, 30);
    EXPECT_NEAR(kilometres_between({0, 0}, {0, 1}), 111.2, 0.1);
    EXPECT_NEAR(kilometres_between({0, 179.5}, {0, -179.5}), 111.2, 0.1) << "over the date line";
    EXPECT_NEAR(kilometres_between({90, 0}, {90, 123}), 0, 0.001) << "one pole";
    EXPECT_NEAR(kilometres_between({90, 0}, {-90, 0}), 20'015, 1);
}

TEST(Distances, AreSymmetricAndWithinHalfTheEarth) {
    constexpr unsigned seed = 31'415;
    std::mt19937 random(seed);
    std::uniform_real_distribution<double> latitude(-90, 90);
    std::uniform_real_distribution<double> longitude(-180, 180);
    for (int i = 0; i < 1000; ++i) {
        const GeoPoint left{latitude(random), longitude(random)};
        const GeoPoint right{latitude(random), longitude(random)};
        const GeoPoint opposite{-left.latitude,
                                left.longitude > 0 ? left.longitude - 180 : left.longitude + 180};
        const double way = kilometres_between(left, right);
        EXPECT_NEAR(way, kilometres_between(right, left), 1e-6) << "seed " << seed;
        EXPECT_GE(way, 0);
        EXPECT_LE(way, 20'016);
        EXPECT_NEAR(kilometres_between(left, left), 0, 1e-6);
        EXPECT_NEAR(kilometres_between(left, opposite), 20'015, 1) << "seed " << seed;
    }
}

TEST(RoundTrips, GrowWithTheDistance) {
    EXPECT_DOUBLE_EQ(estimated_round_trip_ms(0), 2);
    EXPECT_DOUBLE_EQ(estimated_round_trip_ms(1000), 16);
    // What is measured between these cities in practice: about 70 ms, about 250 ms.
    EXPECT_NEAR(estimated_round_trip_ms(5570), 75, 10);
    EXPECT_NEAR(estimated_round_trip_ms(16'990), 250, 20);
}

TEST(Sources, HaveNames) {
    EXPECT_EQ(to_string(PlaceSource::network_map), "the network map");
    EXPECT_EQ(to_string(PlaceSource::geo_database), "the geo database");
    EXPECT_EQ(to_string(PlaceSource::this_node), "this node's own measurements");
    EXPECT_EQ(to_string(PlaceSource::its_hub), "the place of its hub");
}

} // namespace
} // namespace muster::provisioning
