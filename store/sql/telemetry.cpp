#include "base/encoding.h"
#include "store/retention.h"
#include "store/sql/pairs.h"
#include "store/sql/ports.h"
#include "store/sql/rows.h"

namespace muster::store::sql {

using hub::Message;

namespace {

constexpr Statement select_last{"SELECT last_sequence FROM hub_telemetry WHERE hub = $1"};
constexpr Statement advance_last{
    "INSERT INTO hub_telemetry (hub, last_sequence) VALUES ($1, $2)"
    " ON CONFLICT (hub)"
    " DO UPDATE SET last_sequence = hub_telemetry.last_sequence + excluded.last_sequence"
    " RETURNING last_sequence"};
constexpr Statement insert_message{
    "INSERT INTO telemetry (hub, sequence, enqueued, device, properties, auth_method,"
    " generation_id, model_id, body, module) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"};
constexpr Statement select_messages{
    "SELECT sequence, enqueued, device, properties, auth_method, generation_id, model_id, body,"
    " module FROM telemetry WHERE hub = $1 AND sequence > $2 ORDER BY sequence LIMIT $3"};
constexpr Statement select_oldest{
    "SELECT sequence FROM telemetry WHERE hub = $1 ORDER BY sequence LIMIT 1"};
constexpr Statement select_young{
    "SELECT sequence FROM telemetry"
    " WHERE hub = $1 AND sequence >= $2 AND sequence < $3 AND enqueued >= $4"
    " ORDER BY sequence LIMIT 1"};
constexpr Statement delete_before{"DELETE FROM telemetry WHERE hub = $1 AND sequence < $2"};

std::int64_t to_column(WallTime time) {
    return time.time_since_epoch().count();
}

/// The columns that need encoding, prepared outside the transaction.
struct Encoded {
    const Message* message = nullptr;
    std::string properties;
    std::string model_id;
};

/// A row as copied, to be decoded once the connection is free again.
struct Copied {
    Message message;
    std::string properties;
    std::string model_id;
};

std::vector<Encoded> encode(const std::vector<Message>& messages) {
    std::vector<Encoded> encoded;
    encoded.reserve(messages.size());
    for (const Message& message : messages) {
        encoded.push_back(
            {&message, to_pairs_text(message.properties), percent_encode(message.model_id)});
    }
    return encoded;
}

Result<void> insert(Connection& connection, const HubName& hub, std::int64_t sequence,
                    const Encoded& encoded) {
    const Message& message = *encoded.message;
    return run_only(connection, insert_message,
                    {hub.text(), sequence, to_column(message.enqueued), message.device.text(),
                     encoded.properties, message.auth_method, message.generation_id,
                     encoded.model_id, Bytes{message.body}, message.module.text()});
}

struct Appended {
    std::int64_t last = 0;
    std::int64_t dropped_max = 0;
    WallTime oldest_allowed;
};

/// Costs two look-ups when there is nothing to drop.
Result<void> drop_old(Connection& connection, const HubName& hub, const Appended& appended,
                      const hub::Retention& retention) {
    const auto oldest = integer_of(connection, select_oldest, {hub.text()}, appended.last + 1);
    if (!oldest) {
        return std::unexpected(oldest.error());
    }
    const std::int64_t reach = *oldest + appended.dropped_max;
    const auto young =
        integer_of(connection, select_young,
                   {hub.text(), *oldest, reach, to_column(appended.oldest_allowed)}, reach);
    if (!young) {
        return std::unexpected(young.error());
    }
    const std::int64_t first_kept =
        keep_from({*oldest, appended.last}, *young, appended.dropped_max, retention);
    if (first_kept <= *oldest) {
        return {};
    }
    return run_only(connection, delete_before, {hub.text(), first_kept});
}

Copied copy_row(const Row& row) {
    Message message{.sequence = row.integer(0),
                    .device = DeviceId(std::string(row.text(2))),
                    .module = ModuleId(std::string(row.text(8))),
                    .enqueued = WallTime(WallTime::duration(row.integer(1))),
                    .auth_method = std::string(row.text(4)),
                    .generation_id = std::string(row.text(5)),
                    .body = std::string(row.text(7))};
    return {std::move(message), std::string(row.text(3)), std::string(row.text(6))};
}

Result<Message> message_from(Copied copied) {
    Result<std::string> model_id = percent_decode(copied.model_id);
    if (!model_id) {
        return damaged_document(model_id.error());
    }
    Result<Pairs> properties = from_pairs_text(copied.properties);
    if (!properties) {
        return damaged_document(properties.error());
    }
    copied.message.model_id = std::move(*model_id);
    copied.message.properties = std::move(*properties);
    return std::move(copied.message);
}

} // namespace

Result<void> Telemetry::append(const HubName& hub, std::vector<Message>& messages,
                               const hub::Retention& retention) {
    if (messages.empty()) {
        return {};
    }
    const std::vector<Encoded> encoded = encode(messages);
    const auto count = static_cast<std::int64_t>(messages.size());
    Appended appended{.dropped_max = drops_max(messages.size()),
                      .oldest_allowed = oldest_allowed(messages, retention)};
    const Result<void> written = database_.write([&](Connection& connection) -> Result<void> {
        const auto last = integer_of(connection, advance_last, {hub.text(), count}, 0);
        if (!last) {
            return std::unexpected(last.error());
        }
        appended.last = *last;
        std::int64_t sequence = *last - count;
        for (const Encoded& message : encoded) {
            const Result<void> inserted = insert(connection, hub, ++sequence, message);
            if (!inserted) {
                return inserted;
            }
        }
        return drop_old(connection, hub, appended, retention);
    });
    if (!written) {
        return written;
    }
    std::int64_t sequence = appended.last - count;
    for (Message& message : messages) {
        message.sequence = ++sequence;
    }
    return {};
}

Result<std::vector<Message>> Telemetry::read(const HubName& hub, std::int64_t after,
                                             std::size_t count_max) {
    std::vector<Copied> rows;
    const Result<void> read = database_.read([&](Connection& connection) -> Result<void> {
        const auto ran = connection.run(select_messages, {hub.text(), after, row_limit(count_max)},
                                        [&](const Row& row) { rows.push_back(copy_row(row)); });
        return ran ? Result<void>() : std::unexpected(ran.error());
    });
    if (!read) {
        return std::unexpected(read.error());
    }
    std::vector<Message> messages;
    messages.reserve(rows.size());
    for (Copied& row : rows) {
        Result<Message> message = message_from(std::move(row));
        if (!message) {
            return std::unexpected(message.error());
        }
        messages.push_back(std::move(*message));
    }
    return messages;
}

Result<std::int64_t> Telemetry::last_sequence(const HubName& hub) {
    return read_integer(database_, select_last, {hub.text()}, 0);
}

} // namespace muster::store::sql
