#include "store/sql/queries/twin_queries.h"
#include "store/sql/rows.h"

namespace muster::store::sql {

namespace {

// The identity may be gone by the time its presence is written.
constexpr Statement upsert_presence{
    "INSERT INTO presence (hub, id, connected, connection_updated, last_activity)"
    " SELECT hub, id, $3, $4, $5 FROM device WHERE hub = $1 AND id = $2"
    " ON CONFLICT (hub, id) DO UPDATE SET connected = excluded.connected,"
    " connection_updated = excluded.connection_updated, last_activity = excluded.last_activity"};
constexpr Statement select_presence{
    "SELECT connected, connection_updated, last_activity FROM presence"
    " WHERE hub = $1 AND id = $2"};
constexpr Statement select_connected{"SELECT id FROM presence"
                                     " WHERE hub = $1 AND connected = 1 AND id > $2"
                                     " ORDER BY id LIMIT $3"};
constexpr Statement update_disconnected{"UPDATE presence SET connected = 0, connection_updated = $3"
                                        " WHERE hub = $1 AND id = $2"};

constexpr std::int64_t rows_per_step = 1000;

std::int64_t to_column(const std::optional<WallTime>& time) {
    return time ? time->time_since_epoch().count() : 0;
}

std::optional<WallTime> from_column(std::int64_t microseconds) {
    return microseconds == 0 ? std::nullopt
                             : std::optional(WallTime(WallTime::duration(microseconds)));
}

/// False if nobody was left.
Result<bool> disconnect_some(Connection& connection, const HubName& hub, WallTime now) {
    std::vector<std::string> ids;
    const auto ran = connection.run(select_connected, {hub.text(), "", rows_per_step},
                                    [&](const Row& row) { ids.emplace_back(row.text(0)); });
    if (!ran) {
        return std::unexpected(ran.error());
    }
    for (const std::string& id : ids) {
        if (auto done = run_only(connection, update_disconnected, {hub.text(), id, to_column(now)});
            !done) {
            return std::unexpected(done.error());
        }
    }
    return !ids.empty();
}

} // namespace

Result<void> Presences::save(const HubName& hub, std::span<const hub::PresenceChange> changes) {
    if (changes.empty()) {
        return {};
    }
    return database_.write([&](Connection& connection) -> Result<void> {
        for (const auto& [id, presence] : changes) {
            const std::int64_t connected = presence.connected ? 1 : 0;
            const auto saved =
                run_only(connection, upsert_presence,
                         {hub.text(), id.text(), connected, to_column(presence.connection_updated),
                          to_column(presence.last_activity)});
            if (!saved) {
                return saved;
            }
        }
        return {};
    });
}

Result<std::optional<hub::Live::Presence>> Presences::find(const HubName& hub,
                                                           const hub::IdentityId& id) {
    const std::string key = id.text();
    std::optional<hub::Live::Presence> found;
    const Result<void> read = database_.read([&](Connection& connection) -> Result<void> {
        const auto ran = connection.run(select_presence, {hub.text(), key}, [&](const Row& row) {
            found = hub::Live::Presence{.connected = row.integer(0) == 1,
                                        .connection_updated = from_column(row.integer(1)),
                                        .last_activity = from_column(row.integer(2))};
        });
        return ran ? Result<void>() : std::unexpected(ran.error());
    });
    return read ? Result<std::optional<hub::Live::Presence>>(found) : std::unexpected(read.error());
}

Result<void> Presences::disconnect_all(const HubName& hub, WallTime now) {
    for (bool is_more = true; is_more;) {
        const Result<void> written = database_.write([&](Connection& connection) -> Result<void> {
            const auto some = disconnect_some(connection, hub, now);
            is_more = some.value_or(false);
            return some ? Result<void>() : std::unexpected(some.error());
        });
        if (!written) {
            return written;
        }
    }
    return {};
}

} // namespace muster::store::sql
