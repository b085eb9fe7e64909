#pragma once
// Which messages are on their way over an MQTT connection: sent and not acknowledged yet. Only in
// memory: with the process, the connections are gone too, and the messages are visible again.

#include "hub/identity_id.h"
#include "hub/live.h"

#include <cstdint>
#include <mutex>
#include <span>
#include <unordered_map>
#include <vector>

namespace muster::hub {

/// Thread safe.
class Holds {
  public:
    /// Who holds messages of the identity; 0 for nobody.
    [[nodiscard]] LinkId holder(const IdentityId& identity) const;
    [[nodiscard]] bool has(const IdentityId& identity, std::int64_t sequence) const;

    /// The identity's messages are held by one connection at a time.
    void add(const IdentityId& identity, LinkId link, std::span<const std::int64_t> sequences);

    /// Those of the given ones that the connection holds. It holds them no longer.
    std::vector<std::int64_t> settle(const IdentityId& identity, LinkId link,
                                     std::span<const std::int64_t> sequences);
    /// All that the connection holds. It holds them no longer.
    std::vector<std::int64_t> release(const IdentityId& identity, LinkId link);

    void forget(const IdentityId& identity);

  private:
    struct Entry {
        LinkId link = 0;
        std::vector<std::int64_t> sequences;
    };

    mutable std::mutex mutex_;
    std::unordered_map<IdentityId, Entry> entries_;
};

} // namespace muster::hub
