#include "hub/messages/queue_edit.h"

#include "hub/messages/names.h"

#include <algorithm>
#include <utility>

namespace muster::hub {

std::string_view property_of(const MessageProperties& properties, std::string_view name) {
    const auto found = std::ranges::find(properties, name, &MessageProperties::value_type::first);
    return found == properties.end() ? std::string_view{} : found->second;
}

QueueEdit::QueueEdit(IdentityId identity, MessageQueue queue, const MessageLimits& limits,
                     WallTime now)
    : identity_(std::move(identity)), queue_(std::move(queue)), limits_(limits), now_(now) {
    settle();
}

void QueueEdit::settle() {
    for (std::size_t at = 0; at < queue_.messages.size();) {
        const auto& lock = queue_.messages[at].lock;
        if (lock && lock->until > now_) {
            ++at;
        } else if (lock && !failed(at)) {
            continue; // the next one moved here
        } else if (queue_.messages[at].expires <= now_) {
            end(at, MessageEnd::expired);
        } else {
            ++at;
        }
    }
}

Result<void> QueueEdit::add(CloudMessage& message) {
    if (queue_.messages.size() >= limits_.pending_max) {
        return fail(Code::quota_exceeded, "too many messages are waiting for the device");
    }
    message.sequence = ++queue_.last_sequence;
    queue_.messages.push_back({.sequence = message.sequence,
                               .enqueued = message.enqueued,
                               .expires = message.expires,
                               .deliveries = message.deliveries,
                               .acknowledgement = message.acknowledgement,
                               .generation_id = message.generation_id,
                               .message_id = std::string(property_of(message.properties, "$.mid")),
                               .lock = std::nullopt});
    change_.added = message;
    return {};
}

std::vector<std::int64_t> QueueEdit::visible(std::size_t count_max, const IsHeld& is_held) const {
    std::vector<std::int64_t> sequences;
    for (const QueuedMessage& message : queue_.messages) {
        if (sequences.size() >= count_max) {
            break;
        }
        if (!message.lock && !is_held(message.sequence)) {
            sequences.push_back(message.sequence);
        }
    }
    return sequences;
}

void QueueEdit::lock(std::int64_t sequence, MessageLock lock) {
    if (QueuedMessage* message = find(sequence)) {
        message->lock = std::move(lock);
        touched_.push_back(sequence);
    }
}

// ---- settling ----

Result<void> QueueEdit::complete(std::string_view token) {
    const auto at = locked_by(token);
    if (!at) {
        return std::unexpected(at.error());
    }
    end(*at, MessageEnd::success);
    return {};
}

Result<void> QueueEdit::reject(std::string_view token) {
    const auto at = locked_by(token);
    if (!at) {
        return std::unexpected(at.error());
    }
    end(*at, MessageEnd::rejected);
    return {};
}

Result<void> QueueEdit::abandon(std::string_view token) {
    const auto at = locked_by(token);
    if (!at) {
        return std::unexpected(at.error());
    }
    if (failed(*at)) {
        settle(); // it may have outlived itself meanwhile
    }
    return {};
}

void QueueEdit::acknowledge(std::span<const std::int64_t> sequences) {
    for (const std::int64_t sequence : sequences) {
        if (const QueuedMessage* message = find(sequence)) {
            end(static_cast<std::size_t>(message - queue_.messages.data()), MessageEnd::success);
        }
    }
}

void QueueEdit::give_back(std::span<const std::int64_t> sequences) {
    for (const std::int64_t sequence : sequences) {
        if (const QueuedMessage* message = find(sequence)) {
            static_cast<void>(failed(static_cast<std::size_t>(message - queue_.messages.data())));
        }
    }
}

std::int64_t QueueEdit::purge() {
    const auto count = static_cast<std::int64_t>(queue_.messages.size());
    while (!queue_.messages.empty()) {
        end(0, MessageEnd::purged);
    }
    return count;
}

// ---- what comes of it ----

bool QueueEdit::changed() const {
    return change_.added || !change_.removed.empty() || !touched_.empty();
}

QueueChange QueueEdit::change() const {
    QueueChange change = change_;
    change.pending = static_cast<std::int64_t>(queue_.messages.size());
    change.feedback_max = limits_.feedback_max;
    for (const QueuedMessage& message : queue_.messages) {
        if (std::ranges::find(touched_, message.sequence) != touched_.end()) {
            change.updated.push_back(message);
        }
    }
    return change;
}

Result<std::size_t> QueueEdit::locked_by(std::string_view token) const {
    const auto found = std::ranges::find_if(queue_.messages, [&](const QueuedMessage& message) {
        return message.lock && message.lock->token == token;
    });
    if (found == queue_.messages.end()) {
        return fail(Code::precondition, "the lock of the message is lost");
    }
    return static_cast<std::size_t>(found - queue_.messages.begin());
}

QueuedMessage* QueueEdit::find(std::int64_t sequence) {
    const auto found = std::ranges::find(queue_.messages, sequence, &QueuedMessage::sequence);
    return found == queue_.messages.end() ? nullptr : &*found;
}

void QueueEdit::end(std::size_t at, MessageEnd how) {
    const auto position = queue_.messages.begin() + static_cast<std::ptrdiff_t>(at);
    if (is_wanted(position->acknowledgement, how)) {
        change_.feedback.push_back({.sequence = 0,
                                    .identity = identity_,
                                    .generation_id = position->generation_id,
                                    .message_id = position->message_id,
                                    .end = how,
                                    .at = now_});
    }
    change_.removed.push_back(position->sequence);
    queue_.messages.erase(position);
}

bool QueueEdit::failed(std::size_t at) {
    QueuedMessage& message = queue_.messages[at];
    message.lock.reset();
    touched_.push_back(message.sequence);
    if (++message.deliveries >= limits_.deliveries_max) {
        end(at, MessageEnd::delivery_count_exceeded);
        return false;
    }
    return true;
}

} // namespace muster::hub
