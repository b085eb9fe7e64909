#include "provisioning/documents.h"
#include "store/outcomes.h"
#include "store/sql/ports.h"
#include "store/sql/rows.h"
#include "store/thumbprints.h"

namespace muster::store::sql {

using provisioning::EnrollmentGroup;
using provisioning::Expected;
using provisioning::IndividualEnrollment;

namespace {

constexpr Statement select_individual{
    "SELECT document FROM enrollment WHERE scope = $1 AND folded_id = $2"};
constexpr Statement select_individuals{
    "SELECT document FROM enrollment WHERE scope = $1 AND folded_id > $2"
    " ORDER BY folded_id LIMIT $3"};
constexpr Statement insert_individual{
    "INSERT INTO enrollment (scope, folded_id, id, version, document) VALUES ($1, $2, $3, $4, $5)"
    " ON CONFLICT (scope, folded_id) DO NOTHING"};
constexpr Statement update_individual{"UPDATE enrollment SET id = $3, version = $4, document = $5"
                                      " WHERE scope = $1 AND folded_id = $2 AND version = $6"};
constexpr Statement delete_individual{
    "DELETE FROM enrollment WHERE scope = $1 AND folded_id = $2 AND version = $3"};
constexpr Statement delete_registration{
    "DELETE FROM registration WHERE scope = $1 AND folded_id = $2"};

constexpr Statement delete_certificates{
    "DELETE FROM enrollment_certificate WHERE scope = $1 AND folded_id = $2"};
constexpr Statement insert_certificate{
    "INSERT INTO enrollment_certificate (scope, sha256_thumbprint, folded_id) VALUES ($1, $2, $3)"
    " ON CONFLICT (scope, sha256_thumbprint) DO NOTHING"};
constexpr Statement select_holder{
    "SELECT enrollment.id FROM enrollment_certificate"
    " JOIN enrollment ON enrollment.scope = enrollment_certificate.scope"
    " AND enrollment.folded_id = enrollment_certificate.folded_id"
    " WHERE enrollment_certificate.scope = $1 AND enrollment_certificate.sha256_thumbprint = $2"};

constexpr Statement select_group{
    "SELECT document FROM enrollment_group WHERE scope = $1 AND folded_id = $2"};
constexpr Statement select_groups{
    "SELECT document FROM enrollment_group WHERE scope = $1 ORDER BY folded_id"};
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

Result<void> write_certificates(Connection& connection, const IdScope& scope,
                                const RegistrationId& id,
                                const std::vector<std::string>& thumbprints) {
    const auto cleared = run_only(connection, delete_certificates, {scope.text(), id.folded()});
    if (!cleared) {
        return cleared;
    }
    for (const std::string& thumbprint : thumbprints) {
        const auto added =
            must_change(connection, insert_certificate, {scope.text(), thumbprint, id.folded()},
                        certificate_taken());
        if (!added) {
            return added;
        }
    }
    return {};
}

Result<void> write_group(Connection& connection, const IdScope& scope, const EnrollmentGroup& group,
                         Expected expected, std::string_view document) {
    if (expected.version == 0) {
        return must_change(connection, insert_group,
                           {scope.text(), group.id.folded(), group.stamp.version, document},
                           version_conflict());
    }
    return must_change(
        connection, update_group,
        {scope.text(), group.id.folded(), group.stamp.version, document, expected.version},
        version_conflict());
}

Result<void> write_individual(Connection& connection, const IdScope& scope,
                              const IndividualEnrollment& enrollment, Expected expected,
                              std::string_view document) {
    const RegistrationId& id = enrollment.id;
    const std::int64_t version = enrollment.stamp.version;
    if (expected.version == 0) {
        return must_change(connection, insert_individual,
                           {scope.text(), id.folded(), id.text(), version, document},
                           version_conflict());
    }
    return must_change(connection, update_individual,
                       {scope.text(), id.folded(), id.text(), version, document, expected.version},
                       version_conflict());
}

/// Readers see the change of a group and the new revision together.
Result<void> note_group_change(Connection& connection, const IdScope& scope) {
    return run_only(connection, advance_revision, {scope.text()});
}

} // namespace

Result<std::optional<IndividualEnrollment>> Enrollments::find_individual(const IdScope& scope,
                                                                         const RegistrationId& id) {
    return read_document<IndividualEnrollment>(
        database_, select_individual, {scope.text(), id.folded()}, provisioning::stored_individual);
}

Result<void> Enrollments::save(const IdScope& scope, const IndividualEnrollment& enrollment,
                               Expected expected) {
    const std::string document = to_text(to_document(enrollment, provisioning::View::stored));
    const std::vector<std::string> thumbprints = client_thumbprints(enrollment);
    return database_.write([&](Connection& connection) -> Result<void> {
        const auto written = write_individual(connection, scope, enrollment, expected, document);
        if (!written) {
            return written;
        }
        return write_certificates(connection, scope, enrollment.id, thumbprints);
    });
}

Result<void> Enrollments::erase_individual(const IdScope& scope, const RegistrationId& id,
                                           Expected expected) {
    return database_.write([&](Connection& connection) -> Result<void> {
        const auto erased =
            must_change(connection, delete_individual,
                        {scope.text(), id.folded(), expected.version}, version_conflict());
        if (!erased) {
            return erased;
        }
        return run_only(connection, delete_registration, {scope.text(), id.folded()});
    });
}

Result<std::optional<EnrollmentGroup>> Enrollments::find_group(const IdScope& scope,
                                                               const EnrollmentGroupId& id) {
    return read_document<EnrollmentGroup>(database_, select_group, {scope.text(), id.folded()},
                                          provisioning::stored_group);
}

Result<void> Enrollments::save(const IdScope& scope, const EnrollmentGroup& group,
                               Expected expected) {
    const std::string document = to_text(to_document(group, provisioning::View::stored));
    return database_.write([&](Connection& connection) -> Result<void> {
        const auto written = write_group(connection, scope, group, expected, document);
        return written ? note_group_change(connection, scope) : written;
    });
}

Result<void> Enrollments::erase_group(const IdScope& scope, const EnrollmentGroupId& id,
                                      Expected expected) {
    return database_.write([&](Connection& connection) -> Result<void> {
        const auto erased =
            must_change(connection, delete_group, {scope.text(), id.folded(), expected.version},
                        version_conflict());
        return erased ? note_group_change(connection, scope) : erased;
    });
}

Result<std::vector<EnrollmentGroup>> Enrollments::groups(const IdScope& scope) {
    return read_documents<EnrollmentGroup>(database_, select_groups, {scope.text()},
                                           provisioning::stored_group);
}

Result<std::int64_t> Enrollments::groups_revision(const IdScope& scope) {
    return read_integer(database_, select_revision, {scope.text()}, 0);
}

Result<std::vector<IndividualEnrollment>>
Enrollments::individuals(const IdScope& scope, const std::string& after, std::size_t count_max) {
    return read_documents<IndividualEnrollment>(database_, select_individuals,
                                                {scope.text(), after, row_limit(count_max)},
                                                provisioning::stored_individual);
}

Result<std::optional<RegistrationId>>
Enrollments::individual_with_thumbprint(const IdScope& scope,
                                        const std::string& sha256_thumbprint) {
    auto holders = read_texts(database_, select_holder, {scope.text(), sha256_thumbprint});
    if (!holders) {
        return std::unexpected(holders.error());
    }
    return holders->empty() ? std::nullopt
                            : std::optional(RegistrationId(std::move(holders->front())));
}

} // namespace muster::store::sql
