#include "store/sql/counts.h"

namespace muster::store::sql {

using provisioning::ScopeCounts;

namespace {

constexpr Statement add{
    "INSERT INTO scope_count (scope, enrollments, enrollment_groups, registrations)"
    " VALUES ($1, $2, $3, $4)"
    " ON CONFLICT (scope) DO UPDATE SET"
    " enrollments = scope_count.enrollments + excluded.enrollments,"
    " enrollment_groups = scope_count.enrollment_groups + excluded.enrollment_groups,"
    " registrations = scope_count.registrations + excluded.registrations"
    " RETURNING enrollments, enrollment_groups, registrations"};

} // namespace

Result<ScopeCounts> add_to_counts(Connection& connection, const IdScope& scope,
                                  const ScopeCounts& change) {
    ScopeCounts counts;
    const auto ran = connection.run(
        add, {scope.text(), change.enrollments, change.enrollment_groups, change.registrations},
        [&](const Row& row) {
            counts = {.enrollments = row.integer(0),
                      .enrollment_groups = row.integer(1),
                      .registrations = row.integer(2)};
        });
    return ran ? Result<ScopeCounts>(counts) : std::unexpected(ran.error());
}

Result<void> count_creation(Connection& connection, const IdScope& scope, const Counted& what,
                            const provisioning::Write& write) {
    ScopeCounts one;
    one.*what.count = 1;
    auto counts = add_to_counts(connection, scope, one);
    if (!counts) {
        return std::unexpected(counts.error());
    }
    (*counts).*what.count -= 1;
    return check_quota(*counts, what, write);
}

} // namespace muster::store::sql
