#include "store/sql/audit_chain.h"
#include "store/sql/operator_ports.h"
#include "store/sql/rows.h"

namespace muster::store::sql {

using provisioning::AuditEntry;
using provisioning::Change;

namespace {

constexpr Statement select_entries{"SELECT sequence, entry, hash FROM audit"
                                   " WHERE scope = $1 AND sequence > $2"
                                   " ORDER BY sequence LIMIT $3"};

} // namespace

Result<std::vector<AuditEntry>> Audit::read(const IdScope& scope, std::int64_t after,
                                            std::size_t count_max) {
    std::vector<AuditEntry> entries;
    const Result<void> read = database_.read([&](Connection& connection) -> Result<void> {
        const auto ran = connection.run(
            select_entries, {scope.text(), after, row_limit(count_max)}, [&](const Row& row) {
                entries.push_back(
                    {row.integer(0), std::string(row.text(1)), std::string(row.text(2))});
            });
        return ran ? Result<void>() : std::unexpected(ran.error());
    });
    if (!read) {
        return std::unexpected(read.error());
    }
    return entries;
}

Result<void> Audit::append(const IdScope& scope, const Change& change) {
    return database_.write(
        [&](Connection& connection) { return append_to_chain(connection, scope, change); });
}

} // namespace muster::store::sql
