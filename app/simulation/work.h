#pragma once
// Provisioned devices at their hubs: each connects, reads its twin, reports, sends a message, and
// from then on answers methods and confirms desired properties until it is let go.

#include "app/simulation/storm.h"
#include "net/dialer.h"

#include <atomic>
#include <cstddef>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace muster::app {

struct WorkOptions {
    std::string address; // connect here instead of resolving the hubs' names; may be empty
    std::uint16_t mqtt_port = 8883;
    std::chrono::seconds time_max{60}; // for all to be at work
};

class Workforce {
  public:
    Workforce(WorkOptions options, net::Dialer& dialer, const Clock& clock);

    /// Sends every device to its hub and returns how many have done their first round of work.
    std::size_t begin(const std::vector<Registration>& devices);

    [[nodiscard]] std::size_t at_work() const { return at_work_; }

    [[nodiscard]] std::map<std::string, std::size_t> failures() const;

  private:
    void connect(const Registration& device);
    void note_end(const std::string& reason);

    WorkOptions options_;
    net::Dialer& dialer_;
    const Clock& clock_;
    std::atomic<std::size_t> at_work_{0};
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::size_t ended_ = 0;
    std::map<std::string, std::size_t> failures_;
};

} // namespace muster::app
