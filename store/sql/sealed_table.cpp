#include "store/sql/sealed_table.h"

namespace muster::store::sql {

std::string SealedTable::seal(const RowKey& key, const JsonObject& document) const {
    std::string text = to_text(document);
    return keys_ == nullptr ? text : keys_->seal(text, row_context(name_, key));
}

Result<JsonObject> SealedTable::open(const RowKey& key, std::string_view stored) const {
    if (keys_ == nullptr) {
        return parse_stored_document(stored);
    }
    const Result<std::string> text = keys_->open(stored, row_context(name_, key));
    if (!text) {
        return std::unexpected(text.error());
    }
    return parse_stored_document(*text);
}

Result<std::vector<StoredRow>> SealedTable::rows(const Statement& statement,
                                                 std::initializer_list<Value> values) const {
    std::vector<StoredRow> rows;
    const Result<void> read = database_.read([&](Connection& connection) -> Result<void> {
        const auto ran = connection.run(statement, values, [&](const Row& row) {
            rows.push_back({std::string(row.text(0)), std::string(row.text(1))});
        });
        return ran ? Result<void>() : std::unexpected(ran.error());
    });
    if (!read) {
        return std::unexpected(read.error());
    }
    return rows;
}

std::string row_context(std::string_view table, const RowKey& key) {
    std::string context;
    context.reserve(table.size() + key.tenant.size() + key.id.size() + 2);
    context.append(table).append(1, '/').append(key.tenant).append(1, '/').append(key.id);
    return context;
}

} // namespace muster::store::sql
