#include "store/sqlite/migration.h"

#include <fmt/format.h>

namespace muster::store::sqlite {

namespace {

constexpr std::int64_t our_application_id = 0x4d737472; // "Mstr"

Result<void> check_owner(Connection& connection, std::int64_t version) {
    const auto owner = connection.query_integer("PRAGMA application_id");
    if (!owner) {
        return std::unexpected(owner.error());
    }
    const auto tables = connection.query_integer("SELECT COUNT(*) FROM sqlite_master");
    if (!tables) {
        return std::unexpected(tables.error());
    }
    const bool is_new = *owner == 0 && version == 0 && *tables == 0;
    if (!is_new && *owner != our_application_id) {
        return fail(Code::unsupported, "the file is not a database of muster");
    }
    return {};
}

Result<void> apply(Connection& connection, const sql::Migration& migration, std::int64_t to) {
    for (const sql::Statement& statement : migration.statements) {
        if (Result<void> ran = connection.execute(statement.text); !ran) {
            return ran;
        }
    }
    return connection.execute(fmt::format("PRAGMA application_id = {}; PRAGMA user_version = {}",
                                          our_application_id, to));
}

/// One step, if there is one to make. The version is read under the write lock: another process may
/// be migrating the same file.
Result<bool> migrate_once(Connection& connection, std::span<const sql::Migration> migrations) {
    const auto version = connection.query_integer("PRAGMA user_version");
    if (!version) {
        return std::unexpected(version.error());
    }
    if (Result<void> ours = check_owner(connection, *version); !ours) {
        return std::unexpected(ours.error());
    }
    const auto current = static_cast<std::int64_t>(migrations.size());
    if (*version < 0 || *version > current) {
        return fail(Code::unsupported,
                    fmt::format("the database has schema {}, this program knows schemas up to {}",
                                *version, current));
    }
    if (*version == current) {
        return false;
    }
    const auto& next = migrations[static_cast<std::size_t>(*version)];
    if (Result<void> applied = apply(connection, next, *version + 1); !applied) {
        return std::unexpected(applied.error());
    }
    return true;
}

Result<bool> migrate_once_in_transaction(Connection& connection,
                                         std::span<const sql::Migration> migrations) {
    if (Result<void> begun = connection.execute("BEGIN IMMEDIATE"); !begun) {
        return std::unexpected(begun.error());
    }
    Result<bool> migrated = migrate_once(connection, migrations);
    if (!migrated) {
        static_cast<void>(connection.execute("ROLLBACK"));
        return migrated;
    }
    if (Result<void> committed = connection.execute("COMMIT"); !committed) {
        static_cast<void>(connection.execute("ROLLBACK"));
        return std::unexpected(committed.error());
    }
    return migrated;
}

} // namespace

Result<void> migrate(Connection& connection, std::span<const sql::Migration> migrations) {
    Result<bool> migrated = true;
    while (migrated && *migrated) {
        migrated = migrate_once_in_transaction(connection, migrations);
    }
    return migrated ? Result<void>() : std::unexpected(migrated.error());
}

} // namespace muster::store::sqlite
