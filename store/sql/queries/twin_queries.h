#pragma once
// TwinQueries and PresenceStore over SQL.

#include "base/clock.h"
#include "hub/presence.h"
#include "hub/queries/scan.h"
#include "hub/twin_queries.h"
#include "store/sql/database.h"

#include <atomic>

namespace muster::store::sql {

class TwinQueries final : public hub::TwinQueries {
  public:
    explicit TwinQueries(Database& database) : database_(database) {}

    Result<hub::QueryPage> run(const HubName& hub, const query::Query& query,
                               const hub::QueryPageRequest& request) override;
    Result<hub::IdentityPage> matching(const HubName& hub, const query::Condition* condition,
                                       query::Source source, const std::string& after,
                                       std::size_t count_max) override;

  private:
    Database& database_;
    const SystemClock clock_;
    const hub::ScanLimits limits_;
    std::atomic<int> aggregates_running_ = 0;
};

class Presences final : public hub::PresenceStore {
  public:
    explicit Presences(Database& database) : database_(database) {}

    Result<void> save(const HubName& hub, std::span<const hub::PresenceChange> changes) override;
    Result<std::optional<hub::Live::Presence>> find(const HubName& hub,
                                                    const hub::IdentityId& id) override;
    Result<void> disconnect_all(const HubName& hub, WallTime now) override;

  private:
    Database& database_;
};

} // namespace muster::store::sql
