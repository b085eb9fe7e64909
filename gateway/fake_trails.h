#pragma once
// For tests: a journal and an audit trail in memory, without bounds.

#include "base/text.h"
#include "provisioning/audit.h"
#include "provisioning/journal.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <span>
#include <string>
#include <vector>

namespace muster::gateway {

class FakeJournal final : public provisioning::JournalStore {
  public:
    Result<void> append(const IdScope& scope,
                        std::span<const provisioning::DeviceEvent> events) override {
        const std::scoped_lock lock(mutex_);
        auto& kept = events_[scope.text()];
        for (auto event : events) {
            event.sequence = static_cast<std::int64_t>(kept.size()) + 1;
            kept.push_back(std::move(event));
        }
        return {};
    }

    Result<std::vector<provisioning::DeviceEvent>> find(const IdScope& scope,
                                                        const provisioning::JournalQuery& query,
                                                        std::int64_t before,
                                                        std::size_t count_max) override {
        const std::scoped_lock lock(mutex_);
        std::vector<provisioning::DeviceEvent> found;
        const auto& kept = events_[scope.text()];
        for (auto event = kept.rbegin(); event != kept.rend() && found.size() < count_max;
             ++event) {
            if ((before == 0 || event->sequence < before) && is_wanted(*event, query)) {
                found.push_back(*event);
            }
        }
        return found;
    }

    /// Newest first.
    std::vector<provisioning::DeviceEvent> of(const IdScope& scope) {
        return find(scope, {}, 0, 1'000'000).value();
    }

  private:
    static bool is_wanted(const provisioning::DeviceEvent& event,
                          const provisioning::JournalQuery& query) {
        return (!query.registration_id ||
                equal_ignoring_case(*query.registration_id, event.registration_id)) &&
               (!query.tracking_id || *query.tracking_id == event.tracking_id) &&
               (!query.group || equal_ignoring_case(*query.group, event.group)) &&
               (!query.from || *query.from <= event.at) &&
               (!query.until || event.at < *query.until) &&
               (!query.refusals_only || provisioning::is_refusal(event.kind));
    }

    std::mutex mutex_;
    std::map<std::string, std::vector<provisioning::DeviceEvent>> events_; // by scope
};

class FakeAudit final : public provisioning::AuditStore {
  public:
    Result<std::vector<provisioning::AuditEntry>> read(const IdScope& scope, std::int64_t after,
                                                       std::size_t count_max) override {
        const std::scoped_lock lock(mutex_);
        std::vector<provisioning::AuditEntry> found;
        for (const auto& entry : chains_[scope.text()]) {
            if (entry.sequence > after && found.size() < count_max) {
                found.push_back(entry);
            }
        }
        return found;
    }

    Result<void> append(const IdScope& scope, const provisioning::Change& change) override {
        const std::scoped_lock lock(mutex_);
        auto& chain = chains_[scope.text()];
        const auto sequence = static_cast<std::int64_t>(chain.size()) + 1;
        const auto previous = chain.empty() ? provisioning::audit_origin : chain.back().hash;
        auto text = provisioning::audit_text(sequence, change);
        auto hash = provisioning::audit_hash(previous, text);
        chain.push_back({.sequence = sequence, .text = std::move(text), .hash = std::move(hash)});
        return {};
    }

  private:
    std::mutex mutex_;
    std::map<std::string, std::vector<provisioning::AuditEntry>> chains_; // by scope
};

} // namespace muster::gateway
