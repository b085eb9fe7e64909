#pragma once
// The port of a hub's daily quota in memory.

#include "hub/limits/daily_usage.h"
#include "store/memory/tables.h"

namespace muster::store::memory {

class Usages final : public hub::UsageStore {
  public:
    explicit Usages(Tables& tables) : tables_(tables) {}

    Result<std::optional<hub::Usage>> load(const HubName& hub) override {
        const std::scoped_lock lock(tables_.mutex);
        const auto found = tables_.usages.find(hub.text());
        return found == tables_.usages.end() ? std::nullopt : std::optional(found->second);
    }

    Result<void> save(const HubName& hub, const hub::Usage& usage) override {
        const std::scoped_lock lock(tables_.mutex);
        tables_.usages.insert_or_assign(hub.text(), usage);
        return {};
    }

  private:
    Tables& tables_;
};

} // namespace muster::store::memory
