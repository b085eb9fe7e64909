#include "store/device_events.h"
#include "store/sql/journal_rows.h"
#include "store/sql/operator_ports.h"
#include "store/sql/rows.h"

#include <limits>
#include <string>

namespace muster::store::sql {

using provisioning::DeviceEvent;
using provisioning::JournalQuery;

namespace {

/// A question that is answered by walking down one index. They differ in nothing but the condition
/// that leads the engine to it; the others are checked on the rows found there.
class Walk {
  public:
    explicit Walk(std::string_view leading_condition)
        : text_("SELECT sequence, at, tracking, document FROM journal"
                " WHERE scope = $1 AND sequence < $2 AND at >= $3 AND at < $4 AND refusal >= $5"
                " AND (CAST($6 AS TEXT) IS NULL OR folded_id = $6)"
                " AND (CAST($7 AS TEXT) IS NULL OR folded_group = $7)"
                " AND (CAST($8 AS TEXT) IS NULL OR tracking = $8)" +
                std::string(leading_condition) + " ORDER BY sequence DESC LIMIT $9") {}

    [[nodiscard]] const Statement& statement() const { return statement_; }

  private:
    const std::string text_;
    const Statement statement_{text_};
};

/// The most selective that the query allows. Without a name or a mark to go by, the walk is as long
/// as the bound of the scope at worst.
const Statement& statement_for(const JournalQuery& query) {
    static const Walk by_tracking(" AND tracking = $8");
    static const Walk by_device(" AND folded_id = $6");
    static const Walk by_group(" AND folded_group = $7");
    static const Walk by_refusal(" AND refusal = 1");
    static const Walk by_sequence("");
    if (query.tracking_id) {
        return by_tracking.statement();
    }
    if (query.registration_id) {
        return by_device.statement();
    }
    if (query.group) {
        return by_group.statement();
    }
    return (query.refusals_only ? by_refusal : by_sequence).statement();
}

Value text_or_null(const std::optional<std::string>& text) {
    return text ? Value(std::string_view(*text)) : Value(Null{});
}

std::optional<std::string> key_of(const std::optional<std::string>& id) {
    return id ? std::optional(event_key(*id)) : std::nullopt;
}

std::int64_t column_of(const std::optional<WallTime>& time, std::int64_t if_open) {
    return time ? time->time_since_epoch().count() : if_open;
}

/// A row as copied, to be decoded once the connection is free again.
struct Copied {
    DeviceEvent event;
    std::string document;
};

Copied copy_row(const Row& row) {
    DeviceEvent event{.sequence = row.integer(0),
                      .at = WallTime(WallTime::duration(row.integer(1))),
                      .registration_id = {},
                      .tracking_id = std::string(row.text(2)),
                      .group = {},
                      .detail = {}};
    return {std::move(event), std::string(row.text(3))};
}

Result<std::vector<DeviceEvent>> decode(std::vector<Copied> rows) {
    std::vector<DeviceEvent> events;
    events.reserve(rows.size());
    for (Copied& row : rows) {
        if (Result<void> read = read_event_document(row.document, row.event); !read) {
            return std::unexpected(read.error());
        }
        events.push_back(std::move(row.event));
    }
    return events;
}

} // namespace

Result<void> Journal::append(const IdScope& scope, std::span<const DeviceEvent> events) {
    if (events.empty()) {
        return {};
    }
    return database_.write([&](Connection& connection) {
        return append_events(connection, scope, events, settings_.journal);
    });
}

Result<std::vector<DeviceEvent>> Journal::find(const IdScope& scope, const JournalQuery& query,
                                               std::int64_t before, std::size_t count_max) {
    using Limits = std::numeric_limits<std::int64_t>;
    const std::int64_t below = before == 0 ? Limits::max() : before;
    const std::int64_t from = column_of(query.from, Limits::min());
    const std::int64_t until = column_of(query.until, Limits::max());
    const std::int64_t refusal_min = query.refusals_only ? 1 : 0;
    const auto device = key_of(query.registration_id);
    const auto group = key_of(query.group);
    std::vector<Copied> rows;
    const Result<void> read = database_.read([&](Connection& connection) -> Result<void> {
        const auto ran = connection.run(statement_for(query),
                                        {scope.text(), below, from, until, refusal_min,
                                         text_or_null(device), text_or_null(group),
                                         text_or_null(query.tracking_id), row_limit(count_max)},
                                        [&](const Row& row) { rows.push_back(copy_row(row)); });
        return ran ? Result<void>() : std::unexpected(ran.error());
    });
    if (!read) {
        return std::unexpected(read.error());
    }
    return decode(std::move(rows));
}

} // namespace muster::store::sql
