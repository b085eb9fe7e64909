#pragma once
// The rules of a queue (reference: iothub A.9): enqueued -> invisible -> completed or
// dead-lettered. A queue as it was loaded, and what the steps taken on it change. Pure: the time is
// given.
//
// A message is invisible while it is locked (received over HTTPS; the lock is stored and ends by
// itself) or held (sent over MQTT and not acknowledged; known to the caller, who names the held
// ones). A message whose delivery came to nothing is visible again, in its old place.

#include "base/result.h"
#include "hub/messages/message.h"

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace muster::hub {

class QueueEdit {
  public:
    /// What was received longer ago than its lock holds is visible again, and what has lived too
    /// long is removed: what is locked lives as long as its lock.
    QueueEdit(IdentityId identity, MessageQueue queue, const MessageLimits& limits, WallTime now);

    /// Appends; the message knows its sequence then. Error: quota_exceeded (too many are waiting).
    Result<void> add(CloudMessage& message);

    /// The oldest visible ones that are not held.
    using IsHeld = std::function<bool(std::int64_t sequence)>;
    [[nodiscard]] std::vector<std::int64_t> visible(std::size_t count_max,
                                                    const IsHeld& is_held) const;
    void lock(std::int64_t sequence, MessageLock lock);

    // By the token of a lock. Error: precondition (the lock was lost, or never was).
    Result<void> complete(std::string_view token);
    Result<void> reject(std::string_view token);
    Result<void> abandon(std::string_view token);

    /// By those who held them; what is not there any more is passed over.
    void acknowledge(std::span<const std::int64_t> sequences);
    void give_back(std::span<const std::int64_t> sequences);

    /// Removes all and tells how many there were.
    std::int64_t purge();

    [[nodiscard]] bool changed() const;

    [[nodiscard]] const MessageQueue& queue() const { return queue_; }

    [[nodiscard]] QueueChange change() const;

  private:
    void settle();
    Result<std::size_t> locked_by(std::string_view token) const;
    QueuedMessage* find(std::int64_t sequence);
    void end(std::size_t at, MessageEnd how);
    /// One more delivery came to nothing. False if that was the last.
    bool failed(std::size_t at);

    IdentityId identity_;
    MessageQueue queue_;
    const MessageLimits& limits_;
    WallTime now_;
    QueueChange change_;
    std::vector<std::int64_t> touched_;
};

} // namespace muster::hub
