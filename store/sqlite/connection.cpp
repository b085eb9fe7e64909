#include "store/sqlite/connection.h"

#include "base/check.h"
#include "store/sqlite/error.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <algorithm>
#include <string>

namespace muster::store::sqlite {

namespace {

constexpr std::size_t dynamic_max = 32; // statements kept prepared

class CurrentRow final : public sql::Row {
  public:
    explicit CurrentRow(sqlite3_stmt* statement) : statement_(statement) {}

    [[nodiscard]] std::int64_t integer(int column) const override {
        return sqlite3_column_int64(statement_, column);
    }

    [[nodiscard]] std::string_view text(int column) const override {
        // The pointer first: asking for it may convert and change the length.
        const void* bytes = sqlite3_column_blob(statement_, column);
        const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_, column));
        return bytes == nullptr ? std::string_view()
                                : std::string_view(static_cast<const char*>(bytes), size);
    }

  private:
    sqlite3_stmt* statement_;
};

/// Binds without copying: the values outlast the statement's run (sql::Value).
struct Binder {
    sqlite3_stmt* statement;
    int position;

    int operator()(sql::Null) const { return sqlite3_bind_null(statement, position); }

    int operator()(std::int64_t value) const {
        return sqlite3_bind_int64(statement, position, value);
    }

    int operator()(std::string_view value) const {
        return sqlite3_bind_text64(statement, position, value.data() == nullptr ? "" : value.data(),
                                   value.size(), SQLITE_STATIC, SQLITE_UTF8);
    }

    int operator()(sql::Bytes value) const {
        // A null pointer would bind NULL.
        const char* bytes = value.bytes.data() == nullptr ? "" : value.bytes.data();
        return sqlite3_bind_blob64(statement, position, bytes, value.bytes.size(), SQLITE_STATIC);
    }
};

std::vector<int> positions_of(sqlite3_stmt* statement) {
    const int count = sqlite3_bind_parameter_count(statement);
    std::vector<int> positions;
    for (int number = 1; number <= count; ++number) {
        const std::string name = fmt::format("${}", number);
        positions.push_back(sqlite3_bind_parameter_index(statement, name.c_str()));
        CHECK(positions.back() != 0);
    }
    return positions;
}

} // namespace

Result<std::unique_ptr<Connection>> Connection::open(const std::filesystem::path& file,
                                                     Access access) {
    sqlite3* handle = nullptr;
    const int opened = sqlite3_open_v2(file.c_str(), &handle,
                                       SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr);
    // The handle must be closed even if it did not open.
    std::unique_ptr<Connection> connection(new Connection(handle));
    if (opened != SQLITE_OK) {
        return engine_error(opened, "open " + file.string(), sqlite3_errstr(opened));
    }
    sqlite3_extended_result_codes(handle, 1);
    if (Result<void> configured = connection->configure(access); !configured) {
        return std::unexpected(configured.error());
    }
    return connection;
}

Connection::~Connection() {
    for (const auto& [statement, prepared] : prepared_) {
        sqlite3_finalize(prepared.statement);
    }
    for (const auto& [text, prepared] : dynamic_) {
        sqlite3_finalize(prepared.statement);
    }
    sqlite3_close(handle_);
}

Result<void> Connection::configure(Access access) {
    // The map saves a copy of every page read. It is only read through, never written.
    constexpr std::string_view pragmas = "PRAGMA busy_timeout = 5000;"
                                         "PRAGMA foreign_keys = ON;"
                                         "PRAGMA temp_store = MEMORY;"
                                         "PRAGMA mmap_size = 268435456;"
                                         "PRAGMA trusted_schema = OFF;"
                                         "PRAGMA synchronous = FULL;";
    if (Result<void> configured = execute(pragmas); !configured) {
        return configured;
    }
    if (access == Access::reading) {
        return execute("PRAGMA query_only = ON; PRAGMA cache_size = -4000;");
    }
    // The hook replaces the engine's own way of moving the log (shorten_log); the log's file
    // shrinks back to 256 MB after a peak.
    const auto note_log = [](void* connection, sqlite3*, const char*, int pages) {
        static_cast<Connection*>(connection)->log_pages_ = pages;
        return SQLITE_OK;
    };
    sqlite3_wal_hook(handle_, note_log, this);
    return execute("PRAGMA cache_size = -64000; PRAGMA journal_size_limit = 268435456;");
}

Result<void> Connection::enter_wal_mode() {
    if (Result<void> asked = execute("PRAGMA journal_mode = WAL"); !asked) {
        return asked;
    }
    // A file system without shared memory makes the engine stay as it was, and not complain.
    const auto is_wal = query_integer("SELECT journal_mode = 'wal' FROM pragma_journal_mode");
    if (!is_wal) {
        return std::unexpected(is_wal.error());
    }
    if (*is_wal == 0) {
        return fail(Code::unsupported, "the file system of the database has no write-ahead log");
    }
    return {};
}

void Connection::shorten_log(const LogLimits& limits) {
    if (log_pages_ < log_pages_checked_) { // it was begun anew
        log_pages_checked_ = 0;
    }
    const bool is_long = log_pages_ >= limits.pages_max;
    if (!is_long && log_pages_ - log_pages_checked_ < limits.step_pages) {
        return;
    }
    log_pages_checked_ = log_pages_;
    sqlite3_wal_checkpoint_v2(handle_, nullptr,
                              is_long ? SQLITE_CHECKPOINT_RESTART : SQLITE_CHECKPOINT_PASSIVE,
                              nullptr, nullptr);
}

