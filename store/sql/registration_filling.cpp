#include "store/sql/registration_filling.h"

#include "base/log.h"
#include "provisioning/documents.h"
#include "store/sql/registration_rows.h"
#include "store/sql/sealed_table.h"

#include <optional>

namespace muster::store::sql {

namespace {

constexpr std::int64_t rows_per_step = 1000;

constexpr Statement select_position{"SELECT scope, folded_id FROM registration_filling"};
constexpr Statement advance_position{"UPDATE registration_filling SET scope = $1, folded_id = $2"};
constexpr Statement end_filling{"DELETE FROM registration_filling"};
constexpr Statement select_next{"SELECT scope, folded_id, document FROM registration"
                                " WHERE (scope, folded_id) > ($1, $2)"
                                " ORDER BY scope, folded_id LIMIT $3"};
constexpr Statement update_columns{"UPDATE registration SET hub = $3, assigned_hub = $4"
                                   " WHERE scope = $1 AND folded_id = $2"};

struct Position {
    std::string scope;
    std::string id;
};

struct OldRow {
    Position position;
    std::string document;
};

Result<std::optional<Position>> position_of(Connection& connection) {
    std::optional<Position> position;
    const auto ran = connection.run(select_position, {}, [&](const Row& row) {
        position = {.scope = std::string(row.text(0)), .id = std::string(row.text(1))};
    });
    return ran ? Result<std::optional<Position>>(std::move(position))
               : std::unexpected(ran.error());
}

Result<std::vector<OldRow>> rows_after(Connection& connection, const Position& position) {
    std::vector<OldRow> rows;
    const auto ran = connection.run(
        select_next, {position.scope, position.id, rows_per_step}, [&](const Row& row) {
            rows.push_back(
                {.position = {.scope = std::string(row.text(0)), .id = std::string(row.text(1))},
                 .document = std::string(row.text(2))});
        });
    return ran ? Result<std::vector<OldRow>>(std::move(rows)) : std::unexpected(ran.error());
}

Result<void> fill_row(Connection& connection, const SealedTable& table, const OldRow& row) {
    const Position& at = row.position;
    const auto document = table.open({at.scope, at.id}, row.document);
    if (!document) {
        return std::unexpected(document.error()); // not under these keys: nothing may be skipped
    }
    const auto record = provisioning::stored_registration(*document);
    if (!record) { // whoever asks for it is told so; the others must not suffer
        log::warning(
            "a registration cannot be read",
            {{"scope", at.scope}, {"registration", at.id}, {"cause", record.error().detail}});
        return {};
    }
    const RegistrationColumns columns = columns_of(*record);
    return run_only(connection, update_columns,
                    {at.scope, at.id, columns.hub, columns.assigned_hub});
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
                                 {rows->back().position.scope, rows->back().position.id});
    return noted ? Result<bool>(true) : std::unexpected(noted.error());
}

} // namespace

Result<void> fill_registrations(Database& database, const crypto::KeyRing* keys) {
    const SealedTable table(database, "registration", keys);
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
