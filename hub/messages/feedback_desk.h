#pragma once
// Feedback for back ends (reference: iothub B.14): in batches, each under a lock until it is
// completed. Locks are only in memory: after a restart everything not completed comes again.

#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "hub/messages/message.h"
#include "hub/ports.h"

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace muster::hub {

struct FeedbackBatch {
    std::string lock_token; // a GUID
    std::vector<FeedbackRecord> records;
};

/// Thread safe.
class FeedbackDesk {
  public:
    FeedbackDesk(HubName hub, const MessageLimits& limits, FeedbackStore& store, const Clock& clock,
                 Random& random)
        : hub_(std::move(hub)), limits_(limits), store_(store), clock_(clock), random_(random) {}

    /// The oldest records that nobody has locked, 64 at most; nothing if there are none. Error:
    /// rate_limited (too many batches are neither completed nor abandoned).
    Result<std::optional<FeedbackBatch>> receive();
    /// Errors of both: precondition if the lock was lost or never was.
    Result<void> complete(const std::string& token);
    Result<void> abandon(const std::string& token);

  private:
    struct Locked {
        std::vector<std::int64_t> sequences;
        WallTime until;
    };

    void drop_ended_locks();
    [[nodiscard]] std::size_t locked_count() const;
    [[nodiscard]] bool is_locked(std::int64_t sequence) const;

    const HubName hub_;
    const MessageLimits limits_;
    FeedbackStore& store_;
    const Clock& clock_;
    Random& random_;
    std::mutex mutex_;
    std::map<std::string, Locked> locks_; // by token
};

} // namespace muster::hub
