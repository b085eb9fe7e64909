#pragma once
// A table whose documents may hold secrets. Each document is sealed to its row: to the context
// "table/tenant/id", with the id as it stands in the key. A table without tenants has an empty one.

#include "crypto/sealing.h"
#include "store/sql/rows.h"

#include <optional>
#include <string>
#include <string_view>

namespace muster::store::sql {

struct RowKey {
    std::string_view tenant;
    std::string_view id;
};

/// What a document is sealed to.
std::string row_context(std::string_view table, const RowKey& key);

/// A row as it was copied out.
struct StoredRow {
    std::string id;
    std::string document;
};

/// Thread safe.
class SealedTable {
  public:
    /// Without keys, documents are stored in the clear.
    SealedTable(Database& database, std::string_view name, const crypto::KeyRing* keys)
        : database_(database), name_(name), keys_(keys) {}

    [[nodiscard]] std::string seal(const RowKey& key, const JsonObject& document) const;

    /// The document as JSON.
    [[nodiscard]] Result<JsonObject> open(const RowKey& key, std::string_view stored) const;

    template <class T>
    [[nodiscard]] Result<T> open(const RowKey& key, std::string_view stored,
                                 FromDocument<T> from_document) const;

    /// For statements that answer with id and document of rows of one tenant.
    [[nodiscard]] Result<std::vector<StoredRow>> rows(const Statement& statement,
                                                      std::initializer_list<Value> values) const;

    template <class T>
    [[nodiscard]] Result<std::vector<T>> decode(std::string_view tenant,
                                                const std::vector<StoredRow>& rows,
                                                FromDocument<T> from_document) const;

    /// rows(), decoded. The tenant is the first of the values, if the table has tenants.
    template <class T>
    [[nodiscard]] Result<std::vector<T>> read(std::string_view tenant, const Statement& statement,
                                              std::initializer_list<Value> values,
                                              FromDocument<T> from_document) const;

    /// For statements that answer with the document of one row.
    template <class T>
    [[nodiscard]] Result<std::optional<T>> find(const RowKey& key, const Statement& statement,
                                                std::initializer_list<Value> values,
                                                FromDocument<T> from_document) const;

  private:
    Database& database_;
    std::string_view name_;
    const crypto::KeyRing* keys_;
};

template <class T>
Result<T> SealedTable::open(const RowKey& key, std::string_view stored,
                            FromDocument<T> from_document) const {
    const Result<JsonObject> document = open(key, stored);
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
Result<std::vector<T>> SealedTable::decode(std::string_view tenant,
                                           const std::vector<StoredRow>& rows,
                                           FromDocument<T> from_document) const {
    std::vector<T> values;
    values.reserve(rows.size());
    for (const StoredRow& row : rows) {
        Result<T> value = open({tenant, row.id}, row.document, from_document);
        if (!value) {
            return std::unexpected(value.error());
        }
        values.push_back(std::move(*value));
    }
    return values;
}

template <class T>
Result<std::vector<T>> SealedTable::read(std::string_view tenant, const Statement& statement,
                                         std::initializer_list<Value> values,
                                         FromDocument<T> from_document) const {
    const Result<std::vector<StoredRow>> found = rows(statement, values);
    if (!found) {
        return std::unexpected(found.error());
    }
    return decode(tenant, *found, from_document);
}

template <class T>
Result<std::optional<T>> SealedTable::find(const RowKey& key, const Statement& statement,
                                           std::initializer_list<Value> values,
                                           FromDocument<T> from_document) const {
    const Result<std::vector<std::string>> found = read_texts(database_, statement, values);
    if (!found) {
        return std::unexpected(found.error());
    }
    if (found->empty()) {
        return std::nullopt;
    }
    Result<T> value = open(key, found->front(), from_document);
    if (!value) {
        return std::unexpected(value.error());
    }
    return std::move(*value);
}

} // namespace muster::store::sql
