#include "hub/messages/holds.h"

#include <algorithm>
#include <utility>

namespace muster::hub {

LinkId Holds::holder(const IdentityId& identity) const {
    const std::lock_guard lock(mutex_);
    const auto at = entries_.find(identity);
    return at == entries_.end() ? 0 : at->second.link;
}

bool Holds::has(const IdentityId& identity, std::int64_t sequence) const {
    const std::lock_guard lock(mutex_);
    const auto at = entries_.find(identity);
    return at != entries_.end() &&
           std::ranges::find(at->second.sequences, sequence) != at->second.sequences.end();
}

void Holds::add(const IdentityId& identity, LinkId link, std::span<const std::int64_t> sequences) {
    if (sequences.empty()) {
        return;
    }
    const std::lock_guard lock(mutex_);
    Entry& entry = entries_[identity];
    if (entry.link != link) {
        entry = {.link = link, .sequences = {}};
    }
    entry.sequences.insert(entry.sequences.end(), sequences.begin(), sequences.end());
}

std::vector<std::int64_t> Holds::settle(const IdentityId& identity, LinkId link,
                                        std::span<const std::int64_t> sequences) {
    const std::lock_guard lock(mutex_);
    const auto at = entries_.find(identity);
    if (at == entries_.end() || at->second.link != link) {
        return {};
    }
    std::vector<std::int64_t> settled;
    for (const std::int64_t sequence : sequences) {
        if (std::erase(at->second.sequences, sequence) != 0) {
            settled.push_back(sequence);
        }
    }
    if (at->second.sequences.empty()) {
        entries_.erase(at);
    }
    return settled;
}

std::vector<std::int64_t> Holds::release(const IdentityId& identity, LinkId link) {
    const std::lock_guard lock(mutex_);
    const auto at = entries_.find(identity);
    if (at == entries_.end() || at->second.link != link) {
        return {};
    }
    std::vector<std::int64_t> released = std::move(at->second.sequences);
    entries_.erase(at);
    return released;
}

void Holds::forget(const IdentityId& identity) {
    const std::lock_guard lock(mutex_);
    entries_.erase(identity);
}

} // namespace muster::hub
