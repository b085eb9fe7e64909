#include "hub/messages/messages.h"

#include "base/log.h"
#include "hub/retry.h"

#include <mutex>
#include <utility>

namespace muster::hub {

namespace {

constexpr Sweeper::Pace pace{.idle = std::chrono::seconds(30),
                             .busy = std::chrono::milliseconds(200)};
constexpr std::size_t swept_max = 128; // queues, and records of feedback, in one step

} // namespace

Messages::Messages(HubName hub, const MessageLimits& limits, const Ports& ports)
    : hub_(std::move(hub)), limits_(limits), store_(ports.store), feedback_(ports.feedback),
      live_(ports.live), clock_(ports.clock), random_(ports.random),
      sweeper_(ports.timers, ports.workers, pace, [this] { return sweep(); }) {}

Result<void> Messages::change(const IdentityId& id, const Step& step) {
    return retry_on_conflict([&]() -> Result<void> {
        auto queue = store_.load_queue(hub_, id);
        if (!queue) {
            return std::unexpected(std::move(queue.error()));
        }
        const std::int64_t version = queue->version;
        QueueEdit edit(id, std::move(*queue), limits_, clock_.wall());
        auto outcome = step(edit);
        if (edit.changed()) {
            if (auto saved = store_.save_queue(hub_, id, edit.change(), version); !saved) {
                return saved;
            }
        }
        return outcome;
    });
}

Result<void> Messages::change_alone(const IdentityId& id, const Step& step) {
    const std::lock_guard lock(stripes_.of(id));
    return change(id, step);
}

Result<Messages::Sent> Messages::send(const IdentityId& to, const std::string& generation_id,
                                      SendRequest request) {
    auto message = message_to_send(std::move(request), limits_, new_guid(random_), clock_.wall());
    if (!message) {
        return std::unexpected(std::move(message.error()));
    }
    message->generation_id = generation_id;
    const auto sent = change_alone(to, [&](QueueEdit& edit) { return edit.add(*message); });
    if (!sent) {
        return std::unexpected(sent.error());
    }
    live_.tell_messages_waiting(to);
    return Sent{.sequence = message->sequence,
                .message_id = std::string(property_of(message->properties, "$.mid"))};
}

// ---- over HTTPS ----

Result<std::optional<Messages::Received>> Messages::receive(const IdentityId& id,
                                                            std::chrono::seconds lock_time) {
    const std::lock_guard lock(stripes_.of(id));
    const std::vector<std::int64_t> lost = take_lost(id);
    const MessageLock fresh{.token = new_guid(random_), .until = clock_.wall() + lock_time};
    std::vector<std::int64_t> found;
    const auto locked = change(id, [&](QueueEdit& edit) -> Result<void> {
        edit.give_back(lost);
        found = edit.visible(1, [&](std::int64_t sequence) { return holds_.has(id, sequence); });
        if (!found.empty()) {
            edit.lock(found.front(), fresh);
        }
        return {};
    });
    if (!locked) {
        return std::unexpected(locked.error());
    }
    if (found.empty()) {
        return std::nullopt;
    }
    auto messages = store_.read_messages(hub_, id, found);
    if (!messages) {
        return std::unexpected(std::move(messages.error()));
    }
    if (messages->empty()) {
        return std::nullopt; // the identity went meanwhile
    }
    return Received{.message = std::move(messages->front()), .lock_token = fresh.token};
}

Result<void> Messages::complete(const IdentityId& id, const std::string& token) {
    return change_alone(id, [&](QueueEdit& edit) { return edit.complete(token); });
}

Result<void> Messages::reject(const IdentityId& id, const std::string& token) {
    return change_alone(id, [&](QueueEdit& edit) { return edit.reject(token); });
}

Result<void> Messages::abandon(const IdentityId& id, const std::string& token) {
    auto abandoned = change_alone(id, [&](QueueEdit& edit) { return edit.abandon(token); });
    if (abandoned) {
        live_.tell_messages_waiting(id);
    }
    return abandoned;
}

// ---- over a connection ----

std::vector<std::int64_t> Messages::take_lost(const IdentityId& id) {
    const LinkId holder = holds_.holder(id);
    return holder == 0 || live_.is_attached(id, holder) ? std::vector<std::int64_t>{}
                                                        : holds_.release(id, holder);
}

Result<std::vector<CloudMessage>> Messages::take(const IdentityId& id, LinkId link,
                                                 std::size_t count_max) {
    const std::lock_guard lock(stripes_.of(id));
    // Asked under the stripe: a connection that ends from here on releases what it takes now.
    if (!live_.is_attached(id, link)) {
        return std::vector<CloudMessage>{};
    }
    const std::vector<std::int64_t> lost = take_lost(id);
    std::vector<std::int64_t> found;
    const auto changed = change(id, [&](QueueEdit& edit) -> Result<void> {
        edit.give_back(lost);
        found = edit.visible(count_max,
                             [&](std::int64_t sequence) { return holds_.has(id, sequence); });
        return {};
    });
    if (!changed) {
        return std::unexpected(changed.error());
    }
    if (found.empty()) {
        return std::vector<CloudMessage>{};
    }
    auto messages = store_.read_messages(hub_, id, found);
    if (messages) {
        holds_.add(id, link, found);
    }
    return messages;
}

Result<void> Messages::acknowledge(const IdentityId& id, LinkId link,
                                   std::span<const std::int64_t> sequences) {
    const std::lock_guard lock(stripes_.of(id));
    const std::vector<std::int64_t> settled = holds_.settle(id, link, sequences);
    if (settled.empty()) {
        return {};
    }
    auto saved = change(id, [&](QueueEdit& edit) -> Result<void> {
        edit.acknowledge(settled);
        return {};
    });
    if (!saved) {
        holds_.add(id, link, settled); // still on its way, as far as the store knows
    }
    return saved;
}

void Messages::release(const IdentityId& id, LinkId link) {
    const std::lock_guard lock(stripes_.of(id));
    const std::vector<std::int64_t> released = holds_.release(id, link);
    if (released.empty()) {
        return;
    }
    const auto saved = change(id, [&](QueueEdit& edit) -> Result<void> {
        edit.give_back(released);
        return {};
    });
    if (!saved) {
        log::warning("deliveries not counted", {{"device", id.text()},
                                                {"detail", saved.error().detail},
                                                {"cause", saved.error().cause}});
    }
    live_.tell_messages_waiting(id);
}

// ---- for back ends ----

Result<std::int64_t> Messages::purge(const IdentityId& id) {
    std::int64_t purged = 0;
    const auto saved = change_alone(id, [&](QueueEdit& edit) -> Result<void> {
        purged = edit.purge();
        return {};
    });
    if (!saved) {
        return std::unexpected(saved.error());
    }
    return purged;
}

Result<std::vector<std::int64_t>> Messages::counts(std::span<const IdentityId> ids) {
    return store_.counts(hub_, ids);
}

/// What expired while nobody looked, a bounded number of queues at a time.
bool Messages::sweep() {
    const WallTime now = clock_.wall();
    const auto queues = store_.with_expired(hub_, now, swept_max);
    if (!queues) {
        return false;
    }
    for (const IdentityId& id : *queues) {
        const auto swept = change_alone(id, [](QueueEdit&) -> Result<void> { return {}; });
        if (!swept) {
            log::warning("expired messages not removed", {{"device", id.text()},
                                                          {"detail", swept.error().detail},
                                                          {"cause", swept.error().cause}});
            return false;
        }
    }
    const auto dropped = feedback_.drop_feedback(hub_, now - limits_.feedback_age_max, swept_max);
    return !queues->empty() || dropped.value_or(0) != 0;
}

} // namespace muster::hub
