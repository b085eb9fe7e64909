#pragma once
// The little that the SQL stores need of an engine. Every text is written once, in the subset that
// SQLite and PostgreSQL share: $1 parameters, INSERT .. ON CONFLICT .. RETURNING.

#include "base/result.h"

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <variant>

namespace muster::store::sql {

struct Null {};

struct Bytes {
    std::string_view bytes;
};

/// A parameter. Views must last until the statement has run.
using Value = std::variant<Null, std::int64_t, std::string_view, Bytes>;

/// A statement has static storage: an engine prepares it once per connection and finds it again by
/// its address.
struct Statement {
    std::string_view text;
};

/// One row of an answer, good until the next one is asked for.
class Row {
  public:
    [[nodiscard]] virtual std::int64_t integer(int column) const = 0;
    /// TEXT and BYTEA alike.
    [[nodiscard]] virtual std::string_view text(int column) const = 0;

  protected:
    ~Row() = default;
};

using EachRow = std::function<void(const Row&)>;

class Connection {
  public:
    virtual ~Connection() = default;
    /// Runs to the end and tells how many rows it changed. Errors: already_exists (a unique key is
    /// taken), unavailable (busy, disk full, I/O), internal.
    virtual Result<std::int64_t> run(const Statement& statement,
                                     std::initializer_list<Value> values,
                                     const EachRow& each_row) = 0;

    /// For a statement that is put together, from fixed fragments only: what comes from outside are
    /// its values. It is found again by its text while it is among the most recently used.
    virtual Result<std::int64_t> run_dynamic(const std::string& text, std::span<const Value> values,
                                             const EachRow& each_row) = 0;

    Result<std::int64_t> run(const Statement& statement, std::initializer_list<Value> values) {
        return run(statement, values, [](const Row&) {});
    }
};

using Work = std::function<Result<void>(Connection&)>;

/// Thread safe.
class Database {
  public:
    virtual ~Database() = default;

    /// Every statement sees one committed state.
    virtual Result<void> read(const Work& work) = 0;

    /// All of the work or nothing, durable when this returns success. The work may run on another
    /// thread while the caller waits. Errors: what the work returned; unavailable if the engine
    /// could not commit or too many are waiting.
    virtual Result<void> write(const Work& work) = 0;
};

} // namespace muster::store::sql
