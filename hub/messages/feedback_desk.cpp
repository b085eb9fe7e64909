#include "hub/messages/feedback_desk.h"

#include <algorithm>
#include <utility>

namespace muster::hub {

namespace {

constexpr std::size_t batch_max = 64; // B.14
constexpr std::size_t locks_max = 16;

std::unexpected<Error> lock_lost() {
    return fail(Code::precondition, "the lock of the feedback is lost");
}

} // namespace

Result<std::optional<FeedbackBatch>> FeedbackDesk::receive() {
    const std::lock_guard lock(mutex_);
    drop_ended_locks();
    if (locks_.size() >= locks_max) {
        return fail(Code::rate_limited, "too many batches of feedback are not completed");
    }
    const WallTime since = clock_.wall() - limits_.feedback_age_max;
    auto records = store_.read_feedback(hub_, since, batch_max + locked_count());
    if (!records) {
        return std::unexpected(std::move(records.error()));
    }
    std::erase_if(*records,
                  [this](const FeedbackRecord& record) { return is_locked(record.sequence); });
    records->resize(std::min(records->size(), batch_max));
    if (records->empty()) {
        return std::nullopt;
    }
    Locked locked{.sequences = {}, .until = clock_.wall() + limits_.lock_time};
    for (const FeedbackRecord& record : *records) {
        locked.sequences.push_back(record.sequence);
    }
    FeedbackBatch batch{.lock_token = new_guid(random_), .records = std::move(*records)};
    locks_.emplace(batch.lock_token, std::move(locked));
    return batch;
}

Result<void> FeedbackDesk::complete(const std::string& token) {
    const std::lock_guard lock(mutex_);
    drop_ended_locks();
    const auto found = locks_.find(token);
    if (found == locks_.end()) {
        return lock_lost();
    }
    auto erased = store_.erase_feedback(hub_, found->second.sequences);
    if (erased) {
        locks_.erase(found);
    }
    return erased;
}

Result<void> FeedbackDesk::abandon(const std::string& token) {
    const std::lock_guard lock(mutex_);
    drop_ended_locks();
    return locks_.erase(token) == 1 ? Result<void>{} : lock_lost();
}

void FeedbackDesk::drop_ended_locks() {
    const WallTime now = clock_.wall();
    std::erase_if(locks_, [now](const auto& entry) { return entry.second.until <= now; });
}

std::size_t FeedbackDesk::locked_count() const {
    std::size_t count = 0;
    for (const auto& [token, locked] : locks_) {
        count += locked.sequences.size();
    }
    return count;
}

bool FeedbackDesk::is_locked(std::int64_t sequence) const {
    return std::ranges::any_of(locks_, [sequence](const auto& entry) {
        return std::ranges::binary_search(entry.second.sequences, sequence);
    });
}

} // namespace muster::hub
