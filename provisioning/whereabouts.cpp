#include "provisioning/whereabouts.h"

#include "base/check.h"
#include "base/text.h"
#include "provisioning/regions.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <numbers>

namespace muster::provisioning {

namespace {

constexpr std::size_t location_bytes_max = 128;
constexpr double earth_radius_km = 6371.0; // mean
constexpr double latitude_max = 90;
constexpr double longitude_max = 180;

// Light covers about 200 km a millisecond in glass. Cables do not follow great circles: measured
// paths between cities are longer by about two fifths. There and back.
constexpr double fibre_km_per_ms = 200.0;
constexpr double detour = 1.4;
constexpr double last_miles_ms = 2.0;

double radians(double degrees) {
    return degrees * std::numbers::pi / 180;
}

/// A number within +-limit: no infinity, nothing after it.
std::optional<double> parse_degrees(std::string_view text, double limit) {
    const std::string_view digits = trim(text);
    double value = 0;
    const char* end = digits.data() + digits.size();
    const auto [stop, error] = std::from_chars(digits.data(), end, value);
    const bool is_number = error == std::errc() && stop == end && std::isfinite(value);
    return is_number && std::abs(value) <= limit ? std::optional(value) : std::nullopt;
}

/// A half-angle of the haversine formula: sin^2(angle / 2).
double haversine(double angle) {
    const double sine = std::sin(angle / 2);
    return sine * sine;
}

} // namespace

Result<GeoPoint> parse_location(std::string_view text) {
    const auto coordinates = split_once(text, ',');
    if (text.size() > location_bytes_max || !coordinates) {
        const Region* region = text.size() > location_bytes_max ? nullptr : find_region(text);
        return region != nullptr
                   ? Result<GeoPoint>(region->point)
                   : fail(Code::malformed,
                          "neither 'latitude,longitude' in degrees nor the name of a known region");
    }
    const auto latitude = parse_degrees(coordinates->first, latitude_max);
    const auto longitude = parse_degrees(coordinates->second, longitude_max);
    if (!latitude || !longitude) {
        return fail(Code::malformed, "latitude must be a number of degrees from -90 to 90, "
                                     "longitude one from -180 to 180");
    }
    return GeoPoint{.latitude = *latitude, .longitude = *longitude};
}

double kilometres_between(const GeoPoint& left, const GeoPoint& right) {
    const double north = radians(right.latitude - left.latitude);
    const double east = radians(right.longitude - left.longitude);
    const double share = haversine(north) + std::cos(radians(left.latitude)) *
                                                std::cos(radians(right.latitude)) * haversine(east);
    // Rounding may lead a hair beyond 1 for points opposite each other.
    return 2 * earth_radius_km * std::asin(std::sqrt(std::min(1.0, share)));
}

double estimated_round_trip_ms(double kilometres) {
    return last_miles_ms + 2 * detour * kilometres / fibre_km_per_ms;
}

std::string_view to_string(PlaceSource source) {
    switch (source) {
    case PlaceSource::network_map: return "the network map";
    case PlaceSource::geo_database: return "the geo database";
    case PlaceSource::this_node: return "this node's own measurements";
    case PlaceSource::its_hub: return "the place of its hub";
    }
    CHECK(false);
    return {};
}

} // namespace muster::provisioning
