#include "store/sql/rows.h"

#include <algorithm>
#include <limits>

namespace muster::store::sql {

namespace {

// Larger than anything the services accept: a stored twin carries metadata for every member.
constexpr JsonLimits stored_limits{.bytes_max = 16 * 1024 * 1024, .depth_max = 128};

} // namespace

Result<std::vector<std::string>> read_texts(Database& database, const Statement& statement,
                                            std::initializer_list<Value> values) {
    std::vector<std::string> texts;
    const Result<void> read = database.read([&](Connection& connection) -> Result<void> {
        const auto ran = connection.run(statement, values,
                                        [&](const Row& row) { texts.emplace_back(row.text(0)); });
        return ran ? Result<void>() : std::unexpected(ran.error());
    });
    if (!read) {
        return std::unexpected(read.error());
    }
    return texts;
}

Result<std::int64_t> read_integer(Database& database, const Statement& statement,
                                  std::initializer_list<Value> values, std::int64_t if_none) {
    std::int64_t integer = if_none;
    const Result<void> read = database.read([&](Connection& connection) -> Result<void> {
        const auto found = integer_of(connection, statement, values, if_none);
        integer = found.value_or(if_none);
        return found ? Result<void>() : std::unexpected(found.error());
    });
    if (!read) {
        return std::unexpected(read.error());
    }
    return integer;
}

Result<void> run_only(Connection& connection, const Statement& statement,
                      std::initializer_list<Value> values) {
    const Result<std::int64_t> changed = connection.run(statement, values);
    return changed ? Result<void>() : std::unexpected(changed.error());
}

Result<std::int64_t> integer_of(Connection& connection, const Statement& statement,
                                std::initializer_list<Value> values, std::int64_t if_none) {
    std::int64_t integer = if_none;
    const auto ran =
        connection.run(statement, values, [&](const Row& row) { integer = row.integer(0); });
    return ran ? Result<std::int64_t>(integer) : std::unexpected(ran.error());
}

Result<void> must_change(Connection& connection, const Statement& statement,
                         std::initializer_list<Value> values, std::unexpected<Error> otherwise) {
    const Result<std::int64_t> changed = connection.run(statement, values);
    if (!changed) {
        return std::unexpected(changed.error());
    }
    if (*changed == 0) {
        return otherwise;
    }
    return {};
}

std::int64_t row_limit(std::size_t count_max) {
    constexpr auto limit = static_cast<std::size_t>(std::numeric_limits<std::int64_t>::max());
    return static_cast<std::int64_t>(std::min(count_max, limit));
}

std::unexpected<Error> damaged_document(const Error& cause) {
    return fail(Code::internal, "stored data cannot be read",
                cause.detail + (cause.cause.empty() ? "" : ": " + cause.cause));
}

Result<JsonObject> parse_stored_document(std::string_view text) {
    Result<JsonObject> document = parse_json_object(text, stored_limits);
    if (!document) {
        return damaged_document(document.error());
    }
    return document;
}

} // namespace muster::store::sql
