#pragma once
// Between rows and values. Documents are copied out of the rows first and parsed after: a read
// connection is not held while certificates and JSON are decoded.

#include "base/json.h"
#include "store/sql/database.h"

#include <cstdint>
#include <string>
#include <vector>

namespace muster::store::sql {

/// The first column of every row.
Result<std::vector<std::string>> read_texts(Database& database, const Statement& statement,
                                            std::initializer_list<Value> values);

/// The first column of the only row, or what stands for none.
Result<std::int64_t> read_integer(Database& database, const Statement& statement,
                                  std::initializer_list<Value> values, std::int64_t if_none);

/// For statements whose rows and changes do not matter.
Result<void> run_only(Connection& connection, const Statement& statement,
                      std::initializer_list<Value> values);

/// The first column of the only row, or what stands for none, within a unit of work.
Result<std::int64_t> integer_of(Connection& connection, const Statement& statement,
                                std::initializer_list<Value> values, std::int64_t if_none);

/// The statement must change a row; if it changes none, that is `otherwise`.
Result<void> must_change(Connection& connection, const Statement& statement,
                         std::initializer_list<Value> values, std::unexpected<Error> otherwise);

/// For LIMIT.
std::int64_t row_limit(std::size_t count_max);

/// What we wrote ourselves cannot be read back.
std::unexpected<Error> damaged_document(const Error& cause);

Result<JsonObject> parse_stored_document(std::string_view text);

template <class T>
using FromDocument = Result<T> (*)(const JsonObject& document);

template <class T>
Result<T> from_text(std::string_view text, FromDocument<T> from_document) {
    const Result<JsonObject> document = parse_stored_document(text);
    if (!document) {
        return std::unexpected(document.error());
    }
    Result<T> value = from_document(*document);
    if (!value) {
        return damaged_document(value.error());
    }
    return value;
}

template <class T>
Result<std::vector<T>> read_documents(Database& database, const Statement& statement,
                                      std::initializer_list<Value> values,
                                      FromDocument<T> from_document) {
    const Result<std::vector<std::string>> texts = read_texts(database, statement, values);
    if (!texts) {
        return std::unexpected(texts.error());
    }
    std::vector<T> documents;
    documents.reserve(texts->size());
    for (const std::string& text : *texts) {
        Result<T> value = from_text(text, from_document);
        if (!value) {
            return std::unexpected(value.error());
        }
        documents.push_back(std::move(*value));
    }
    return documents;
}

} // namespace muster::store::sql
