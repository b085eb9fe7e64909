#include "store/sql/purging.h"

#include "store/sql/counts.h"
#include "store/sql/journal_rows.h"
#include "store/sql/rows.h"

#include <algorithm>

namespace muster::store::sql {

using provisioning::ScopeCounts;

namespace {

// The certificates of an enrollment go with it.
constexpr Statement purge_enrollments{
    "DELETE FROM enrollment WHERE scope = $1 AND folded_id IN"
    " (SELECT folded_id FROM enrollment WHERE scope = $1 ORDER BY folded_id LIMIT $2)"};
constexpr Statement purge_groups{
    "DELETE FROM enrollment_group WHERE scope = $1 AND folded_id IN"
    " (SELECT folded_id FROM enrollment_group WHERE scope = $1 ORDER BY folded_id LIMIT $2)"};
constexpr Statement purge_registrations{
    "DELETE FROM registration WHERE scope = $1 AND folded_id IN"
    " (SELECT folded_id FROM registration WHERE scope = $1 ORDER BY folded_id LIMIT $2)"
    " RETURNING erased"};
constexpr Statement purge_operations{
    "DELETE FROM fleet_operation WHERE scope = $1 AND id IN"
    " (SELECT id FROM fleet_operation WHERE scope = $1 ORDER BY id LIMIT $2)"};

constexpr Statement delete_revision{"DELETE FROM scope_revision WHERE scope = $1"};
constexpr Statement delete_counts{"DELETE FROM scope_count WHERE scope = $1"};
constexpr Statement delete_journal_state{"DELETE FROM scope_journal WHERE scope = $1"};

struct CountedTable {
    const Statement& purge;
    std::int64_t ScopeCounts::* count;
};

constexpr CountedTable counted_tables[] = {
    {purge_enrollments, &ScopeCounts::enrollments},
    {purge_groups, &ScopeCounts::enrollment_groups},
    {purge_registrations, &ScopeCounts::registrations},
};

/// The counts stay true: an interrupted purge may be looked at, and is taken up again.
Result<std::int64_t> purge_counted(Connection& connection, const IdScope& scope,
                                   std::int64_t rows_max) {
    ScopeCounts purged;
    std::int64_t left = rows_max;
    for (const CountedTable& table : counted_tables) {
        std::int64_t erased = 0; // rows that count for nothing
        const auto changed = connection.run(table.purge, {scope.text(), left},
                                            [&](const Row& row) { erased += row.integer(0); });
        if (!changed) {
            return changed;
        }
        purged.*table.count = erased - *changed;
        left -= *changed;
    }
    if (left == rows_max) {
        return 0;
    }
    const auto counted = add_to_counts(connection, scope, purged);
    return counted ? Result<std::int64_t>(rows_max - left) : std::unexpected(counted.error());
}

Result<void> purge_states(Connection& connection, const IdScope& scope) {
    for (const Statement* statement : {&delete_revision, &delete_counts, &delete_journal_state}) {
        if (Result<void> deleted = run_only(connection, *statement, {scope.text()}); !deleted) {
            return deleted;
        }
    }
    return {};
}

} // namespace

Result<bool> purge_rows(Connection& connection, const IdScope& scope, std::int64_t rows_max) {
    const std::int64_t limit = std::max<std::int64_t>(rows_max, 1);
    const auto counted = purge_counted(connection, scope, limit);
    if (!counted) {
        return std::unexpected(counted.error());
    }
    const auto operations = connection.run(purge_operations, {scope.text(), limit - *counted});
    if (!operations) {
        return std::unexpected(operations.error());
    }
    const auto events = purge_events(connection, scope, limit - *counted - *operations);
    if (!events) {
        return std::unexpected(events.error());
    }
    if (*counted + *operations + *events == limit) {
        return true;
    }
    const Result<void> ended = purge_states(connection, scope);
    return ended ? Result<bool>(false) : std::unexpected(ended.error());
}

} // namespace muster::store::sql
