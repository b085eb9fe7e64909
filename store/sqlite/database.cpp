#include "store/sqlite/database.h"

#include "store/sql/queries/facts.h"
#include "store/sql/registration_filling.h"
#include "store/sql/stores.h"
#include "store/sqlite/migration.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

namespace muster::store::sqlite {

namespace {

/// SQLite would create it as the umask says; it holds keys. Its log files take over the mode.
Result<void> create_private_file(const std::filesystem::path& file) {
    const int descriptor = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (descriptor < 0) {
        return fail(Code::unavailable, "the database file cannot be opened",
                    file.string() + ": " + std::generic_category().message(errno));
    }
    ::close(descriptor);
    return {};
}

Result<std::vector<std::unique_ptr<Connection>>> open_readers(const std::filesystem::path& file,
                                                              std::size_t count) {
    std::vector<std::unique_ptr<Connection>> readers;
    while (readers.size() < count) {
        Result<std::unique_ptr<Connection>> reader = Connection::open(file, Access::reading);
        if (!reader) {
            return std::unexpected(reader.error());
        }
        readers.push_back(std::move(*reader));
    }
    return readers;
}

} // namespace

Result<std::unique_ptr<Connection>> open_writer(const std::filesystem::path& file) {
    Result<std::unique_ptr<Connection>> writer = Connection::open(file, Access::writing);
    if (!writer) {
        return writer;
    }
    if (Result<void> migrated = migrate(**writer, sql::migrations()); !migrated) {
        return std::unexpected(migrated.error());
    }
    if (Result<void> entered = (*writer)->enter_wal_mode(); !entered) {
        return std::unexpected(entered.error());
    }
    return writer;
}

Result<std::unique_ptr<Database>> Database::open(const SqliteOptions& options) {
    if (Result<void> created = create_private_file(options.file); !created) {
        return std::unexpected(created.error());
    }
    auto writer = open_writer(options.file);
    if (!writer) {
        return std::unexpected(writer.error());
    }
    auto readers = open_readers(options.file, std::max<std::size_t>(options.readers, 1));
    if (!readers) {
        return std::unexpected(readers.error());
    }
    const WriterLimits limits{.group_rows_max = std::max<std::size_t>(options.group_rows_max, 1),
                              .queue_max = options.queue_max};
    return std::make_unique<Database>(std::move(*writer), limits, std::move(*readers));
}

} // namespace muster::store::sqlite

namespace muster::store {

Result<std::unique_ptr<Stores>> open_sqlite_stores(const SqliteOptions& options) {
    auto database = sqlite::Database::open(options);
    if (!database) {
        return std::unexpected(database.error());
    }
    const auto filled = sql::fill_registrations(**database, options.keys.get());
    if (!filled) {
        return std::unexpected(filled.error());
    }
    if (const auto ready = sql::fill_query_tables(**database, options.keys.get()); !ready) {
        return std::unexpected(ready.error());
    }
    return sql::make_stores(std::move(*database),
                            {.keys = options.keys, .journal = options.journal});
}

} // namespace muster::store