Result<sqlite3_stmt*> Connection::compile(std::string_view text, unsigned flags) {
    sqlite3_stmt* statement = nullptr;
    const int compiled = sqlite3_prepare_v3(handle_, text.data(), static_cast<int>(text.size()),
                                            flags, &statement, nullptr);
    if (compiled != SQLITE_OK) {
        return engine_error(handle_, fmt::format("prepare {}", text));
    }
    return statement;
}

Result<const Connection::Prepared*> Connection::prepare(const sql::Statement& statement) {
    const auto found = prepared_.find(&statement);
    if (found != prepared_.end()) {
        return &found->second;
    }
    const Result<sqlite3_stmt*> compiled = compile(statement.text, SQLITE_PREPARE_PERSISTENT);
    if (!compiled) {
        return std::unexpected(compiled.error());
    }
    Prepared prepared{*compiled, positions_of(*compiled)};
    return &prepared_.emplace(&statement, std::move(prepared)).first->second;
}

Result<const Connection::Prepared*> Connection::prepare_dynamic(const std::string& text) {
    const auto found = std::ranges::find(dynamic_, text, &std::pair<std::string, Prepared>::first);
    if (found != dynamic_.end()) {
        dynamic_.splice(dynamic_.begin(), dynamic_, found);
        return &dynamic_.front().second;
    }
    const Result<sqlite3_stmt*> compiled = compile(text, SQLITE_PREPARE_PERSISTENT);
    if (!compiled) {
        return std::unexpected(compiled.error());
    }
    if (dynamic_.size() == dynamic_max) {
        sqlite3_finalize(dynamic_.back().second.statement);
        dynamic_.pop_back();
    }
    dynamic_.emplace_front(text, Prepared{*compiled, positions_of(*compiled)});
    return &dynamic_.front().second;
}

Result<void> Connection::bind(const Prepared& prepared, std::span<const sql::Value> values) {
    CHECK(values.size() == prepared.positions.size());
    auto position = prepared.positions.begin();
    for (const sql::Value& value : values) {
        if (std::visit(Binder{prepared.statement, *position++}, value) != SQLITE_OK) {
            return engine_error(handle_, "bind");
        }
    }
    return {};
}

Result<void> Connection::step_through(sqlite3_stmt* statement, std::string_view text,
                                      const sql::EachRow& each_row) {
    const CurrentRow row(statement);
    int stepped = sqlite3_step(statement);
    while (stepped == SQLITE_ROW) {
        each_row(row);
        stepped = sqlite3_step(statement);
    }
    if (stepped != SQLITE_DONE) {
        return engine_error(handle_, text);
    }
    return {};
}

Result<std::int64_t> Connection::run(const sql::Statement& statement,
                                     std::initializer_list<sql::Value> values,
                                     const sql::EachRow& each_row) {
    const Result<const Prepared*> prepared = prepare(statement);
    if (!prepared) {
        return std::unexpected(prepared.error());
    }
    return run(**prepared, statement.text, {values.begin(), values.size()}, each_row);
}

Result<std::int64_t> Connection::run_dynamic(const std::string& text,
                                             std::span<const sql::Value> values,
                                             const sql::EachRow& each_row) {
    const Result<const Prepared*> prepared = prepare_dynamic(text);
    if (!prepared) {
        return std::unexpected(prepared.error());
    }
    return run(**prepared, text, values, each_row);
}

Result<std::int64_t> Connection::run(const Prepared& prepared, std::string_view text,
                                     std::span<const sql::Value> values,
                                     const sql::EachRow& each_row) {
    // Reset at once, whatever happens: an open reader would hold an old state and the log with it.
    const auto reset = [](sqlite3_stmt* used) { sqlite3_reset(used); };
    const std::unique_ptr<sqlite3_stmt, decltype(reset)> used(prepared.statement, reset);
    if (Result<void> bound = bind(prepared, values); !bound) {
        return std::unexpected(bound.error());
    }
    const std::int64_t before = sqlite3_total_changes64(handle_);
    if (Result<void> ran = step_through(used.get(), text, each_row); !ran) {
        return std::unexpected(ran.error());
    }
    return sqlite3_total_changes64(handle_) == before ? 0 : sqlite3_changes64(handle_);
}

Result<void> Connection::execute(std::string_view text) {
    const std::string terminated(text);
    if (sqlite3_exec(handle_, terminated.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) {
        return engine_error(handle_, text);
    }
    return {};
}

Result<std::int64_t> Connection::query_integer(std::string_view text) {
    const Result<sqlite3_stmt*> compiled = compile(text, 0);
    if (!compiled) {
        return std::unexpected(compiled.error());
    }
    const std::unique_ptr<sqlite3_stmt, decltype(&sqlite3_finalize)> statement(*compiled,
                                                                               sqlite3_finalize);
    std::int64_t integer = 0;
    const auto keep = [&](const sql::Row& row) { integer = row.integer(0); };
    if (Result<void> ran = step_through(statement.get(), text, keep); !ran) {
        return std::unexpected(ran.error());
    }
    return integer;
}

bool Connection::in_transaction() const {
    return sqlite3_get_autocommit(handle_) == 0;
}

} // namespace muster::store::sqlite
