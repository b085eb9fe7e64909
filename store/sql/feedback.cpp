#include "hub/messages/names.h"
#include "store/sql/feedback_rows.h"
#include "store/sql/ports.h"
#include "store/sql/rows.h"

namespace muster::store::sql {

using hub::FeedbackRecord;

namespace {

constexpr Statement advance_last{
    "INSERT INTO hub_feedback (hub, last_sequence) VALUES ($1, $2)"
    " ON CONFLICT (hub)"
    " DO UPDATE SET last_sequence = hub_feedback.last_sequence + excluded.last_sequence"
    " RETURNING last_sequence"};
constexpr Statement insert_feedback{
    "INSERT INTO feedback (hub, sequence, at, device, generation_id, message_id, outcome)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7)"};
// Sequences have no gaps but those of records that are gone: a number tells how many there can be.
constexpr Statement delete_beyond{"DELETE FROM feedback WHERE hub = $1 AND sequence <= $2"};
constexpr Statement select_feedback{
    "SELECT sequence, at, device, generation_id, message_id, outcome FROM feedback"
    " WHERE hub = $1 AND at >= $2 ORDER BY sequence LIMIT $3"};
constexpr Statement delete_feedback{"DELETE FROM feedback WHERE hub = $1 AND sequence = $2"};
constexpr Statement select_old{"SELECT 1 FROM feedback WHERE hub = $1 AND at < $2 LIMIT 1"};
constexpr Statement delete_old{
    "DELETE FROM feedback WHERE hub = $1 AND sequence IN"
    " (SELECT sequence FROM feedback WHERE hub = $1 AND at < $2 ORDER BY at LIMIT $3)"};

std::int64_t to_column(WallTime time) {
    return time.time_since_epoch().count();
}

Result<FeedbackRecord> record_from(const Row& row) {
    auto identity = hub::parse_identity_id(row.text(2));
    const auto end = hub::message_end_named(row.text(5));
    if (!identity || !end) {
        return damaged_document({.detail = "a record of feedback", .cause = {}});
    }
    return FeedbackRecord{.sequence = row.integer(0),
                          .identity = std::move(*identity),
                          .generation_id = std::string(row.text(3)),
                          .message_id = std::string(row.text(4)),
                          .end = *end,
                          .at = WallTime(WallTime::duration(row.integer(1)))};
}

} // namespace

Result<void> append_feedback(Connection& connection, const HubName& hub,
                             const hub::QueueChange& change) {
    if (change.feedback.empty()) {
        return {};
    }
    const auto count = static_cast<std::int64_t>(change.feedback.size());
    const auto last = integer_of(connection, advance_last, {hub.text(), count}, 0);
    if (!last) {
        return std::unexpected(last.error());
    }
    std::int64_t sequence = *last - count;
    for (const FeedbackRecord& record : change.feedback) {
        const std::string device = record.identity.text();
        const auto inserted =
            run_only(connection, insert_feedback,
                     {hub.text(), ++sequence, to_column(record.at), device, record.generation_id,
                      record.message_id, hub::to_text(record.end)});
        if (!inserted) {
            return inserted;
        }
    }
    return run_only(connection, delete_beyond, {hub.text(), *last - change.feedback_max});
}

Result<std::vector<FeedbackRecord>> Feedback::read_feedback(const HubName& hub, WallTime since,
                                                            std::size_t count_max) {
    std::vector<FeedbackRecord> records;
    const Result<void> read = database_.read([&](Connection& connection) -> Result<void> {
        Result<void> fine;
        const auto ran =
            connection.run(select_feedback, {hub.text(), to_column(since), row_limit(count_max)},
                           [&](const Row& row) {
                               auto record = record_from(row);
                               record ? records.push_back(std::move(*record))
                                      : static_cast<void>(fine = std::unexpected(record.error()));
                           });
        return ran ? fine : std::unexpected(ran.error());
    });
    if (!read) {
        return std::unexpected(read.error());
    }
    return records;
}

Result<void> Feedback::erase_feedback(const HubName& hub, std::span<const std::int64_t> sequences) {
    return database_.write([&](Connection& connection) -> Result<void> {
        for (const std::int64_t sequence : sequences) {
            const auto erased = run_only(connection, delete_feedback, {hub.text(), sequence});
            if (!erased) {
                return erased;
            }
        }
        return {};
    });
}

Result<std::int64_t> Feedback::drop_feedback(const HubName& hub, WallTime before,
                                             std::size_t count_max) {
    const auto any = read_integer(database_, select_old, {hub.text(), to_column(before)}, 0);
    if (!any || *any == 0) {
        return any; // asked often, and there is seldom anything
    }
    std::int64_t dropped = 0;
    const Result<void> written = database_.write([&](Connection& connection) -> Result<void> {
        const auto ran =
            connection.run(delete_old, {hub.text(), to_column(before), row_limit(count_max)});
        dropped = ran.value_or(0);
        return ran ? Result<void>() : std::unexpected(ran.error());
    });
    if (!written) {
        return std::unexpected(written.error());
    }
    return dropped;
}

} // namespace muster::store::sql
