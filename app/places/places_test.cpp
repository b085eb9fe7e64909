#include "app/places/mmdb_writer.h"
#include "app/places/places.h"
#include "store/temporary_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <random>

namespace muster::app {
namespace {

using namespace std::chrono_literals;
using provisioning::DevicePlace;
using provisioning::GeoPoint;
using provisioning::PlaceSource;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

const HubName near("near.example.org");
const HubName far("far.example.org");

NetworkPlace network(std::string cidr, GeoPoint point = {}) {
    return {.cidr = std::move(cidr), .location = point, .latencies_ms = {}};
}

NetworkMap map_of(std::vector<NetworkPlace> places) {
    return NetworkMap::make(std::move(places)).value();
}

std::string found_in(const NetworkMap& map, std::string_view address) {
    const NetworkPlace* place = map.find(address);
    return place == nullptr ? "nowhere" : place->cidr;
}

TEST(NetworkMaps, TheLongestPrefixWins) {
    const NetworkMap map = map_of({network("10.0.0.0/8"), network("10.1.2.3/32"),
                                   network("10.1.0.0/16"), network("0.0.0.0/0")});
    EXPECT_EQ(found_in(map, "10.1.2.3"), "10.1.2.3/32");
    EXPECT_EQ(found_in(map, "10.1.2.4"), "10.1.0.0/16");
    EXPECT_EQ(found_in(map, "10.2.0.0"), "10.0.0.0/8");
    EXPECT_EQ(found_in(map, "11.0.0.0"), "0.0.0.0/0");
    EXPECT_EQ(found_in(map, "::ffff:10.1.2.4"), "10.1.0.0/16");
}

TEST(NetworkMaps, OfTwoWithOneBaseTheFirstCounts) {
    const NetworkMap map = map_of({network("10.1.0.0/16", {1, 1}), network("10.1.99.0/16")});
    EXPECT_EQ(found_in(map, "10.1.99.1"), "10.1.0.0/16");
}

TEST(NetworkMaps, TheTwoKindsOfAddressesAreApart) {
    const NetworkMap map = map_of({network("::/0"), network("2001:db8::/32")});
    EXPECT_EQ(found_in(map, "2001:db8::1"), "2001:db8::/32");
    EXPECT_EQ(found_in(map, "2001:db9::1"), "::/0");
    EXPECT_EQ(found_in(map, "192.0.2.1"), "nowhere");
    EXPECT_EQ(found_in(map_of({network("0.0.0.0/0")}), "2001:db8::1"), "nowhere");
}

TEST(NetworkMaps, NothingElseIsFound) {
    const NetworkMap map = map_of({network("10.0.0.0/8"), network("::/0")});
    for (const char* text : {"", "10.0.0", "10.0.0.0/8", "hub.example.org", "11.0.0.1"}) {
        EXPECT_EQ(found_in(map, text), "nowhere") << text;
    }
    EXPECT_EQ(found_in(map_of({}), "10.0.0.1"), "nowhere");
    EXPECT_EQ(NetworkMap::make({network("10.0.0.0/33")}).error().code, Code::malformed);
}

/// The same as looking at every network, whatever they are.
TEST(NetworkMaps, AgreeWithLookingAtEveryNetwork) {
    constexpr unsigned seed = 4711;
    std::mt19937 random(seed);
    const auto address = [&] {
        return "10." + std::to_string(random() % 4) + '.' + std::to_string(random() % 4) + '.' +
               std::to_string(random() % 256);
    };
    for (int round = 0; round < 100; ++round) {
        std::vector<NetworkPlace> places;
        for (unsigned i = 0; i < 1 + random() % 30; ++i) {
            places.push_back(network(address() + '/' + std::to_string(random() % 33)));
        }
        const NetworkMap map = map_of(places);
        const std::string asked = address();
        const NetworkPlace* expected = nullptr;
        std::size_t longest = 0;
        for (const NetworkPlace& place : places) {
            const auto range = provisioning::parse_ip_range(place.cidr).value();
            const bool is_longer = expected == nullptr || range.prefix_bits > longest;
            if (range.contains(*provisioning::parse_ip_address(asked)) && is_longer) {
                expected = &place;
                longest = range.prefix_bits;
            }
        }
        EXPECT_EQ(found_in(map, asked), expected == nullptr ? "nowhere" : expected->cidr)
            << "seed " << seed << ", round " << round;
    }
}

TEST(Distances, AreSmoothed) {
    HubDistances distances;
    EXPECT_THAT(distances.round_trips_ms(), IsEmpty());
    distances.note(near, 10ms);
    EXPECT_THAT(distances.round_trips_ms(), ElementsAre(Pair(near, 10.0)));
    distances.note(near, 18ms); // one slow connection is no move
    distances.note(far, 1500us);
    EXPECT_THAT(distances.round_trips_ms(), ElementsAre(Pair(far, 1.5), Pair(near, 11.0)));
    for (int i = 0; i < 100; ++i) {
        distances.note(near, 50ms);
    }
    EXPECT_NEAR(distances.round_trips_ms().at(near), 50.0, 0.1);
}

class PlacesOf : public ::testing::Test {
  protected:
    PlacesOf() { distances_.note(far, 30ms); }

    std::unique_ptr<GeoDatabase> database() {
        MmdbWriter writer;
        writer.add("192.0.2.0/24", mmdb::city("Amsterdam", "NL", 52.37, 4.9));
        writer.add("10.0.0.0/8", mmdb::city("Nowhere", "ZZ", 0, 0));
        std::ofstream(folder_.path() / "places.mmdb", std::ios::binary) << writer.file();
        return GeoDatabase::open(folder_.path() / "places.mmdb").value();
    }

    store::TemporaryFolder folder_;
    HubDistances distances_;
};

TEST_F(PlacesOf, DevicesComeFromTheMapThenTheDatabaseThenThisNode) {
    NetworkPlace plant = network("10.1.0.0/16", {1, 2});
    plant.latencies_ms[near] = 12.5;
    const Places places(map_of({plant}), database(), distances_);

    const DevicePlace mapped = places.locate("10.1.2.3");
    EXPECT_EQ(mapped.source, PlaceSource::network_map);
    EXPECT_EQ(mapped.origin, "10.1.0.0/16");
    EXPECT_EQ(mapped.point, (GeoPoint{1, 2}));
    EXPECT_THAT(mapped.round_trips_ms, ElementsAre(Pair(near, 12.5)));

    const DevicePlace found = places.locate("192.0.2.9");
    EXPECT_EQ(found.source, PlaceSource::geo_database);
    EXPECT_EQ(found.origin, "Amsterdam, NL");
    EXPECT_EQ(found.point, (GeoPoint{52.37, 4.9}));
    EXPECT_THAT(found.round_trips_ms, IsEmpty());

    for (const char* address : {"198.51.100.1", "", "not an address"}) {
        const DevicePlace unknown = places.locate(address);
        EXPECT_EQ(unknown.source, PlaceSource::this_node);
        EXPECT_FALSE(unknown.point);
        EXPECT_THAT(unknown.round_trips_ms, ElementsAre(Pair(far, 30.0)));
    }
}

TEST_F(PlacesOf, WithNeitherMapNorDatabaseThisNodeStandsForAll) {
    const Places places(map_of({}), nullptr, distances_);
    EXPECT_EQ(places.locate("10.1.2.3").source, PlaceSource::this_node);
}

} // namespace
} // namespace muster::app
