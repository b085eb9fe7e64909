#pragma once
// How far a device is from each hub (reference: dps-service 9.1, geoLatency; README, "Lowest
// latency"). Values and the port that finds them.

#include "base/ids.h"
#include "base/result.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace muster::provisioning {

struct GeoPoint {
    double latitude = 0;  // degrees, north positive, -90 to 90
    double longitude = 0; // degrees, east positive, -180 to 180

    friend bool operator==(const GeoPoint&, const GeoPoint&) = default;
};

/// "52.37,4.90", or the name of a known region with or without spaces and case ("westeurope", "West
/// Europe"). Error: malformed.
Result<GeoPoint> parse_location(std::string_view text);

/// Great-circle distance.
double kilometres_between(const GeoPoint& left, const GeoPoint& right);

/// A round trip over that distance, estimated: light in glass over a path longer than the great
/// circle, plus a constant for the first and last mile.
double estimated_round_trip_ms(double kilometres);

/// Where an answer comes from, in the order they are asked.
enum class PlaceSource : std::uint8_t {
    network_map,  // the configuration says where the device's network is, or how far
    geo_database, // a MaxMind-format file says where the address is
    this_node,    // nothing is known of the device: this server stands for it
    its_hub,      // there is no address, as a move by an operator has none: its hub stands for it
};

std::string_view to_string(PlaceSource source);

/// What is known of a device's place.
struct DevicePlace {
    PlaceSource source = PlaceSource::this_node;
    std::string origin;                       // for people: "10.1.0.0/16", "Amsterdam, NL"
    std::optional<GeoPoint> point;            // then hubs with a location are compared by it
    std::map<HubName, double> round_trips_ms; // measured ones, which win over the point
};

/// Thread safe; never waits.
class Whereabouts {
  public:
    virtual ~Whereabouts() = default;
    /// `address` without port, IPv4 or IPv6; anything else is a device of which nothing is known.
    [[nodiscard]] virtual DevicePlace locate(std::string_view address) const = 0;
};

/// Knows nothing, so that geoLatency is decided by the weights alone.
class Nowhere final : public Whereabouts {
  public:
    [[nodiscard]] DevicePlace locate(std::string_view) const override { return {}; }
};

} // namespace muster::provisioning
