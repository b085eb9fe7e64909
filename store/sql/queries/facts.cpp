#include "store/sql/queries/facts.h"

#include "base/log.h"
#include "hub/documents.h"
#include "hub/queries/twin_row.h"
#include "store/sql/queries/tag_index.h"
#include "store/sql/sealed_table.h"

#include <optional>

namespace muster::store::sql {

namespace {

constexpr std::int64_t rows_per_step = 500;

constexpr Statement update_facts{"UPDATE device SET facts = $3 WHERE hub = $1 AND id = $2"};
constexpr Statement select_position{"SELECT hub, id FROM device_filling"};
constexpr Statement advance_position{"UPDATE device_filling SET hub = $1, id = $2"};
constexpr Statement end_filling{"DELETE FROM device_filling"};
constexpr Statement select_next{
    "SELECT device.hub, device.id, device.document, twin.document FROM device"
    " JOIN twin ON twin.hub = device.hub AND twin.device = device.id"
    " WHERE (device.hub, device.id) > ($1, $2) ORDER BY device.hub, device.id LIMIT $3"};

struct Position {
    std::string hub;
    std::string id;
};

struct OldRow {
    Position position;
    std::string device;
    std::string twin;
};

Result<std::optional<Position>> position_of(Connection& connection) {
    std::optional<Position> position;
    const auto ran = connection.run(select_position, {}, [&](const Row& row) {
        position = {.hub = std::string(row.text(0)), .id = std::string(row.text(1))};
    });
    return ran ? Result<std::optional<Position>>(std::move(position))
               : std::unexpected(ran.error());
}

Result<std::vector<OldRow>> rows_after(Connection& connection, const Position& position) {
    std::vector<OldRow> rows;
    const auto ran = connection.run(
        select_next, {position.hub, position.id, rows_per_step}, [&](const Row& row) {
            rows.push_back(
                {.position = {.hub = std::string(row.text(0)), .id = std::string(row.text(1))},
                 .device = std::string(row.text(2)),
                 .twin = std::string(row.text(3))});
        });
    return ran ? Result<std::vector<OldRow>>(std::move(rows)) : std::unexpected(ran.error());
}

Result<void> fill_row(Connection& connection, const SealedTable& table, const OldRow& row) {
    const auto& [hub_text, id_text] = row.position;
    const auto document = table.open({hub_text, id_text}, row.device);
    if (!document) {
        return std::unexpected(document.error()); // not under these keys: nothing may be skipped
    }
    const HubName hub(hub_text);
    const auto id = hub::parse_identity_id(id_text);
    const auto device = hub::stored_device(*document);
    const auto twin = from_text<hub::Twin>(row.twin, hub::stored_twin);
    if (!id || !device || !twin) { // whoever asks for it is told so; the others must not suffer
        log::warning("a device cannot be read", {{"hub", hub_text}, {"device", id_text}});
        return {};
    }
    const auto noted = note_facts(connection, hub, *id, *device);
    return noted ? index_tags(connection, hub, *id, twin->tags) : noted;
}

/// False if nothing was left.
Result<bool> step(Connection& connection, const SealedTable& table) {
    const auto position = position_of(connection);
    if (!position) {
        return std::unexpected(position.error());
    }
    if (!*position) {
        return false;
    }
    const auto rows = rows_after(connection, **position);
    if (!rows) {
        return std::unexpected(rows.error());
    }
    for (const OldRow& row : *rows) {
        if (Result<void> filled = fill_row(connection, table, row); !filled) {
            return std::unexpected(filled.error());
        }
    }
    const Result<void> noted =
        rows->empty() ? run_only(connection, end_filling, {})
                      : run_only(connection, advance_position,
                                 {rows->back().position.hub, rows->back().position.id});
    return noted ? Result<bool>(true) : std::unexpected(noted.error());
}

} // namespace

Result<void> note_facts(Connection& connection, const HubName& hub, const hub::IdentityId& id,
                        const hub::Device& device) {
    return run_only(connection, update_facts, {hub.text(), id.text(), hub::facts_text(device)});
}

Result<void> note_for_queries(Connection& connection, const HubName& hub,
                              const hub::DeviceWithTwin& created) {
    const hub::IdentityId id = created.device.identity();
    const auto noted = note_facts(connection, hub, id, created.device);
    return noted ? index_tags(connection, hub, id, created.twin.tags) : noted;
}

Result<void> fill_query_tables(Database& database, const crypto::KeyRing* keys) {
    const SealedTable table(database, "device", keys);
    for (bool is_more = true; is_more;) {
        const Result<void> written = database.write([&](Connection& connection) -> Result<void> {
            const auto stepped = step(connection, table);
            is_more = stepped.value_or(false);
            return stepped ? Result<void>() : std::unexpected(stepped.error());
        });
        if (!written) {
            return written;
        }
    }
    return {};
}

} // namespace muster::store::sql
