#include "provisioning/journal_writer.h"

#include "base/log.h"

#include <utility>

namespace muster::provisioning {

void JournalWriter::add(const IdScope& scope, DeviceEvent event) {
    bool first = false;
    bool full_batch = false;
    {
        const std::scoped_lock lock(mutex_);
        if (count_ >= waiting_max) {
            ++lost_;
            return;
        }
        waiting_[scope.text()].push_back(std::move(event));
        ++count_;
        first = !std::exchange(scheduled_, true);
        full_batch = count_ == batch_events;
    }
    if (full_batch) {
        hand_over();
    } else if (first) {
        schedule();
    }
}

void JournalWriter::schedule() {
    timers_.after(batch_interval, [weak = weak_from_this()] {
        if (const auto self = weak.lock()) {
            self->hand_over();
        }
    });
}

void JournalWriter::hand_over() {
    const bool accepted = workers_.submit([weak = weak_from_this()] {
        if (const auto self = weak.lock()) {
            self->flush();
        }
    });
    if (!accepted) { // overload: devices come first
        schedule();
    }
}

void JournalWriter::flush() {
    const std::scoped_lock writing(writing_);
    Batches batches;
    std::uint64_t lost = 0;
    {
        const std::scoped_lock lock(mutex_);
        batches.swap(waiting_);
        lost = std::exchange(lost_, 0);
        count_ = 0;
        scheduled_ = false;
    }
    lost += write(batches);
    if (lost > 0) {
        log::warning("refusals are missing in the journal", {{"count", std::to_string(lost)}});
    }
}

std::uint64_t JournalWriter::write(const Batches& batches) {
    std::uint64_t lost = 0;
    for (const auto& [scope, events] : batches) {
        const auto stored = store_.append(IdScope(scope), events);
        if (!stored) {
            lost += events.size();
            log::warning("the journal cannot be written", {{"scope", scope},
                                                           {"detail", stored.error().detail},
                                                           {"cause", stored.error().cause}});
        }
    }
    return lost;
}

} // namespace muster::provisioning
