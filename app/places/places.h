#pragma once
// Where devices are, from the configuration's network map, a MaxMind-format database, and this
// node's own measurements, in this order (provisioning/whereabouts.h).

#include "base/result.h"
#include "provisioning/whereabouts.h"

#include <array>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace muster::app {

/// `[[network]]` of the configuration: where a network is, or how far from each hub.
struct NetworkPlace {
    std::string cidr;
    std::optional<provisioning::GeoPoint> location;
    std::map<HubName, double> latencies_ms; // by hub host name
    std::uint32_t line = 0;
};

/// The longest prefix wins; at equal length the first. A value.
class NetworkMap {
  public:
    /// Error: malformed, for what is no CIDR.
    static Result<NetworkMap> make(std::vector<NetworkPlace> places);
    /// Null: in none of the networks, or no address. Takes one look-up for each length of a prefix.
    [[nodiscard]] const NetworkPlace* find(std::string_view address) const;

  private:
    using Base = std::array<std::uint8_t, 16>; // as provisioning/ip_range.h holds addresses
    using Networks = std::map<Base, NetworkPlace>;

    std::map<std::size_t, Networks, std::greater<>> by_prefix_bits_; // longest first
};

/// A GeoLite2-City or compatible file (libmaxminddb), mapped into memory: it may be replaced by a
/// renamed one, but not written to, while it is open. Thread safe.
class GeoDatabase {
  public:
    /// Errors: not_found (nothing there that can be read), malformed.
    static Result<std::unique_ptr<GeoDatabase>> open(const std::filesystem::path& file);
    ~GeoDatabase();

    struct Found {
        provisioning::GeoPoint point;
        std::string name; // "Amsterdam, NL", as far as known
    };

    [[nodiscard]] std::optional<Found> find(std::string_view address) const;

  private:
    struct State;
    explicit GeoDatabase(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

/// Connect times of this node to each hub, smoothed (1/8 of each new one). Thread safe.
class HubDistances {
  public:
    void note(const HubName& hub, std::chrono::microseconds connect_time);
    /// Of every hub that was ever reached.
    [[nodiscard]] std::map<HubName, double> round_trips_ms() const;

  private:
    mutable std::mutex mutex_;
    std::map<HubName, double> smoothed_;
};

class Places final : public provisioning::Whereabouts {
  public:
    Places(NetworkMap map, std::unique_ptr<GeoDatabase> database, const HubDistances& distances)
        : map_(std::move(map)), database_(std::move(database)), distances_(distances) {}

    [[nodiscard]] provisioning::DevicePlace locate(std::string_view address) const override;

  private:
    NetworkMap map_;
    std::unique_ptr<GeoDatabase> database_; // null: none configured
    const HubDistances& distances_;
};

} // namespace muster::app
