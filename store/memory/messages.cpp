#include "store/memory/ports.h"
#include "store/outcomes.h"

#include <algorithm>

namespace muster::store::memory {

using hub::CloudMessage;
using hub::FeedbackRecord;
using hub::IdentityId;
using hub::MessageQueue;
using hub::QueueChange;
using hub::QueuedMessage;

namespace {

Key key_of(const HubName& hub, const IdentityId& id) {
    return {hub.text(), id.text()};
}

/// What a message looks like in its queue; only the wire needs the rest.
QueuedMessage queued(const CloudMessage& message) {
    return {.sequence = message.sequence,
            .enqueued = message.enqueued,
            .expires = message.expires,
            .deliveries = message.deliveries,
            .acknowledgement = message.acknowledgement,
            .generation_id = message.generation_id,
            .message_id = std::string(hub::property_of(message.properties, "$.mid")),
            .lock = std::nullopt};
}

void apply(StoredQueue& stored, const QueueChange& change) {
    MessageQueue& queue = stored.queue;
    ++queue.version;
    for (const std::int64_t sequence : change.removed) {
        stored.messages.erase(sequence);
        std::erase_if(queue.messages,
                      [&](const QueuedMessage& one) { return one.sequence == sequence; });
    }
    for (const QueuedMessage& updated : change.updated) {
        std::ranges::replace_if(
            queue.messages,
            [&](const QueuedMessage& one) { return one.sequence == updated.sequence; }, updated);
    }
    if (change.added) {
        queue.last_sequence = change.added->sequence;
        queue.messages.push_back(queued(*change.added));
        stored.messages.emplace(change.added->sequence, *change.added);
    }
}

void append(FeedbackLog& log, const QueueChange& change) {
    for (FeedbackRecord record : change.feedback) {
        record.sequence = ++log.last_sequence;
        log.records.push_back(std::move(record));
    }
    if (!change.feedback.empty()) {
        const std::int64_t beyond = log.last_sequence - change.feedback_max;
        std::erase_if(log.records,
                      [&](const FeedbackRecord& record) { return record.sequence <= beyond; });
    }
}

bool expired(const QueuedMessage& message, WallTime now) {
    return message.expires <= now && (!message.lock || message.lock->until <= now);
}

} // namespace

Result<MessageQueue> Messages::load_queue(const HubName& hub, const IdentityId& id) {
    const std::scoped_lock lock(tables_.mutex);
    return find_in(tables_.queues, key_of(hub, id)).value_or(StoredQueue{}).queue;
}

Result<void> Messages::save_queue(const HubName& hub, const IdentityId& id,
                                  const QueueChange& change, std::int64_t expected_version) {
    const std::scoped_lock lock(tables_.mutex);
    const Key key = key_of(hub, id);
    const auto found = tables_.queues.find(key);
    const std::int64_t version = found == tables_.queues.end() ? 0 : found->second.queue.version;
    if (expected_version == 0 && !tables_.devices.contains(key)) {
        return no_such_device();
    }
    if (version != expected_version) {
        return version_conflict();
    }
    apply(tables_.queues[key], change);
    append(tables_.feedback[hub.text()], change);
    return {};
}

Result<std::vector<CloudMessage>> Messages::read_messages(const HubName& hub, const IdentityId& id,
                                                          std::span<const std::int64_t> sequences) {
    const std::scoped_lock lock(tables_.mutex);
    const StoredQueue stored = find_in(tables_.queues, key_of(hub, id)).value_or(StoredQueue{});
    std::vector<CloudMessage> messages;
    for (const QueuedMessage& one : stored.queue.messages) {
        if (std::ranges::find(sequences, one.sequence) != sequences.end()) {
            messages.push_back(stored.messages.at(one.sequence));
            messages.back().deliveries = one.deliveries;
        }
    }
    return messages;
}

Result<std::vector<std::int64_t>> Messages::counts(const HubName& hub,
                                                   std::span<const IdentityId> ids) {
    const std::scoped_lock lock(tables_.mutex);
    std::vector<std::int64_t> counts;
    for (const IdentityId& id : ids) {
        const auto found = tables_.queues.find(key_of(hub, id));
        counts.push_back(found == tables_.queues.end()
                             ? 0
                             : static_cast<std::int64_t>(found->second.queue.messages.size()));
    }
    return counts;
}

Result<std::vector<IdentityId>> Messages::with_expired(const HubName& hub, WallTime now,
                                                       std::size_t count_max) {
    const std::scoped_lock lock(tables_.mutex);
    std::vector<std::pair<WallTime, std::string>> found;
    for (const auto& [key, stored] : tables_.queues) {
        for (const QueuedMessage& message : stored.queue.messages) {
            if (key.first == hub.text() && expired(message, now)) {
                found.emplace_back(message.expires, key.second);
            }
        }
    }
    std::ranges::sort(found);
    found.resize(std::min(found.size(), count_max));
    std::vector<IdentityId> ids;
    for (const auto& [at, text] : found) {
        const auto id = hub::parse_identity_id(text);
        if (id && std::ranges::find(ids, *id) == ids.end()) {
            ids.push_back(*id);
        }
    }
    return ids;
}

Result<std::vector<FeedbackRecord>> Feedback::read_feedback(const HubName& hub, WallTime since,
                                                            std::size_t count_max) {
    const std::scoped_lock lock(tables_.mutex);
    std::vector<FeedbackRecord> records;
    for (const FeedbackRecord& record : tables_.feedback[hub.text()].records) {
        if (record.at >= since && records.size() < count_max) {
            records.push_back(record);
        }
    }
    return records;
}

Result<void> Feedback::erase_feedback(const HubName& hub, std::span<const std::int64_t> sequences) {
    const std::scoped_lock lock(tables_.mutex);
    std::erase_if(tables_.feedback[hub.text()].records, [&](const FeedbackRecord& record) {
        return std::ranges::find(sequences, record.sequence) != sequences.end();
    });
    return {};
}

Result<std::int64_t> Feedback::drop_feedback(const HubName& hub, WallTime before,
                                             std::size_t count_max) {
    const std::scoped_lock lock(tables_.mutex);
    auto& records = tables_.feedback[hub.text()].records;
    std::int64_t dropped = 0;
    while (static_cast<std::size_t>(dropped) < count_max) {
        const auto oldest = std::ranges::min_element(records, {}, &FeedbackRecord::at);
        if (oldest == records.end() || oldest->at >= before) {
            break;
        }
        records.erase(oldest);
        ++dropped;
    }
    return dropped;
}

} // namespace muster::store::memory
