// seal_database(): a document that is replaced leaves its bytes in the file until the page is used
// again, so the file is rewritten afterwards. A table remembers that this is still to be done.

#include "store/sql/resealing.h"
#include "store/sqlite/database.h"

namespace muster::store::sqlite {

namespace {

constexpr std::string_view remember_to_rewrite =
    "CREATE TABLE IF NOT EXISTS sealing_under_way (since BIGINT)";

/// Something was left to do, be it only to rewrite the file.
Result<bool> is_under_way(Connection& connection) {
    const auto tables = connection.query_integer(
        "SELECT COUNT(*) FROM sqlite_master WHERE name = 'sealing_under_way'");
    return tables ? Result<bool>(*tables != 0) : std::unexpected(tables.error());
}

/// False at the end of the walk.
Result<bool> step(Connection& connection, sql::Resealing& walk) {
    if (Result<void> begun = connection.execute("BEGIN IMMEDIATE"); !begun) {
        return std::unexpected(begun.error());
    }
    const auto sealed = walk.step(connection);
    Result<void> kept = sealed ? Result<void>() : std::unexpected(sealed.error());
    if (kept && sealed->value_or(0) > 0) {
        kept = connection.execute(remember_to_rewrite);
    }
    if (kept) {
        kept = connection.execute("COMMIT");
    }
    if (!kept) {
        static_cast<void>(connection.execute("ROLLBACK"));
        return std::unexpected(kept.error());
    }
    return sealed->has_value();
}

Result<void> rewrite(Connection& connection) {
    const auto is_due = is_under_way(connection);
    if (!is_due) {
        return std::unexpected(is_due.error());
    }
    if (!*is_due) {
        return {};
    }
    // The copy may be larger than the memory; everything in it is sealed by now.
    return connection.execute("PRAGMA temp_store = FILE; VACUUM; DROP TABLE sealing_under_way");
}

Result<SealingProgress> seal(Connection& connection, const crypto::KeyRing& keys) {
    sql::Resealing walk(keys);
    Result<bool> more = true;
    while (more && *more) {
        more = step(connection, walk);
        connection.shorten_log({}); // or it grows with the database
    }
    if (!more) {
        return std::unexpected(more.error());
    }
    if (Result<void> rewritten = rewrite(connection); !rewritten) {
        return std::unexpected(rewritten.error());
    }
    // The log still has the pages of before.
    if (Result<void> emptied = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)"); !emptied) {
        return std::unexpected(emptied.error());
    }
    return walk.progress();
}

} // namespace

} // namespace muster::store::sqlite

namespace muster::store {

Result<SealingProgress> seal_database(const std::filesystem::path& file,
                                      const crypto::KeyRing& keys) {
    const auto opened = sqlite::open_writer(file);
    return opened ? sqlite::seal(**opened, keys) : std::unexpected(opened.error());
}

Result<SealingProgress> finish_sealing(const std::filesystem::path& file,
                                       const crypto::KeyRing& keys) {
    const auto opened = sqlite::open_writer(file);
    if (!opened) {
        return std::unexpected(opened.error());
    }
    const auto is_due = sqlite::is_under_way(**opened);
    if (!is_due) {
        return std::unexpected(is_due.error());
    }
    return *is_due ? sqlite::seal(**opened, keys) : SealingProgress();
}

} // namespace muster::store
