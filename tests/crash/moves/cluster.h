#pragma once
// Two servers: one provisions and has two hubs, the other one has two more, which the first reaches
// over REST. Either may be killed at any time.

#include "app/administration.h"
#include "base/clock.h"
#include "tests/crash/world.h"
#include "tests/support/server_process.h"

#include <array>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace muster::crash {

enum class Victim { provisioning, hubs };

/// Where a server is to be killed (kill_at.cpp).
struct KillAt {
    Victim victim = Victim::provisioning;
    int write = 0; // which one, counted from arm() on
    bool before = true;
};

class Cluster {
  public:
    explicit Cluster(const Clock& clock);
    ~Cluster();

    /// Both servers up, the four hubs linked, the group `movers` made: static, to be moved by
    /// naming another hub.
    Result<void> start();

    void kill(Victim victim);
    Result<void> restart(Victim victim, const std::optional<KillAt>& kill_at = {});

    [[nodiscard]] bool alive(Victim victim) { return process(victim).alive(); }

    /// Counting for KillAt begins, and ends.
    void arm(Victim victim);
    void disarm(Victim victim);

    /// Devices of the group belong at this one of hubs() from now on. Fails while the server is
    /// down.
    Result<void> direct_to(std::size_t hub);

    [[nodiscard]] const Fleet& fleet() const { return *fleet_; }

    /// First those of the provisioning server, then the remote ones.
    [[nodiscard]] const std::vector<app::ReadyHub>& hubs() const { return hubs_; }

    /// A client of the hub of its own, for one thread.
    Result<app::ApiClient> connect(std::size_t hub) const;

    /// Registrations that are not finished, told to try again at once.
    Result<std::size_t> hurry_moves();

    [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }

  private:
    test::ServerProcess& process(Victim victim) {
        return victim == Victim::provisioning ? *provisioning_ : *remote_;
    }

    Result<app::Administration> administration() const;
    Result<void> link_hubs();
    Result<void> make_group();

    const Clock& clock_;
    std::filesystem::path folder_;
    std::optional<test::ServerProcess> provisioning_;
    std::optional<test::ServerProcess> remote_;
    std::filesystem::path remote_ca_;
    std::optional<Fleet> fleet_;
    std::vector<app::ReadyHub> hubs_;
};

} // namespace muster::crash
