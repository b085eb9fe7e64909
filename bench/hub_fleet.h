#pragma once
// Devices of a hub, connected and waiting for the word to start.

#include "base/clock.h"
#include "base/result.h"
#include "device/hub_client.h"
#include "net/dialer.h"

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace muster::bench {

/// The hub takes it from every device; a benchmark has no secrets.
Secret fleet_key();
std::string fleet_device(std::size_t number);

struct FleetTarget {
    net::Destination destination;
    std::shared_ptr<const net::ClientTls> tls;
};

/// Where the devices connect: the first hub of the data folder's server, or another address that is
/// given the same clients.
FleetTarget fleet_target(const std::string& data, const std::string& address, std::uint16_t port);

/// Every connection is a descriptor; ends the program if there are too few.
void allow_connections(std::size_t count);

class HubFleet {
  public:
    using Answer = std::function<std::pair<int, Json>(const std::string&, const Json&)>;

    HubFleet(FleetTarget target, const Clock& clock, Answer answer = {});
    ~HubFleet();

    /// Returns the seconds it took; ends the program if one does not get through.
    double connect(std::size_t count, std::size_t at_once);

    /// Runs the action on the thread of each connection, which may go on from callback to callback
    /// and calls `done` once. Returns the seconds until the last one was done.
    using Done = std::function<void(Result<void>)>;
    using Action = std::function<void(device::HubClient&, const Done&)>;
    double run(const Action& action);

  private:
    struct Member {
        device::HubClient* client = nullptr; // touched on its thread only
        Post post;
    };

    void note(const Result<void>& result);
    void dial(std::size_t number);

    FleetTarget target_;
    const Clock& clock_;
    Answer answer_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::size_t pending_ = 0;
    std::string failure_;
    std::vector<std::unique_ptr<Member>> members_;
    net::Dialer dialer_;
};

} // namespace muster::bench
