#pragma once
// The port of a hub's daily quota on SQL, see ports.h.

#include "hub/limits/daily_usage.h"
#include "store/sql/database.h"

namespace muster::store::sql {

class Usages final : public hub::UsageStore {
  public:
    explicit Usages(Database& database) : database_(database) {}

    Result<std::optional<hub::Usage>> load(const HubName& hub) override;
    Result<void> save(const HubName& hub, const hub::Usage& usage) override;

  private:
    Database& database_;
};

} // namespace muster::store::sql
