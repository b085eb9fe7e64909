#pragma once
// Messages from back ends to devices: the queues of one hub (reference: iothub A.9, A.12, B.13).
// Load the queue, let its rules decide, save what changed. Nothing is lost: what a sender was told
// is stored, and a message leaves its queue only when it is settled, expired or given up.

#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "base/task.h"
#include "hub/live.h"
#include "hub/messages/holds.h"
#include "hub/messages/message_rules.h"
#include "hub/messages/queue_edit.h"
#include "hub/messages/sweeper.h"
#include "hub/ports.h"
#include "hub/stripes.h"

#include <chrono>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace muster::hub {

/// Thread safe.
class Messages {
  public:
    struct Ports {
        MessageStore& store;
        FeedbackStore& feedback;
        Live& live;
        Executor& workers;
        Scheduler& timers;
        const Clock& clock;
        Random& random;
    };

    Messages(HubName hub, const MessageLimits& limits, const Ports& ports);

    [[nodiscard]] const MessageLimits& limits() const { return limits_; }

    struct Sent {
        std::int64_t sequence = 0;
        std::string message_id;
    };

    /// To an identity of that generation, durable when it returns; tells its connection. Errors:
    /// those of message_to_send, quota_exceeded (too many are waiting), not_found.
    Result<Sent> send(const IdentityId& to, const std::string& generation_id, SendRequest request);

    // ---- over HTTPS: one at a time, under a lock ----

    struct Received {
        CloudMessage message;
        std::string lock_token;
    };

    Result<std::optional<Received>> receive(const IdentityId& id, std::chrono::seconds lock_time);
    /// Errors of all three: precondition if the lock was lost or never was.
    Result<void> complete(const IdentityId& id, const std::string& token);
    Result<void> reject(const IdentityId& id, const std::string& token);
    Result<void> abandon(const IdentityId& id, const std::string& token);

    // ---- over a connection: held until they are acknowledged or the connection ends ----

    /// The next messages for the attached connection, oldest first; none for another one.
    Result<std::vector<CloudMessage>> take(const IdentityId& id, LinkId link,
                                           std::size_t count_max);
    /// Passes over what that connection does not hold.
    Result<void> acknowledge(const IdentityId& id, LinkId link,
                             std::span<const std::int64_t> sequences);
    /// The connection has ended: what it held goes back to its place in the queue.
    void release(const IdentityId& id, LinkId link);

    // ---- for back ends ----

    /// How many messages there were.
    Result<std::int64_t> purge(const IdentityId& id);
    Result<std::vector<std::int64_t>> counts(std::span<const IdentityId> ids);

    /// The identity is gone, and its queue with it.
    void forget(const IdentityId& id) { holds_.forget(id); }

  private:
    using Step = std::function<Result<void>(QueueEdit&)>;
    /// Load, take the step, save; again on conflict. What time has ended is saved even if the step
    /// is refused. Under the identity's stripe.
    Result<void> change(const IdentityId& id, const Step& step);
    /// change(), under the stripe.
    Result<void> change_alone(const IdentityId& id, const Step& step);
    /// What is held by a connection that is gone without having released it.
    std::vector<std::int64_t> take_lost(const IdentityId& id);
    bool sweep();

    const HubName hub_;
    const MessageLimits limits_;
    MessageStore& store_;
    FeedbackStore& feedback_;
    Live& live_;
    const Clock& clock_;
    Random& random_;
    Holds holds_;
    Stripes stripes_;
    Sweeper sweeper_; // the last one: it is the first to end
};

} // namespace muster::hub
