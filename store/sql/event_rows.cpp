#include "store/sql/event_rows.h"

#include "base/encoding.h"
#include "store/event_retention.h"
#include "store/sql/pairs.h"
#include "store/sql/rows.h"

#include <utility>

namespace muster::store::sql {

using hub::Event;

namespace {

constexpr Statement advance_log{
    "INSERT INTO hub_event_log (hub, last_sequence, bytes) VALUES ($1, $2, $3)"
    " ON CONFLICT (hub) DO UPDATE SET"
    " last_sequence = hub_event_log.last_sequence + excluded.last_sequence,"
    " bytes = hub_event_log.bytes + excluded.bytes"
    " RETURNING last_sequence, bytes"};
constexpr Statement insert_event{
    "INSERT INTO hub_event (hub, sequence, part, source, enqueued, device, module, bytes,"
    " properties, auth_method, generation_id, model_id, body)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)"};
constexpr Statement select_oldest{
    "SELECT sequence, bytes, enqueued FROM hub_event WHERE hub = $1 AND sequence > $2"
    " ORDER BY sequence LIMIT $3"};
constexpr Statement delete_oldest{"DELETE FROM hub_event WHERE hub = $1 AND sequence <= $2"};
constexpr Statement take_bytes_off{"UPDATE hub_event_log SET bytes = bytes - $2 WHERE hub = $1"};

std::int64_t to_column(WallTime time) {
    return time.time_since_epoch().count();
}

WallTime to_time(std::int64_t column) {
    return WallTime(WallTime::duration(column));
}

Result<void> drop_old(Connection& connection, const HubName& hub, EventRetentionWalk walk,
                      std::size_t appended_count) {
    bool more = true;
    for (const std::size_t piece : pieces_to_look_at(appended_count)) {
        const std::int64_t after = walk.dropped_last();
        const auto looked = connection.run(
            select_oldest, {hub.text(), after, row_limit(piece)}, [&](const Row& row) {
                more = more && walk.drops({.sequence = row.integer(0),
                                           .bytes = row.integer(1),
                                           .enqueued = to_time(row.integer(2))});
            });
        if (!looked) {
            return std::unexpected(looked.error());
        }
        if (!more || walk.dropped_last() == after) {
            break;
        }
    }
    if (walk.dropped_last() == 0) {
        return {};
    }
    const auto dropped = run_only(connection, delete_oldest, {hub.text(), walk.dropped_last()});
    return dropped ? run_only(connection, take_bytes_off, {hub.text(), walk.dropped_bytes()})
                   : dropped;
}

} // namespace

EventAppend::EventAppend(const HubName& hub, hub::EventBatch& batch) : hub_(hub), batch_(batch) {
    encoded_.reserve(batch.events.size());
    for (const Event& event : batch.events) {
        const auto bytes = static_cast<std::int64_t>(bytes_of(event));
        encoded_.push_back(
            {to_pairs_text(event.properties), percent_encode(event.model_id), bytes});
        bytes_ += bytes;
    }
}

Result<void> EventAppend::run(Connection& connection) {
    if (encoded_.empty()) {
        return {};
    }
    const auto count = static_cast<std::int64_t>(encoded_.size());
    LogTotals log;
    const auto advanced =
        connection.run(advance_log, {hub_.text(), count, bytes_}, [&](const Row& row) {
            log = {.last = row.integer(0), .bytes = row.integer(1)};
        });
    if (!advanced) {
        return std::unexpected(advanced.error());
    }
    last_ = log.last;
    for (std::size_t at = 0; at < encoded_.size(); ++at) {
        const auto sequence = last_ - count + 1 + static_cast<std::int64_t>(at);
        if (auto inserted = insert(connection, at, sequence); !inserted) {
            return inserted;
        }
    }
    return drop_old(connection, hub_, EventRetentionWalk(batch_, log), encoded_.size());
}

Result<void> EventAppend::insert(Connection& connection, std::size_t at,
                                 std::int64_t sequence) const {
    const Event& event = batch_.events[at];
    const Encoded& encoded = encoded_[at];
    return run_only(connection, insert_event,
                    {hub_.text(), sequence, std::int64_t{event.partition},
                     static_cast<std::int64_t>(event.source), to_column(event.enqueued),
                     event.identity.device.text(), event.identity.module.text(), encoded.bytes,
                     encoded.properties, event.auth_method, event.generation_id, encoded.model_id,
                     Bytes{event.body}});
}

void EventAppend::committed() {
    std::int64_t sequence = last_ - static_cast<std::int64_t>(batch_.events.size());
    for (Event& event : batch_.events) {
        event.sequence = ++sequence;
    }
}

Result<void> write_with_events(Database& database, const HubName& hub, hub::EventBatch& batch,
                               const Work& work) {
    EventAppend append(hub, batch);
    auto written = database.write([&](Connection& connection) -> Result<void> {
        auto done = work(connection);
        return done ? append.run(connection) : done;
    });
    if (written) {
        append.committed();
    }
    return written;
}

CopiedEvent copy_event(const Row& row) {
    Event event{
        .sequence = row.integer(0),
        .partition = static_cast<int>(row.integer(1)),
        .source = static_cast<hub::EventSource>(row.integer(2)),
        .identity = {DeviceId(std::string(row.text(4))), ModuleId(std::string(row.text(5)))},
        .enqueued = to_time(row.integer(3)),
        .properties = {},
        .auth_method = std::string(row.text(8)),
        .generation_id = std::string(row.text(9)),
        .model_id = {},
        .body = std::string(row.text(11))};
    return {std::move(event), std::string(row.text(7)), std::string(row.text(10))};
}

Result<Event> event_from(CopiedEvent copied) {
    Result<std::string> model_id = percent_decode(copied.model_id);
    if (!model_id) {
        return damaged_document(model_id.error());
    }
    Result<Pairs> properties = from_pairs_text(copied.properties);
    if (!properties) {
        return damaged_document(properties.error());
    }
    if (name_of(copied.event.source).empty()) {
        return damaged_document({.code = Code::internal, .detail = "not a source of events"});
    }
    copied.event.model_id = std::move(*model_id);
    copied.event.properties = std::move(*properties);
    return std::move(copied.event);
}

} // namespace muster::store::sql
