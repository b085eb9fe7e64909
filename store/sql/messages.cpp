#include "hub/messages/names.h"
#include "store/outcomes.h"
#include "store/sql/feedback_rows.h"
#include "store/sql/pairs.h"
#include "store/sql/ports.h"
#include "store/sql/rows.h"

#include <array>
#include <unordered_map>
#include <utility>

namespace muster::store::sql {

using hub::CloudMessage;
using hub::IdentityId;
using hub::MessageQueue;
using hub::QueueChange;
using hub::QueuedMessage;

namespace {

constexpr Statement select_queue{
    "SELECT version, last_sequence FROM message_queue WHERE hub = $1 AND device = $2"};
constexpr Statement select_queued{
    "SELECT sequence, enqueued, expires, visible, lock_token, deliveries, acknowledgement,"
    " generation_id, message_id FROM message WHERE hub = $1 AND device = $2 ORDER BY sequence"};
constexpr Statement select_message{
    "SELECT sequence, enqueued, expires, deliveries, acknowledgement, generation_id, properties,"
    " body FROM message WHERE hub = $1 AND device = $2 AND sequence = $3"};
constexpr Statement select_device{"SELECT 1 FROM device WHERE hub = $1 AND id = $2"};
constexpr Statement insert_queue{
    "INSERT INTO message_queue (hub, device, version, last_sequence, pending)"
    " VALUES ($1, $2, 1, $3, $4) ON CONFLICT (hub, device) DO NOTHING"};
constexpr Statement update_queue{"UPDATE message_queue SET version = version + 1, pending = $3"
                                 " WHERE hub = $1 AND device = $2 AND version = $4"};
constexpr Statement advance_queue{
    "UPDATE message_queue SET last_sequence = $3 WHERE hub = $1 AND device = $2"};
constexpr Statement insert_message{
    "INSERT INTO message (hub, device, sequence, enqueued, expires, visible, lock_token,"
    " deliveries, acknowledgement, generation_id, message_id, properties, body)"
    " VALUES ($1, $2, $3, $4, $5, 0, '', $6, $7, $8, $9, $10, $11)"};
constexpr Statement update_message{
    "UPDATE message SET visible = $4, lock_token = $5, deliveries = $6"
    " WHERE hub = $1 AND device = $2 AND sequence = $3"};
constexpr Statement delete_message{
    "DELETE FROM message WHERE hub = $1 AND device = $2 AND sequence = $3"};
constexpr Statement select_expired{
    "SELECT DISTINCT device FROM (SELECT device FROM message"
    " WHERE hub = $1 AND expires <= $2 AND visible <= $2 ORDER BY expires LIMIT $3) AS oldest"};

/// One look-up for so many identities.
constexpr std::size_t counted_together = 32;
constexpr Statement select_counts{
    "SELECT device, pending FROM message_queue WHERE hub = $1 AND device IN"
    " ($2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21,"
    " $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33)"};

std::int64_t to_column(WallTime time) {
    return time.time_since_epoch().count();
}

WallTime from_column(std::int64_t column) {
    return WallTime(WallTime::duration(column));
}

Result<hub::Acknowledgement> acknowledgement_from(std::string_view column) {
    const auto named = hub::acknowledgement_named(column);
    if (!named) {
        return damaged_document({.detail = "an unknown acknowledgement", .cause = {}});
    }
    return *named;
}

// ---- reading ----

Result<void> read_heads(Connection& connection, const HubName& hub, const std::string& id,
                        MessageQueue& queue) {
    Result<void> fine;
    const auto ran = connection.run(select_queued, {hub.text(), id}, [&](const Row& row) {
        QueuedMessage message{.sequence = row.integer(0),
                              .enqueued = from_column(row.integer(1)),
                              .expires = from_column(row.integer(2)),
                              .deliveries = static_cast<int>(row.integer(5)),
                              .generation_id = std::string(row.text(7)),
                              .message_id = std::string(row.text(8)),
                              .lock = std::nullopt};
        if (const std::int64_t visible = row.integer(3); visible != 0) {
            message.lock = {.token = std::string(row.text(4)), .until = from_column(visible)};
        }
        const auto acknowledgement = acknowledgement_from(row.text(6));
        if (!acknowledgement) {
            fine = std::unexpected(acknowledgement.error());
            return;
        }
        message.acknowledgement = *acknowledgement;
        queue.messages.push_back(std::move(message));
    });
    return ran ? fine : std::unexpected(ran.error());
}

/// A message as copied, to be decoded once the connection is free again.
struct Copied {
    CloudMessage message;
    std::string acknowledgement;
    std::string properties;
};

Copied copy_row(const Row& row) {
    return {.message = {.sequence = row.integer(0),
                        .enqueued = from_column(row.integer(1)),
                        .expires = from_column(row.integer(2)),
                        .deliveries = static_cast<int>(row.integer(3)),
                        .generation_id = std::string(row.text(5)),
                        .properties = {},
                        .body = std::string(row.text(7))},
            .acknowledgement = std::string(row.text(4)),
            .properties = std::string(row.text(6))};
}

Result<CloudMessage> message_from(Copied copied) {
    const auto acknowledgement = acknowledgement_from(copied.acknowledgement);
    if (!acknowledgement) {
        return std::unexpected(acknowledgement.error());
    }
    Result<Pairs> properties = from_pairs_text(copied.properties);
    if (!properties) {
        return damaged_document(properties.error());
    }
    copied.message.acknowledgement = *acknowledgement;
    copied.message.properties = std::move(*properties);
    return std::move(copied.message);
}

// ---- writing ----

struct QueueKey {
    const HubName& hub;
    const std::string& id;
};

Result<void> save_head(Connection& connection, const QueueKey& key, const QueueChange& change,
                       std::int64_t expected_version) {
    if (expected_version != 0) {
        return must_change(connection, update_queue,
                           {key.hub.text(), key.id, change.pending, expected_version},
                           version_conflict());
    }
    const auto device = integer_of(connection, select_device, {key.hub.text(), key.id}, 0);
    if (!device) {
        return std::unexpected(device.error());
    }
    if (*device == 0) {
        return no_such_device();
    }
    return must_change(connection, insert_queue, {key.hub.text(), key.id, 0, change.pending},
                       version_conflict());
}

Result<void> add_message(Connection& connection, const QueueKey& key, const CloudMessage& message,
                         const std::string& properties) {
    const auto advanced =
        run_only(connection, advance_queue, {key.hub.text(), key.id, message.sequence});
    if (!advanced) {
        return advanced;
    }
    return run_only(connection, insert_message,
                    {key.hub.text(), key.id, message.sequence, to_column(message.enqueued),
                     to_column(message.expires), message.deliveries,
                     hub::to_text(message.acknowledgement), message.generation_id,
                     hub::property_of(message.properties, "$.mid"), properties,
                     Bytes{message.body}});
}

Result<void> save_messages(Connection& connection, const QueueKey& key, const QueueChange& change) {
    for (const std::int64_t sequence : change.removed) {
        const auto removed =
            run_only(connection, delete_message, {key.hub.text(), key.id, sequence});
        if (!removed) {
            return removed;
        }
    }
    for (const QueuedMessage& message : change.updated) {
        const auto updated =
            run_only(connection, update_message,
                     {key.hub.text(), key.id, message.sequence,
                      message.lock ? to_column(message.lock->until) : 0,
                      message.lock ? std::string_view(message.lock->token) : std::string_view(),
                      message.deliveries});
        if (!updated) {
            return updated;
        }
    }
    return {};
}

template <std::size_t... I>
Result<void> add_counts(Connection& connection, const HubName& hub,
                        const std::array<std::string, counted_together>& ids,
                        std::index_sequence<I...> /*unused*/, const EachRow& each_row) {
    const auto ran =
        connection.run(select_counts, {hub.text(), std::string_view(ids[I])...}, each_row);
    return ran ? Result<void>() : std::unexpected(ran.error());
}

} // namespace

Result<MessageQueue> Messages::load_queue(const HubName& hub, const IdentityId& id) {
    MessageQueue queue;
    const std::string key = id.text();
    const Result<void> read = database_.read([&](Connection& connection) -> Result<void> {
        const auto ran = connection.run(select_queue, {hub.text(), key}, [&](const Row& row) {
            queue.version = row.integer(0);
            queue.last_sequence = row.integer(1);
        });
        if (!ran) {
            return std::unexpected(ran.error());
        }
        return queue.version == 0 ? Result<void>() : read_heads(connection, hub, key, queue);
    });
    if (!read) {
        return std::unexpected(read.error());
    }
    return queue;
}

Result<void> Messages::save_queue(const HubName& hub, const IdentityId& id,
                                  const QueueChange& change, std::int64_t expected_version) {
    const std::string key = id.text();
    const std::string properties =
        change.added ? to_pairs_text(change.added->properties) : std::string();
    return database_.write([&](Connection& connection) -> Result<void> {
        const QueueKey row{hub, key};
        if (auto saved = save_head(connection, row, change, expected_version); !saved) {
            return saved;
        }
        if (auto saved = save_messages(connection, row, change); !saved) {
            return saved;
        }
        if (change.added) {
            if (auto added = add_message(connection, row, *change.added, properties); !added) {
                return added;
            }
        }
        return append_feedback(connection, hub, change);
    });
}

Result<std::vector<CloudMessage>> Messages::read_messages(const HubName& hub, const IdentityId& id,
                                                          std::span<const std::int64_t> sequences) {
    const std::string key = id.text();
    std::vector<Copied> rows;
    const Result<void> read = database_.read([&](Connection& connection) -> Result<void> {
        for (const std::int64_t sequence : sequences) {
            const auto ran = connection.run(select_message, {hub.text(), key, sequence},
                                            [&](const Row& row) { rows.push_back(copy_row(row)); });
            if (!ran) {
                return std::unexpected(ran.error());
            }
        }
        return {};
    });
    if (!read) {
        return std::unexpected(read.error());
    }
    std::vector<CloudMessage> messages;
    for (Copied& row : rows) {
        Result<CloudMessage> message = message_from(std::move(row));
        if (!message) {
            return std::unexpected(message.error());
        }
        messages.push_back(std::move(*message));
    }
    return messages;
}

Result<std::vector<std::int64_t>> Messages::counts(const HubName& hub,
                                                   std::span<const IdentityId> ids) {
    std::unordered_map<std::string, std::int64_t> pending;
    const auto note = [&](const Row& row) {
        pending.emplace(std::string(row.text(0)), row.integer(1));
    };
    const Result<void> read = database_.read([&](Connection& connection) -> Result<void> {
        for (std::size_t from = 0; from < ids.size(); from += counted_together) {
            std::array<std::string, counted_together> keys; // an empty one finds nothing
            for (std::size_t at = 0; at < counted_together && from + at < ids.size(); ++at) {
                keys[at] = ids[from + at].text();
            }
            const auto counted = add_counts(connection, hub, keys,
                                            std::make_index_sequence<counted_together>{}, note);
            if (!counted) {
                return counted;
            }
        }
        return {};
    });
    if (!read) {
        return std::unexpected(read.error());
    }
    std::vector<std::int64_t> counts;
    for (const IdentityId& id : ids) {
        const auto found = pending.find(id.text());
        counts.push_back(found == pending.end() ? 0 : found->second);
    }
    return counts;
}

Result<std::vector<IdentityId>> Messages::with_expired(const HubName& hub, WallTime now,
                                                       std::size_t count_max) {
    const auto found =
        read_texts(database_, select_expired, {hub.text(), to_column(now), row_limit(count_max)});
    if (!found) {
        return std::unexpected(found.error());
    }
    std::vector<IdentityId> ids;
    for (const std::string& text : *found) {
        auto id = hub::parse_identity_id(text);
        if (!id) {
            return damaged_document(id.error());
        }
        ids.push_back(std::move(*id));
    }
    return ids;
}

} // namespace muster::store::sql
