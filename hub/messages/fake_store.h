#pragma once
// The stores of messages in memory, for the tests of the hub and its edges. Failures are queued:
// the next calls return them first.

#include "hub/ports.h"

#include <algorithm>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace muster::hub::fakes {

class MessageQueues final : public MessageStore, public FeedbackStore {
  public:
    Result<MessageQueue> load_queue(const HubName& hub, const IdentityId& id) override {
        const std::lock_guard lock(mutex_);
        if (auto failure = next_failure()) {
            return std::unexpected(*failure);
        }
        return rows_[{hub, id}].queue;
    }

    Result<void> save_queue(const HubName& hub, const IdentityId& id, const QueueChange& change,
                            std::int64_t expected_version) override {
        const std::lock_guard lock(mutex_);
        if (auto failure = next_failure()) {
            return std::unexpected(*failure);
        }
        Row& row = rows_[{hub, id}];
        if (row.queue.version != expected_version) {
            return fail(Code::conflict, "version");
        }
        apply(row, change);
        for (FeedbackRecord record : change.feedback) {
            record.sequence = ++last_feedback_;
            records_.push_back(std::move(record));
        }
        return {};
    }

    Result<std::vector<CloudMessage>>
    read_messages(const HubName& hub, const IdentityId& id,
                  std::span<const std::int64_t> sequences) override {
        const std::lock_guard lock(mutex_);
        if (auto failure = next_failure()) {
            return std::unexpected(*failure);
        }
        const Row& row = rows_[{hub, id}];
        std::vector<CloudMessage> found;
        for (const QueuedMessage& one : row.queue.messages) {
            if (std::ranges::find(sequences, one.sequence) != sequences.end()) {
                found.push_back(row.messages.at(one.sequence));
                found.back().deliveries = one.deliveries;
            }
        }
        return found;
    }

    Result<std::vector<std::int64_t>> counts(const HubName& hub,
                                             std::span<const IdentityId> ids) override {
        const std::lock_guard lock(mutex_);
        ++counts_asked;
        std::vector<std::int64_t> counts;
        for (const IdentityId& id : ids) {
            counts.push_back(static_cast<std::int64_t>(rows_[{hub, id}].queue.messages.size()));
        }
        return counts;
    }

    Result<std::vector<IdentityId>> with_expired(const HubName& hub, WallTime now,
                                                 std::size_t count_max) override {
        const std::lock_guard lock(mutex_);
        std::vector<IdentityId> ids;
        for (const auto& [key, row] : rows_) {
            const bool expired = std::ranges::any_of(row.queue.messages, [&](const auto& one) {
                return one.expires <= now && (!one.lock || one.lock->until <= now);
            });
            if (key.first == hub && expired && ids.size() < count_max) {
                ids.push_back(key.second);
            }
        }
        return ids;
    }

    Result<std::vector<FeedbackRecord>> read_feedback(const HubName& /*hub*/, WallTime since,
                                                      std::size_t count_max) override {
        const std::lock_guard lock(mutex_);
        if (auto failure = next_failure()) {
            return std::unexpected(*failure);
        }
        std::vector<FeedbackRecord> found;
        for (const FeedbackRecord& record : records_) {
            if (record.at >= since && found.size() < count_max) {
                found.push_back(record);
            }
        }
        return found;
    }

    Result<void> erase_feedback(const HubName& /*hub*/,
                                std::span<const std::int64_t> sequences) override {
        const std::lock_guard lock(mutex_);
        if (auto failure = next_failure()) {
            return std::unexpected(*failure);
        }
        std::erase_if(records_, [&](const FeedbackRecord& record) {
            return std::ranges::find(sequences, record.sequence) != sequences.end();
        });
        return {};
    }

    Result<std::int64_t> drop_feedback(const HubName& /*hub*/, WallTime before,
                                       std::size_t /*count_max*/) override {
        const std::lock_guard lock(mutex_);
        return static_cast<std::int64_t>(std::erase_if(
            records_, [&](const FeedbackRecord& record) { return record.at < before; }));
    }

    /// What the deletion of an identity takes along.
    void forget(const HubName& hub, const IdentityId& id) {
        const std::lock_guard lock(mutex_);
        rows_.erase({hub, id});
    }

    std::vector<FeedbackRecord> records() {
        const std::lock_guard lock(mutex_);
        return {records_.begin(), records_.end()};
    }

    std::deque<Error> failures;
    int counts_asked = 0;

  private:
    struct Row {
        MessageQueue queue;
        std::map<std::int64_t, CloudMessage> messages;
    };

    std::optional<Error> next_failure() {
        if (failures.empty()) {
            return std::nullopt;
        }
        Error failure = failures.front();
        failures.pop_front();
        return failure;
    }

    static void apply(Row& row, const QueueChange& change) {
        ++row.queue.version;
        for (const std::int64_t sequence : change.removed) {
            row.messages.erase(sequence);
            std::erase_if(row.queue.messages,
                          [&](const auto& one) { return one.sequence == sequence; });
        }
        for (const QueuedMessage& updated : change.updated) {
            std::ranges::replace_if(
                row.queue.messages,
                [&](const auto& one) { return one.sequence == updated.sequence; }, updated);
        }
        if (const auto& added = change.added) {
            row.queue.last_sequence = added->sequence;
            row.queue.messages.push_back(
                {.sequence = added->sequence,
                 .enqueued = added->enqueued,
                 .expires = added->expires,
                 .acknowledgement = added->acknowledgement,
                 .generation_id = added->generation_id,
                 .message_id = std::string(property_of(added->properties, "$.mid")),
                 .lock = std::nullopt});
            row.messages.emplace(added->sequence, *added);
        }
    }

    std::mutex mutex_;
    std::map<std::pair<HubName, IdentityId>, Row> rows_;
    std::deque<FeedbackRecord> records_;
    std::int64_t last_feedback_ = 0;
};

} // namespace muster::hub::fakes
