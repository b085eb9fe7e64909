// The groups' half of the enrollments.

#include "provisioning/documents.h"
#include "store/outcomes.h"
#include "store/sql/accompaniment.h"
#include "store/sql/counts.h"
#include "store/sql/ports.h"

namespace muster::store::sql {

using provisioning::EnrollmentGroup;
using provisioning::Write;

namespace {

constexpr Statement select_group{
    "SELECT document FROM enrollment_group WHERE scope = $1 AND folded_id = $2"};
constexpr Statement select_groups{
    "SELECT folded_id, document FROM enrollment_group WHERE scope = $1 ORDER BY folded_id"};
constexpr Statement insert_group{
    "INSERT INTO enrollment_group (scope, folded_id, version, document) VALUES ($1, $2, $3, $4)"
    " ON CONFLICT (scope, folded_id) DO NOTHING"};
constexpr Statement update_group{"UPDATE enrollment_group SET version = $3, document = $4"
                                 " WHERE scope = $1 AND folded_id = $2 AND version = $5"};
constexpr Statement delete_group{
    "DELETE FROM enrollment_group WHERE scope = $1 AND folded_id = $2 AND version = $3"};
constexpr Statement select_revision{"SELECT groups_revision FROM scope_revision WHERE scope = $1"};
constexpr Statement advance_revision{
    "INSERT INTO scope_revision (scope, groups_revision) VALUES ($1, 1)"
    " ON CONFLICT (scope) DO UPDATE SET groups_revision = scope_revision.groups_revision + 1"};

/// Readers see the change of a group and the new revision together.
Result<void> note_change(Connection& connection, const IdScope& scope) {
    return run_only(connection, advance_revision, {scope.text()});
}

Result<void> write_group(Connection& connection, const IdScope& scope, const EnrollmentGroup& group,
                         std::string_view document, const Write& write) {
    if (write.expected.version != 0) {
        return must_change(connection, update_group,
                           {scope.text(), group.id.folded(), group.stamp.version, document,
                            write.expected.version},
                           version_conflict());
    }
    const auto created = must_change(
        connection, insert_group, {scope.text(), group.id.folded(), group.stamp.version, document},
        version_conflict());
    return created ? count_creation(connection, scope, counted_groups, write) : created;
}

} // namespace

Result<std::optional<EnrollmentGroup>> Enrollments::find_group(const IdScope& scope,
                                                               const EnrollmentGroupId& id) {
    return groups_.find<EnrollmentGroup>({scope.text(), id.folded()}, select_group,
                                         {scope.text(), id.folded()}, provisioning::stored_group);
}

Result<void> Enrollments::save(const IdScope& scope, const EnrollmentGroup& group,
                               const Write& write) {
    const std::string document = groups_.seal({scope.text(), group.id.folded()},
                                              to_document(group, provisioning::View::stored));
    return database_.write([&](Connection& connection) -> Result<void> {
        if (auto written = write_group(connection, scope, group, document, write); !written) {
            return written;
        }
        const auto noted = note_change(connection, scope);
        return noted ? write_accompaniment(connection, scope, write, settings_.journal) : noted;
    });
}

Result<void> Enrollments::erase_group(const IdScope& scope, const EnrollmentGroupId& id,
                                      const Write& write) {
    return database_.write([&](Connection& connection) -> Result<void> {
        const auto erased =
            must_change(connection, delete_group,
                        {scope.text(), id.folded(), write.expected.version}, version_conflict());
        if (!erased) {
            return erased;
        }
        const auto counted = add_to_counts(connection, scope, {.enrollment_groups = -1});
        if (!counted) {
            return std::unexpected(counted.error());
        }
        const auto noted = note_change(connection, scope);
        return noted ? write_accompaniment(connection, scope, write, settings_.journal) : noted;
    });
}

Result<std::vector<EnrollmentGroup>> Enrollments::groups(const IdScope& scope) {
    return groups_.read<EnrollmentGroup>(scope.text(), select_groups, {scope.text()},
                                         provisioning::stored_group);
}

Result<std::int64_t> Enrollments::groups_revision(const IdScope& scope) {
    return read_integer(database_, select_revision, {scope.text()}, 0);
}

} // namespace muster::store::sql
