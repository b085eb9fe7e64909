#pragma once
// Queries and presence over fake devices, for tests.

#include "base/clock.h"
#include "hub/documents.h"
#include "hub/ports.h"
#include "hub/queries/scan.h"

#include <map>
#include <mutex>
#include <utility>

namespace muster::hub::fakes {

class Presences final : public PresenceStore {
  public:
    Result<void> save(const HubName& hub, std::span<const PresenceChange> changes) override {
        const std::lock_guard lock(mutex_);
        for (const auto& [id, presence] : changes) {
            rows_[{hub, id}] = presence;
        }
        return {};
    }

    Result<std::optional<Live::Presence>> find(const HubName& hub, const IdentityId& id) override {
        const std::lock_guard lock(mutex_);
        const auto at = rows_.find({hub, id});
        return at == rows_.end() ? std::nullopt : std::optional(at->second);
    }

    Result<void> disconnect_all(const HubName& hub, WallTime now) override {
        const std::lock_guard lock(mutex_);
        for (auto& [key, presence] : rows_) {
            if (key.first == hub && presence.connected) {
                presence = {.connected = false,
                            .connection_updated = now,
                            .last_activity = presence.last_activity};
            }
        }
        return {};
    }

  private:
    std::mutex mutex_;
    std::map<std::pair<HubName, IdentityId>, Live::Presence> rows_;
};

/// Looks at every device of a store.
class Queries final : public TwinQueries {
  public:
    Queries(DeviceStore& devices, PresenceStore& presences, MessageStore& messages)
        : devices_(devices), presences_(presences), messages_(messages) {}

    Result<QueryPage> run(const HubName& hub, const query::Query& query,
                          const QueryPageRequest& request) override {
        Everybody everybody(*this, hub);
        return run_query({hub, everybody, clock_, limits_}, query, request);
    }

    Result<IdentityPage> matching(const HubName& hub, const query::Condition* condition,
                                  query::Source source, const std::string& after,
                                  std::size_t count_max) override {
        if (source == query::Source::modules) {
            return IdentityPage{.ids = {}, .after = after, .is_last = true}; // devices only, here
        }
        Everybody everybody(*this, hub);
        return matching_identities({hub, everybody, clock_, limits_}, condition, after, count_max);
    }

  private:
    class Everybody final : public Candidates {
      public:
        Everybody(Queries& queries, const HubName& hub) : queries_(queries), hub_(hub) {}

        Result<std::vector<TwinRowTexts>> next(const std::string& after,
                                               std::size_t count_max) override {
            const auto devices = queries_.devices_.list(hub_, after, count_max);
            if (!devices) {
                return std::unexpected(devices.error());
            }
            std::vector<TwinRowTexts> rows;
            for (const Device& device : *devices) {
                const auto found = queries_.devices_.find(hub_, device.id);
                const auto presence = queries_.presences_.find(hub_, device.id);
                if (!found || !presence) {
                    return std::unexpected(found ? presence.error() : found.error());
                }
                const std::vector<IdentityId> who{device.id};
                const auto waiting = queries_.messages_.counts(hub_, who);
                if (!waiting) {
                    return std::unexpected(waiting.error());
                }
                rows.push_back({.id = device.id.text(),
                                .facts = facts_text(device),
                                .twin = to_text(to_stored_document((*found)->twin)),
                                .presence = presence->value_or(Live::Presence{}),
                                .messages_waiting = waiting->front()});
            }
            return rows;
        }

      private:
        Queries& queries_;
        const HubName& hub_;
    };

    DeviceStore& devices_;
    PresenceStore& presences_;
    MessageStore& messages_;
    const SystemClock clock_;
    const ScanLimits limits_;
};

} // namespace muster::hub::fakes
