#include "provisioning/fleet/ledger.h"

namespace muster::provisioning {

namespace {

constexpr std::size_t failures_kept = 32;

/// Those of the entries that may be looked at again, marked as checked.
template <class Entries, class IsDue>
std::vector<RegistrationId> take_due(Entries& entries, SteadyTime now, std::size_t count_max,
                                     IsDue is_due) {
    std::vector<RegistrationId> due;
    for (auto& [id, entry] : entries) {
        if (due.size() == count_max) {
            break;
        }
        if (is_due(entry)) {
            entry.checked = now;
            due.push_back(id);
        }
    }
    return due;
}

} // namespace

Ledger::Ledger(const FleetOperation& operation)
    : progress_(operation.progress), failures_(operation.failures), position_(operation.after) {}

void Ledger::look_at(const RegistrationId& id) {
    ++progress_.looked_at;
    unsettled_.emplace(id.folded(), position_);
    position_ = id.folded();
}

void Ledger::stayed(const RegistrationId& id, const std::string& reason) {
    settle(id);
    ++progress_.stayed;
    if (!reason.empty()) {
        note(id, "stays: " + reason);
    }
}

void Ledger::moved(const RegistrationId& id) {
    settle(id);
    ++progress_.moved;
}

void Ledger::failed(const RegistrationId& id, const std::string& message) {
    settle(id);
    ++progress_.failed;
    ++progress_.failed_since_resumed;
    note(id, message);
}

void Ledger::begin(const RegistrationId& id, const Place& from, SteadyTime now) {
    waiting_.erase(id);
    under_way_[id] = {.from = from, .checked = now, .is_stored = false};
}

void Ledger::stored(const RegistrationId& id) {
    unsettled_.erase(id.folded()); // it is found among the unfinished ones
    if (const auto found = under_way_.find(id); found != under_way_.end()) {
        found->second.is_stored = true;
    }
}

void Ledger::adopt(const RegistrationId& id, const Place& from, SteadyTime now) {
    under_way_[id] = {.from = from, .checked = now, .is_stored = true};
}

void Ledger::wait(const RegistrationId& id, SteadyTime now) {
    under_way_.erase(id);
    const auto [entry, is_new] = waiting_.try_emplace(id);
    entry->second.checked = now;
    if (is_new) {
        entry->second.since = now;
    }
}

const Ledger::UnderWay* Ledger::find_under_way(const RegistrationId& id) const {
    const auto found = under_way_.find(id);
    return found == under_way_.end() ? nullptr : &found->second;
}

std::vector<RegistrationId> Ledger::quiet_plans(SteadyTime since, SteadyTime now,
                                                std::size_t count_max) {
    return take_due(under_way_, now, count_max, [&](const UnderWay& entry) {
        return entry.is_stored && entry.checked <= since;
    });
}

std::vector<RegistrationId> Ledger::waiting_ones(SteadyTime since, SteadyTime now,
                                                 std::size_t count_max) {
    return take_due(waiting_, now, count_max,
                    [&](const Waiting& entry) { return entry.checked <= since; });
}

std::optional<SteadyTime> Ledger::waiting_since(const RegistrationId& id) const {
    const auto found = waiting_.find(id);
    return found == waiting_.end() ? std::nullopt : std::optional(found->second.since);
}

void Ledger::forget_waiting() {
    while (!waiting_.empty()) {
        stayed(RegistrationId(waiting_.begin()->first), "");
    }
}

void Ledger::write_to(FleetOperation& operation) const {
    operation.progress = progress_;
    operation.failures = failures_;
    operation.after = unsettled_.empty() ? position_ : unsettled_.begin()->second;
}

void Ledger::settle(const RegistrationId& id) {
    unsettled_.erase(id.folded());
    under_way_.erase(id);
    waiting_.erase(id);
}

void Ledger::note(const RegistrationId& id, const std::string& what) {
    if (failures_.size() < failures_kept) {
        failures_.push_back(id.text() + ": " + what);
    }
}

} // namespace muster::provisioning
