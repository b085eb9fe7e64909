#pragma once
// One SQLite connection with its prepared statements. Belongs to one thread at a time.

#include "store/sql/database.h"

#include <filesystem>
#include <list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

struct sqlite3;
struct sqlite3_stmt;

namespace muster::store::sqlite {

enum class Access { reading, writing };

/// In pages of 4 KB. The log is moved back into the database when it has grown by `step_pages`, as
/// far as that goes without waiting; beyond `pages_max` the writer waits until the last reader of
/// old pages is done, or the log would grow for as long as there is always some reader. An import
/// in no order writes a page of the index for every row, and the same ones over and over: the
/// longer the log, the fewer of them are moved.
struct LogLimits {
    int step_pages = 32000;
    int pages_max = 64000;
};

class Connection final : public sql::Connection {
  public:
    static Result<std::unique_ptr<Connection>> open(const std::filesystem::path& file,
                                                    Access access);
    ~Connection() override;
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    Result<std::int64_t> run(const sql::Statement& statement,
                             std::initializer_list<sql::Value> values,
                             const sql::EachRow& each_row) override;
    Result<std::int64_t> run_dynamic(const std::string& text, std::span<const sql::Value> values,
                                     const sql::EachRow& each_row) override;
    using sql::Connection::run;

    /// Kept by the file from then on. Error: unsupported, if the file system cannot.
    Result<void> enter_wal_mode();

    /// To be called between transactions. What cannot be done now is tried again later.
    void shorten_log(const LogLimits& limits);

    /// Once, without keeping it prepared: pragmas and migrations.
    Result<void> execute(std::string_view text);
    Result<std::int64_t> query_integer(std::string_view text);

    /// False once the engine has rolled the transaction back by itself, as it may on a full disk.
    [[nodiscard]] bool in_transaction() const;

  private:
    struct Prepared {
        sqlite3_stmt* statement = nullptr;
        // SQLite takes $1 for a name and numbers parameters as they appear: here is, for each of
        // $1, $2, .., the index it got.
        std::vector<int> positions;
    };

    explicit Connection(sqlite3* handle) : handle_(handle) {}

    Result<void> configure(Access access);
    Result<sqlite3_stmt*> compile(std::string_view text, unsigned flags);
    Result<const Prepared*> prepare(const sql::Statement& statement);
    /// Finalizes the one that was not used for longest if there are too many.
    Result<const Prepared*> prepare_dynamic(const std::string& text);
    Result<std::int64_t> run(const Prepared& prepared, std::string_view text,
                             std::span<const sql::Value> values, const sql::EachRow& each_row);
    Result<void> bind(const Prepared& prepared, std::span<const sql::Value> values);
    Result<void> step_through(sqlite3_stmt* statement, std::string_view text,
                              const sql::EachRow& each_row);

    sqlite3* handle_ = nullptr;
    int log_pages_ = 0;         // in the log, as of the last commit
    int log_pages_checked_ = 0; // when it was last tried to shorten it
    std::unordered_map<const sql::Statement*, Prepared> prepared_;
    std::list<std::pair<std::string, Prepared>> dynamic_; // the last one used first
};

} // namespace muster::store::sqlite
