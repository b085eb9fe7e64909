#include "base/text.h"
#include "store/outcomes.h"
#include "store/sql/pairs.h"
#include "store/sql/ports.h"
#include "store/sql/rows.h"

namespace muster::store::sql {

using hub::StoredSubscription;

namespace {

constexpr Statement select_session{
    "SELECT subscriptions FROM session WHERE hub = $1 AND device = $2"};
// No row comes of a device that is not there.
constexpr Statement upsert_session{
    "INSERT INTO session (hub, device, subscriptions)"
    " SELECT hub, id, CAST($3 AS TEXT) FROM device WHERE hub = $1 AND id = $2"
    " ON CONFLICT (hub, device) DO UPDATE SET subscriptions = excluded.subscriptions"};
constexpr Statement delete_session{"DELETE FROM session WHERE hub = $1 AND device = $2"};

std::string to_column(const std::vector<StoredSubscription>& subscriptions) {
    Pairs pairs;
    for (const StoredSubscription& subscription : subscriptions) {
        pairs.emplace_back(subscription.filter, std::to_string(subscription.qos));
    }
    return to_pairs_text(pairs);
}

Result<std::vector<StoredSubscription>> from_column(std::string_view text) {
    const Result<Pairs> pairs = from_pairs_text(text);
    if (!pairs) {
        return damaged_document(pairs.error());
    }
    std::vector<StoredSubscription> subscriptions;
    for (const auto& [filter, qos_text] : *pairs) {
        const auto qos = parse_decimal(qos_text);
        if (!qos || *qos > 2) {
            return damaged_document({.detail = "a subscription has no valid qos", .cause = {}});
        }
        subscriptions.push_back({filter, static_cast<std::uint8_t>(*qos)});
    }
    return subscriptions;
}

} // namespace

Result<std::vector<StoredSubscription>> Sessions::load(const HubName& hub,
                                                       const hub::IdentityId& id) {
    const auto found = read_texts(database_, select_session, {hub.text(), id.text()});
    if (!found) {
        return std::unexpected(found.error());
    }
    return from_column(found->empty() ? "" : found->front());
}

Result<void> Sessions::save(const HubName& hub, const hub::IdentityId& id,
                            const std::vector<StoredSubscription>& subscriptions) {
    const std::string column = to_column(subscriptions);
    return database_.write([&](Connection& connection) -> Result<void> {
        if (subscriptions.empty()) {
            return run_only(connection, delete_session, {hub.text(), id.text()});
        }
        return must_change(connection, upsert_session, {hub.text(), id.text(), column},
                           no_such_device());
    });
}

} // namespace muster::store::sql
