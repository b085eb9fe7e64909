#include "store/sql/audit_chain.h"

#include "store/outcomes.h"
#include "store/sql/rows.h"

namespace muster::store::sql {

namespace {

constexpr Statement select_last{"SELECT sequence, hash FROM audit WHERE scope = $1"
                                " ORDER BY sequence DESC LIMIT 1"};
constexpr Statement insert_entry{
    "INSERT INTO audit (scope, sequence, hash, entry) VALUES ($1, $2, $3, $4)"
    " ON CONFLICT (scope, sequence) DO NOTHING"};

struct Link {
    std::int64_t sequence = 0;
    std::string hash = provisioning::audit_origin;
};

Result<Link> last_link(Connection& connection, const IdScope& scope) {
    Link last;
    const auto ran = connection.run(select_last, {scope.text()}, [&](const Row& row) {
        last = {row.integer(0), std::string(row.text(1))};
    });
    return ran ? Result<Link>(std::move(last)) : std::unexpected(ran.error());
}

} // namespace

// SQLite has one writer, so nothing comes between reading the last entry and adding the next one.
// In PostgreSQL two transactions may read the same last entry; the primary key lets one of them
// pass, and the other hears of a conflict, as of any version that is no longer current.
Result<void> append_to_chain(Connection& connection, const IdScope& scope,
                             const provisioning::Change& change) {
    const Result<Link> last = last_link(connection, scope);
    if (!last) {
        return std::unexpected(last.error());
    }
    const std::int64_t sequence = last->sequence + 1;
    const std::string text = provisioning::audit_text(sequence, change);
    const std::string hash = provisioning::audit_hash(last->hash, text);
    return must_change(connection, insert_entry, {scope.text(), sequence, hash, text},
                       version_conflict());
}

} // namespace muster::store::sql
