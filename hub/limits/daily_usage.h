#pragma once
// What a hub has used of its daily quota (reference: iothub E.1). Kept in the store in steps, and
// in advance: a restart counts too much rather than too little, and few operations cost a write.
// What cannot be read at the start is read before anything is written, and added.

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
#include <span>

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

    /// Counts one for each, of so many bytes: all or none. Error: quota_exceeded, until midnight.
    Result<void> charge(std::span<const std::size_t> sizes);

    /// Counts as many as there is room for, each of so many bytes, and says how many.
    std::size_t charge_up_to(std::size_t count_max, std::size_t bytes);

    [[nodiscard]] Usage now() const;

  private:
    struct State;
    std::shared_ptr<State> state_;
};

} // namespace muster::hub
