#pragma once
// What a hub has used of its daily quota (reference: iothub E.1). Kept in the store in steps, and
// in advance: a restart counts too much rather than too little, and few operations cost a write.

#include "base/clock.h"
#include "base/ids.h"
#include "base/result.h"
#include "base/task.h"
#include "hub/limits/rates.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>

namespace muster::hub {

struct Usage {
    std::int64_t day = 0; // since 1970-01-01, UTC
    std::int64_t messages = 0;

    friend bool operator==(const Usage&, const Usage&) = default;
};

class UsageStore {
  public:
    virtual ~UsageStore() = default;
    virtual Result<std::optional<Usage>> load(const HubName& hub) = 0;
    virtual Result<void> save(const HubName& hub, const Usage& usage) = 0;
};

/// Thread safe.
class DailyUsage {
  public:
    struct Ports {
        UsageStore& store;
        Executor& workers; // what is to be stored is stored there
        const Clock& clock;
    };

    /// Waits for the store.
    DailyUsage(HubName hub, const DailyQuota& quota, const Ports& ports);

    /// Counts one of so many bytes. Error: quota_exceeded, until midnight.
    Result<void> charge(std::size_t bytes);

    [[nodiscard]] Usage now() const;

  private:
    struct State;
    std::shared_ptr<State> state_;
};

} // namespace muster::hub
