#include "store/ended_operations.h"
#include "store/outcomes.h"
#include "store/sql/audit_chain.h"
#include "store/sql/operator_ports.h"
#include "store/sql/rows.h"

namespace muster::store::sql {

using provisioning::Change;
using provisioning::FleetOperation;

namespace {

constexpr Statement select_operations{"SELECT document FROM fleet_operation WHERE scope = $1"
                                      " ORDER BY begun DESC, id DESC"};
constexpr Statement insert_operation{
    "INSERT INTO fleet_operation (scope, id, version, begun, ended, document)"
    " VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (scope, id) DO NOTHING"};
constexpr Statement update_operation{
    "UPDATE fleet_operation SET version = $3, begun = $4, ended = $5, document = $6"
    " WHERE scope = $1 AND id = $2 AND version = $7"};
constexpr Statement delete_oldest{
    "DELETE FROM fleet_operation WHERE scope = $1 AND ended = 1 AND id IN"
    " (SELECT id FROM fleet_operation WHERE scope = $1 AND ended = 1"
    " ORDER BY begun DESC, id DESC LIMIT $2 OFFSET $3)"};

// A save adds one at most; what is beyond the bound by more goes with the next ones.
constexpr std::int64_t deleted_max = 100;

/// The document and the columns beside it. Not sealed: an operation holds no secret.
struct OperationRow {
    std::int64_t begun = 0;
    std::int64_t ended = 0;
    std::string document;
};

Result<void> write_row(Connection& connection, const IdScope& scope,
                       const FleetOperation& operation, std::int64_t expected_version) {
    const OperationRow row{.begun = operation.begun.time_since_epoch().count(),
                           .ended = operation.ended ? 1 : 0,
                           .document = to_text(to_document(operation))};
    if (expected_version == 0) {
        return must_change(
            connection, insert_operation,
            {scope.text(), operation.id, operation.version, row.begun, row.ended, row.document},
            version_conflict());
    }
    return must_change(connection, update_operation,
                       {scope.text(), operation.id, operation.version, row.begun, row.ended,
                        row.document, expected_version},
                       version_conflict());
}

} // namespace

Result<std::vector<FleetOperation>> FleetOperations::all(const IdScope& scope) {
    return read_documents<FleetOperation>(database_, select_operations, {scope.text()},
                                          provisioning::fleet_operation_from);
}

Result<void> FleetOperations::save(const IdScope& scope, const FleetOperation& operation,
                                   std::int64_t expected_version, const Change* change) {
    return database_.write([&](Connection& connection) -> Result<void> {
        auto done = write_row(connection, scope, operation, expected_version);
        if (done && operation.ended) {
            done = run_only(connection, delete_oldest,
                            {scope.text(), deleted_max, ended_operations_max});
        }
        return done && change != nullptr ? append_to_chain(connection, scope, *change) : done;
    });
}

} // namespace muster::store::sql
