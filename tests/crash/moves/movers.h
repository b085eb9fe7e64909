#pragma once
// Devices that are sent from hub to hub, with a back end that writes into their twins: the load,
// and what the hubs must say when everything has come to rest.

#include "tests/crash/moves/cluster.h"

#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace muster::crash {

/// Values are only ever written once each, growing, and one at a time: what the twin says in the
/// end was acknowledged last, or is one that was sent after it without an answer.
struct Mover {
    std::string id;
    std::int64_t sent = 0;
    std::int64_t acknowledged = 0;
};

class Movers {
  public:
    Movers(Cluster& cluster, const Clock& clock, std::size_t count);

    /// Each device in turn registers and has its twin changed at the hub it was told, until
    /// stopped. `part` of `parts`; one thread each.
    void work(const std::stop_token& stop, std::size_t part, std::size_t parts);
    /// Sends the fleet to other hubs, until stopped.
    void direct(const std::stop_token& stop, std::uint64_t seed);

    /// One device, one registration: the hub it was told, as an index; nothing if a server died.
    Result<std::optional<std::size_t>> register_one(Mover& mover);

    /// Everybody registers, everything under way ends, and then: enabled at exactly the hub that
    /// was told, nowhere else, with the twin as promised. What is wrong, empty if nothing.
    std::vector<std::string> come_to_rest();

    [[nodiscard]] std::vector<std::string> problems() const;

    [[nodiscard]] std::int64_t moves_seen() const { return moves_seen_; }

  private:
    void change_twin(Mover& mover, std::size_t hub);
    std::optional<std::size_t> home_of(Mover& mover);
    void wait_for_moves();
    void check(const Mover& mover, std::size_t home, std::vector<std::string>& complaints);
    void report(std::string problem);

    Cluster& cluster_;
    const Clock& clock_;
    std::vector<Mover> movers_;
    std::vector<std::optional<std::size_t>> last_told_;
    std::atomic<std::int64_t> moves_seen_ = 0;
    mutable std::mutex mutex_;
    std::vector<std::string> problems_;
};

} // namespace muster::crash
