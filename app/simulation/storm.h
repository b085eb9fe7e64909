#pragma once
// Many devices registering at once: paced, bounded in concurrency, counted.

#include "app/simulation/fleet.h"
#include "base/json.h"
#include "net/dialer.h"

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace muster::app {

struct StormOptions {
    std::string host; // provisioning host, as the certificate names it
    std::string address;
    std::uint16_t https_port = 443;
    std::uint16_t mqtt_port = 8883;
    std::size_t concurrency = 50;
    double devices_per_second = 0;      // 0: as fast as concurrency allows
    std::chrono::seconds time_max{120}; // for each device
};

struct Registration {
    SimulatedDevice device;
    device::Assigned assigned;
};

struct StormResult {
    std::size_t asked = 0;
    std::map<std::string, std::size_t> by_hub;
    std::map<std::string, std::size_t> by_kind;  // "https key", "mqtt x509", ..
    std::map<std::string, std::size_t> failures; // by reason
    std::vector<std::chrono::milliseconds> took; // of those that succeeded, sorted
    std::string slowest;
    std::chrono::milliseconds elapsed{0};
    std::vector<Registration> registered; // only if they were to be kept

    [[nodiscard]] std::size_t succeeded() const { return took.size(); }

    [[nodiscard]] std::size_t failed() const;
    [[nodiscard]] double per_second() const;
    [[nodiscard]] std::chrono::milliseconds percentile(double share) const;
};

class Storm {
  public:
    Storm(StormOptions options, Fleet& fleet, net::Dialer& dialer, const Clock& clock);

    /// Called about five times a second while it runs; false ends it early.
    using Progress = std::function<bool(std::size_t finished, std::size_t failed)>;

    /// Registers every device of the fleet and returns when the last is done. `keep` keeps the
    /// devices, to be used at their hubs. Stop the dialer before this object goes.
    StormResult run(bool keep, const Progress& progress);

  private:
    void launch(std::size_t index, bool keep);
    void finished(const SimulatedDevice& device, SteadyTime began, Result<device::Assigned> result,
                  bool keep);
    [[nodiscard]] SteadyTime due(std::size_t index, SteadyTime began) const;

    StormOptions options_;
    Fleet& fleet_;
    net::Dialer& dialer_;
    const Clock& clock_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::size_t in_flight_ = 0;
    std::size_t done_ = 0;
    std::chrono::milliseconds slowest_{0};
    StormResult result_;
};

/// For people, and for programs.
std::string format_summary(const StormResult& result);
JsonObject to_document(const StormResult& result);

} // namespace muster::app
