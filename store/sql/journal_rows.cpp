#include "store/sql/journal_rows.h"

#include "base/encoding.h"
#include "store/device_events.h"
#include "store/sql/rows.h"

#include <algorithm>
#include <set>

namespace muster::store::sql {

using provisioning::DeviceEvent;
using provisioning::DeviceEventKind;
using provisioning::JournalBounds;

namespace {

constexpr Statement advance_journal{
    "INSERT INTO scope_journal (scope, last_sequence, events) VALUES ($1, $2, $2)"
    " ON CONFLICT (scope) DO UPDATE"
    " SET last_sequence = scope_journal.last_sequence + excluded.last_sequence,"
    " events = scope_journal.events + excluded.events"
    " RETURNING last_sequence, events"};
constexpr Statement insert_event{
    "INSERT INTO journal"
    " (scope, sequence, folded_id, tracking, folded_group, refusal, at, document)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"};
constexpr Statement drop_of_device{
    "DELETE FROM journal WHERE scope = $1 AND folded_id = $2 AND sequence <="
    " (SELECT sequence FROM journal WHERE scope = $1 AND folded_id = $2"
    " ORDER BY sequence DESC LIMIT 1 OFFSET $3)"};
constexpr Statement delete_oldest{
    "DELETE FROM journal WHERE scope = $1 AND sequence IN"
    " (SELECT sequence FROM journal WHERE scope = $1 ORDER BY sequence LIMIT $2)"};
constexpr Statement subtract_events{
    "UPDATE scope_journal SET events = events - $2 WHERE scope = $1"};

struct JournalState {
    std::int64_t last_sequence = 0;
    std::int64_t events = 0;
};

Result<JournalState> advance(Connection& connection, const IdScope& scope, std::int64_t count) {
    JournalState state;
    const auto ran = connection.run(advance_journal, {scope.text(), count}, [&](const Row& row) {
        state = {row.integer(0), row.integer(1)};
    });
    return ran ? Result<JournalState>(state) : std::unexpected(ran.error());
}

/// Null for what the event does not have: it is in no index then.
Value optional_column(const std::string& text) {
    return text.empty() ? Value(Null{}) : Value(std::string_view(text));
}

Result<void> insert(Connection& connection, const IdScope& scope, std::int64_t sequence,
                    const DeviceEvent& event) {
    const std::string device = event_key(event.registration_id);
    const std::string group = event_key(event.group);
    const std::string document = to_event_document(event);
    const std::int64_t refusal = is_refusal(event.kind) ? 1 : 0;
    return run_only(connection, insert_event,
                    {scope.text(), sequence, device, optional_column(event.tracking_id),
                     optional_column(group), refusal, event.at.time_since_epoch().count(),
                     document});
}

Result<std::int64_t> drop_over_device_bound(Connection& connection, const IdScope& scope,
                                            std::span<const DeviceEvent> events,
                                            std::int64_t bound) {
    std::set<std::string> devices;
    for (const DeviceEvent& event : events) {
        devices.insert(event_key(event.registration_id));
    }
    std::int64_t dropped = 0;
    for (const std::string& device : devices) {
        const auto changed = connection.run(drop_of_device, {scope.text(), device, bound});
        if (!changed) {
            return changed;
        }
        dropped += *changed;
    }
    return dropped;
}

Result<std::int64_t> drop_over_scope_bound(Connection& connection, const IdScope& scope,
                                           std::int64_t excess) {
    return excess > 0 ? connection.run(delete_oldest, {scope.text(), excess}) : 0;
}

Result<void> subtract(Connection& connection, const IdScope& scope, std::int64_t dropped) {
    return dropped == 0 ? Result<void>()
                        : run_only(connection, subtract_events, {scope.text(), dropped});
}

Result<DeviceEventKind> parse_kind(std::string_view text) {
    for (const DeviceEventKind kind : provisioning::device_event_kinds) {
        if (to_string(kind) == text) {
            return kind;
        }
    }
    return fail(Code::malformed, "no such kind of event");
}

} // namespace

std::string to_event_document(const DeviceEvent& event) {
    return to_text(JsonObject{{"kind", to_string(event.kind)},
                              {"registrationId", percent_encode(event.registration_id)},
                              {"group", percent_encode(event.group)},
                              {"detail", storable_detail(event.detail)}});
}

Result<void> read_event_document(std::string_view text, DeviceEvent& event) {
    const Result<JsonObject> document = parse_stored_document(text);
    if (!document) {
        return std::unexpected(document.error());
    }
    const auto kind = parse_kind(string_member(*document, "kind").value_or(""));
    auto id = percent_decode(string_member(*document, "registrationId").value_or("%"));
    auto group = percent_decode(string_member(*document, "group").value_or("%"));
    const Json* detail = find_member(*document, "detail");
    if (!kind || !id || !group || detail == nullptr || !detail->is_object()) {
        return damaged_document({.detail = "an event of the journal", .cause = {}});
    }
    event.kind = *kind;
    event.registration_id = std::move(*id);
    event.group = std::move(*group);
    event.detail = detail->get_object();
    return {};
}

Result<void> append_events(Connection& connection, const IdScope& scope,
                           std::span<const DeviceEvent> events, const JournalBounds& bounds) {
    const auto count = static_cast<std::int64_t>(events.size());
    const Result<JournalState> state = advance(connection, scope, count);
    if (!state) {
        return std::unexpected(state.error());
    }
    std::int64_t sequence = state->last_sequence - count;
    for (const DeviceEvent& event : events) {
        if (Result<void> inserted = insert(connection, scope, ++sequence, event); !inserted) {
            return inserted;
        }
    }
    const auto of_devices =
        drop_over_device_bound(connection, scope, events, bounds.events_per_device);
    if (!of_devices) {
        return std::unexpected(of_devices.error());
    }
    const auto of_scope = drop_over_scope_bound(
        connection, scope, state->events - *of_devices - bounds.events_per_scope);
    if (!of_scope) {
        return std::unexpected(of_scope.error());
    }
    return subtract(connection, scope, *of_devices + *of_scope);
}

Result<std::int64_t> purge_events(Connection& connection, const IdScope& scope,
                                  std::int64_t count_max) {
    const auto purged = connection.run(delete_oldest, {scope.text(), count_max});
    if (!purged) {
        return purged;
    }
    const Result<void> subtracted = subtract(connection, scope, *purged);
    return subtracted ? purged : std::unexpected(subtracted.error());
}

} // namespace muster::store::sql
