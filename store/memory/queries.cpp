#include "hub/documents.h"
#include "hub/queries/scan.h"
#include "store/memory/ports.h"

namespace muster::store::memory {

namespace {

using hub::TwinRowTexts;

bool is_of(query::Source source, const std::string& id) {
    const bool is_module = id.find('/') != std::string::npos;
    return is_module == (source == query::Source::modules);
}

/// Everybody. Each step sees the tables as they are then.
class Everybody final : public hub::Candidates {
  public:
    Everybody(Tables& tables, const HubName& hub, query::Source source)
        : tables_(tables), hub_(hub), source_(source) {}

    Result<std::vector<TwinRowTexts>> next(const std::string& after,
                                           std::size_t count_max) override {
        const std::scoped_lock lock(tables_.mutex);
        std::vector<TwinRowTexts> rows;
        for (auto at = tables_.devices.upper_bound({hub_.text(), after});
             at != tables_.devices.end() && at->first.first == hub_.text() &&
             rows.size() < count_max;
             ++at) {
            if (is_of(source_, at->first.second)) {
                rows.push_back(row_of(at->first, at->second));
            }
        }
        return rows;
    }

  private:
    [[nodiscard]] TwinRowTexts row_of(const Key& key, const hub::DeviceWithTwin& found) const {
        const auto queue = tables_.queues.find(key);
        const std::size_t waiting =
            queue == tables_.queues.end() ? 0 : queue->second.queue.messages.size();
        return {.id = key.second,
                .facts = hub::facts_text(found.device),
                .twin = to_text(to_stored_document(found.twin)),
                .presence = find_in(tables_.presences, key).value_or(hub::Live::Presence{}),
                .messages_waiting = static_cast<std::int64_t>(waiting)};
    }

    Tables& tables_;
    const HubName& hub_;
    query::Source source_;
};

constexpr hub::ScanLimits limits;

} // namespace

Result<hub::QueryPage> TwinQueries::run(const HubName& hub, const query::Query& query,
                                        const hub::QueryPageRequest& request) {
    Everybody everybody(tables_, hub, query.source);
    return hub::run_query({hub, everybody, clock_, limits}, query, request);
}

Result<hub::IdentityPage> TwinQueries::matching(const HubName& hub,
                                                const query::Condition* condition,
                                                query::Source source, const std::string& after,
                                                std::size_t count_max) {
    Everybody everybody(tables_, hub, source);
    return hub::matching_identities({hub, everybody, clock_, limits}, condition, after, count_max);
}

Result<void> Presences::save(const HubName& hub, std::span<const hub::PresenceChange> changes) {
    const std::scoped_lock lock(tables_.mutex);
    for (const auto& [id, presence] : changes) {
        const Key key{hub.text(), id.text()};
        if (tables_.devices.contains(key)) {
            tables_.presences.insert_or_assign(key, presence);
        }
    }
    return {};
}

Result<std::optional<hub::Live::Presence>> Presences::find(const HubName& hub,
                                                           const hub::IdentityId& id) {
    const std::scoped_lock lock(tables_.mutex);
    return find_in(tables_.presences, {hub.text(), id.text()});
}

Result<void> Presences::disconnect_all(const HubName& hub, WallTime now) {
    const std::scoped_lock lock(tables_.mutex);
    for (auto& [key, presence] : tables_.presences) {
        if (key.first == hub.text() && presence.connected) {
            presence.connected = false;
            presence.connection_updated = now;
        }
    }
    return {};
}

} // namespace muster::store::memory
