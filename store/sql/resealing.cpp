#include "store/sql/resealing.h"

#include <array>

namespace muster::store::sql {

namespace {

constexpr std::int64_t rows_per_step = 1000;

struct SealedColumns {
    std::string_view table;
    Statement select; // tenant, id and document of the rows after ($1, $2), at most $3
    Statement update; // the document of the row ($1, $2) to $3
};

// What SealedTable is constructed for (ports.h, operator_ports.h).
constexpr std::array sealed_tables{
    SealedColumns{"enrollment",
                  {"SELECT scope, folded_id, document FROM enrollment"
                   " WHERE (scope, folded_id) > ($1, $2) ORDER BY scope, folded_id LIMIT $3"},
                  {"UPDATE enrollment SET document = $3 WHERE scope = $1 AND folded_id = $2"}},
    SealedColumns{
        "enrollment_group",
        {"SELECT scope, folded_id, document FROM enrollment_group"
         " WHERE (scope, folded_id) > ($1, $2) ORDER BY scope, folded_id LIMIT $3"},
        {"UPDATE enrollment_group SET document = $3 WHERE scope = $1 AND folded_id = $2"}},
    SealedColumns{"registration",
                  {"SELECT scope, folded_id, document FROM registration"
                   " WHERE (scope, folded_id) > ($1, $2) ORDER BY scope, folded_id LIMIT $3"},
                  {"UPDATE registration SET document = $3 WHERE scope = $1 AND folded_id = $2"}},
    SealedColumns{"instance",
                  {"SELECT '', scope, document FROM instance"
                   " WHERE $1 = '' AND scope > $2 ORDER BY scope LIMIT $3"},
                  {"UPDATE instance SET document = $3 WHERE $1 = '' AND scope = $2"}},
    SealedColumns{"device",
                  {"SELECT hub, id, document FROM device"
                   " WHERE (hub, id) > ($1, $2) ORDER BY hub, id LIMIT $3"},
                  {"UPDATE device SET document = $3 WHERE hub = $1 AND id = $2"}},
    SealedColumns{"hub_job",
                  {"SELECT hub, id, document FROM hub_job"
                   " WHERE (hub, id) > ($1, $2) ORDER BY hub, id LIMIT $3"},
                  {"UPDATE hub_job SET document = $3 WHERE hub = $1 AND id = $2"}},
    SealedColumns{"hub_job_device",
                  {"SELECT hub, id, document FROM hub_job_device"
                   " WHERE (hub, id) > ($1, $2) ORDER BY hub, id LIMIT $3"},
                  {"UPDATE hub_job_device SET document = $3 WHERE hub = $1 AND id = $2"}},
    SealedColumns{"configuration",
                  {"SELECT hub, id, document FROM configuration"
                   " WHERE (hub, id) > ($1, $2) ORDER BY hub, id LIMIT $3"},
                  {"UPDATE configuration SET document = $3 WHERE hub = $1 AND id = $2"}},
};

} // namespace

Result<std::optional<std::int64_t>> Resealing::step(Connection& connection) {
    if (table_ == sealed_tables.size()) {
        return std::nullopt;
    }
    const auto documents = next_documents(connection);
    if (!documents) {
        return std::unexpected(documents.error());
    }
    if (documents->empty()) {
        ++table_;
        last_tenant_.clear();
        last_id_.clear();
        return 0;
    }
    std::int64_t sealed = 0;
    for (const Document& document : *documents) {
        const auto changed = seal(connection, document);
        if (!changed) {
            return std::unexpected(changed.error());
        }
        sealed += *changed ? 1 : 0;
    }
    last_tenant_ = documents->back().tenant;
    last_id_ = documents->back().id;
    progress_.documents += static_cast<std::int64_t>(documents->size());
    progress_.sealed += sealed;
    return sealed;
}

Result<std::vector<Resealing::Document>> Resealing::next_documents(Connection& connection) const {
    std::vector<Document> documents;
    const auto ran = connection.run(
        sealed_tables[table_].select, {last_tenant_, last_id_, rows_per_step}, [&](const Row& row) {
            documents.push_back(
                {std::string(row.text(0)), std::string(row.text(1)), std::string(row.text(2))});
        });
    if (!ran) {
        return std::unexpected(ran.error());
    }
    return documents;
}

Result<bool> Resealing::seal(Connection& connection, const Document& document) const {
    if (keys_.is_current(document.text)) {
        return false;
    }
    const SealedColumns& table = sealed_tables[table_];
    const std::string context = row_context(table.table, {document.tenant, document.id});
    const auto plain = keys_.open(document.text, context);
    if (!plain) {
        return std::unexpected(plain.error());
    }
    const auto updated = run_only(connection, table.update,
                                  {document.tenant, document.id, keys_.seal(*plain, context)});
    return updated ? Result<bool>(true) : std::unexpected(updated.error());
}

} // namespace muster::store::sql
