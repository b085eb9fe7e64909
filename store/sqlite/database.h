#pragma once
// sql::Database over one SQLite file: many readers, one writer.

#include "store/sqlite/readers.h"
#include "store/sqlite/writer.h"
#include "store/stores.h"

namespace muster::store::sqlite {

/// The connection for writing, to a file that is ours and of the current schema. Nothing is changed
/// in the file before migrate() has found that it is ours.
Result<std::unique_ptr<Connection>> open_writer(const std::filesystem::path& file);

class Database final : public sql::Database {
  public:
    /// Creates the file, readable by its owner only, if it is not there; migrates it.
    static Result<std::unique_ptr<Database>> open(const SqliteOptions& options);

    Database(std::unique_ptr<Connection> writer, WriterLimits limits,
             std::vector<std::unique_ptr<Connection>> readers)
        : readers_(std::move(readers)), writer_(std::move(writer), limits) {}

    Result<void> read(const sql::Work& work) override { return readers_.read(work); }

    Result<void> write(const sql::Work& work) override { return writer_.write(work); }

  private:
    Readers readers_;
    Writer writer_;
};

} // namespace muster::store::sqlite
