// seal_database(): a document that is replaced leaves its bytes in the file until the page is used
// again, so the file is rewritten afterwards. A table remembers that this is still to be done.

#include "store/sql/resealing.h"
#include "store/sqlite/database.h"

namespace muster::store::sqlite {

namespace {

constexpr std::string_view remember_to_rewrite =
    "CREATE TABLE IF NOT EXISTS sealing_under_way (since BIGINT)";
constexpr std::string_view is_to_be_rewritten =
    "SELECT COUNT(*) FROM sqlite_master WHERE name = 'sealing_under_way'";

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
    const auto is_due = connection.query_integer(is_to_be_rewritten);
    if (!is_due) {
        return std::unexpected(is_due.error());
    }
    if (*is_due == 0) {
        return {};
    }
    // The copy may be larger than the memory; everything in it is sealed by now.
    return connection.execute("PRAGMA temp_store = FILE; VACUUM; DROP TABLE sealing_under_way");
}

} // namespace

} // namespace muster::store::sqlite

namespace muster::store {

Result<SealingProgress> seal_database(const std::filesystem::path& file,
                                      const crypto::KeyRing& keys) {
    auto opened = sqlite::open_writer(file);
    if (!opened) {
        return std::unexpected(opened.error());
    }
    sqlite::Connection& connection = **opened;
    sql::Resealing walk(keys);
    Result<bool> more = true;
    while (more && *more) {
        more = sqlite::step(connection, walk);
    }
    if (!more) {
        return std::unexpected(more.error());
    }
    if (Result<void> rewritten = sqlite::rewrite(connection); !rewritten) {
        return std::unexpected(rewritten.error());
    }
    // The log still has the pages of before.
    if (Result<void> emptied = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)"); !emptied) {
        return std::unexpected(emptied.error());
    }
    return walk.progress();
}

} // namespace muster::store
