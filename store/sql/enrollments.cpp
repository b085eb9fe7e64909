// The individuals' half of the enrollments.

#include "provisioning/batch_audit.h"
#include "provisioning/documents.h"
#include "store/outcomes.h"
#include "store/sql/accompaniment.h"
#include "store/sql/counts.h"
#include "store/sql/individual_batch.h"
#include "store/sql/ports.h"
#include "store/sql/registration_rows.h"

namespace muster::store::sql {

using provisioning::EnrollmentFilter;
using provisioning::IndividualEnrollment;
using provisioning::IndividualWrite;
using provisioning::RegistrationRecord;
using provisioning::Remains;
using provisioning::ScopeCounts;
using provisioning::Write;

namespace {

constexpr Statement select_individual{
    "SELECT document FROM enrollment WHERE scope = $1 AND folded_id = $2"};
constexpr Statement select_individuals{
    "SELECT folded_id, document FROM enrollment WHERE scope = $1 AND folded_id > $2"
    " ORDER BY folded_id LIMIT $3"};
constexpr Statement delete_individual{
    "DELETE FROM enrollment WHERE scope = $1 AND folded_id = $2 AND version = $3"};
constexpr Statement select_listed_record{
    "SELECT document FROM registration WHERE scope = $1 AND folded_id = $2 AND erased = 0"};
constexpr Statement delete_record{"DELETE FROM registration WHERE scope = $1 AND folded_id = $2"};
constexpr Statement replace_record{
    "UPDATE registration SET version = $3, status = $4, folded_group = $5, hub = $6,"
    " assigned_hub = $7, unfinished = $8, erased = $9, document = $10"
    " WHERE scope = $1 AND folded_id = $2"};
constexpr Statement select_holder{
    "SELECT enrollment.id FROM enrollment_certificate"
    " JOIN enrollment ON enrollment.scope = enrollment_certificate.scope"
    " AND enrollment.folded_id = enrollment_certificate.folded_id"
    " WHERE enrollment_certificate.scope = $1 AND enrollment_certificate.sha256_thumbprint = $2"};
constexpr Statement select_counts{
    "SELECT enrollments, enrollment_groups, registrations FROM scope_count WHERE scope = $1"};

// Rows that a filter looks at in one read.
constexpr std::size_t filtered_rows_min = 64;
constexpr std::size_t filtered_rows_max = 1024;

/// Appends those of the rows that match, until there are enough.
Result<void> keep_matching(const SealedTable& table, const IdScope& scope,
                           const std::vector<StoredRow>& rows, const EnrollmentFilter& filter,
                           std::vector<IndividualEnrollment>& kept, std::size_t count_max) {
    for (const StoredRow& row : rows) {
        const auto document = table.open({scope.text(), row.id}, row.document);
        if (!document) {
            return std::unexpected(document.error());
        }
        // Most do not match: certificates are decoded for those that do.
        if (!filter.matches(*document)) {
            continue;
        }
        auto enrollment = provisioning::stored_individual(*document);
        if (!enrollment) {
            return damaged_document(enrollment.error());
        }
        kept.push_back(std::move(*enrollment));
        if (kept.size() == count_max) {
            break;
        }
    }
    return {};
}

Result<void> replace(Connection& connection, const SealedTable& records, const RowKey& key,
                     const RegistrationRecord& record) {
    const RegistrationColumns columns = columns_of(record);
    return run_only(connection, replace_record,
                    {key.tenant, key.id, record.stamp.version, columns.status, columns.group,
                     columns.hub, columns.assigned_hub, columns.unfinished, columns.erased,
                     records.seal(key, to_stored_document(record))});
}

/// What was erased before stays as it is. Tells how many records are listed no more.
Result<std::int64_t> leave_remains(Connection& connection, const SealedTable& records,
                                   const RowKey& key, const Remains& remains) {
    std::optional<std::string> stored;
    const auto ran = connection.run(select_listed_record, {key.tenant, key.id},
                                    [&](const Row& row) { stored = std::string(row.text(0)); });
    if (!ran) {
        return std::unexpected(ran.error());
    }
    if (!stored) {
        return 0;
    }
    const auto record =
        records.open<RegistrationRecord>(key, *stored, provisioning::stored_registration);
    if (!record) {
        return std::unexpected(record.error());
    }
    const std::optional<RegistrationRecord> left = remains(*record);
    const Result<void> written = left ? replace(connection, records, key, *left)
                                      : run_only(connection, delete_record, {key.tenant, key.id});
    if (!written) {
        return std::unexpected(written.error());
    }
    return left && !left->erased ? 0 : 1;
}

} // namespace

Result<std::optional<IndividualEnrollment>> Enrollments::find_individual(const IdScope& scope,
                                                                         const RegistrationId& id) {
    return individuals_.find<IndividualEnrollment>({scope.text(), id.folded()}, select_individual,
                                                   {scope.text(), id.folded()},
                                                   provisioning::stored_individual);
}

Result<std::vector<IndividualEnrollment>>
Enrollments::find_individuals(const IdScope& scope, std::span<const RegistrationId> ids) {
    std::vector<StoredRow> found;
    const Result<void> read = database_.read([&](Connection& connection) -> Result<void> {
        for (const RegistrationId& id : ids) {
            const auto ran =
                connection.run(select_individual, {scope.text(), id.folded()}, [&](const Row& row) {
                    found.push_back({id.folded(), std::string(row.text(0))});
                });
            if (!ran) {
                return std::unexpected(ran.error());
            }
        }
        return {};
    });
    if (!read) {
        return std::unexpected(read.error());
    }
    return individuals_.decode<IndividualEnrollment>(scope.text(), found,
                                                     provisioning::stored_individual);
}

Result<void> Enrollments::save(const IdScope& scope, const IndividualEnrollment& enrollment,
                               const Write& write) {
    const EncodedIndividual row = encode(individuals_, scope, enrollment, write.expected);
    return database_.write([&](Connection& connection) -> Result<void> {
        const auto written = write_individual(connection, scope, row, write);
        return written ? write_accompaniment(connection, scope, write, settings_.journal) : written;
    });
}

Result<std::vector<Result<void>>> Enrollments::save_all(const IdScope& scope,
                                                        std::span<const IndividualWrite> rows,
                                                        const Write& batch) {
    std::vector<EncodedIndividual> encoded;
    encoded.reserve(rows.size());
    for (const IndividualWrite& row : rows) {
        encoded.push_back(encode(individuals_, scope, row.enrollment, row.expected));
    }
    std::vector<Result<void>> outcomes;
    const Result<void> written = database_.write([&](Connection& connection) -> Result<void> {
        const auto written = write_individuals(connection, scope, encoded, batch, outcomes);
        if (!written) {
            return written;
        }
        const auto change = provisioning::settled_change(batch.change, rows, outcomes);
        return change ? write_accompaniment(connection, scope,
                                            Write(provisioning::Expected{}).audited(*change),
                                            settings_.journal)
                      : written;
    });
    if (!written) {
        return std::unexpected(written.error());
    }
    return outcomes;
}

Result<void> Enrollments::erase_individual(const IdScope& scope, const RegistrationId& id,
                                           const Write& write, const Remains& remains) {
    return database_.write([&](Connection& connection) -> Result<void> {
        const auto erased =
            must_change(connection, delete_individual,
                        {scope.text(), id.folded(), write.expected.version}, version_conflict());
        if (!erased) {
            return erased;
        }
        const auto unlisted =
            leave_remains(connection, records_, {scope.text(), id.folded()}, remains);
        if (!unlisted) {
            return std::unexpected(unlisted.error());
        }
        const auto counted =
            add_to_counts(connection, scope, {.enrollments = -1, .registrations = -*unlisted});
        return counted ? write_accompaniment(connection, scope, write, settings_.journal)
                       : std::unexpected(counted.error());
    });
}

Result<std::vector<IndividualEnrollment>>
Enrollments::individuals(const IdScope& scope, const std::string& after, std::size_t count_max) {
    return individuals_.read<IndividualEnrollment>(scope.text(), select_individuals,
                                                   {scope.text(), after, row_limit(count_max)},
                                                   provisioning::stored_individual);
}

Result<std::vector<IndividualEnrollment>>
Enrollments::individuals_where(const IdScope& scope, const EnrollmentFilter& filter,
                               const std::string& after, std::size_t count_max) {
    if (filter.matches_everything()) {
        return individuals(scope, after, count_max);
    }
    const std::size_t rows_max = std::clamp(count_max, filtered_rows_min, filtered_rows_max);
    std::vector<IndividualEnrollment> kept;
    std::string last = after;
    while (kept.size() < count_max) {
        const auto rows =
            individuals_.rows(select_individuals, {scope.text(), last, row_limit(rows_max)});
        if (!rows) {
            return std::unexpected(rows.error());
        }
        const auto matched = keep_matching(individuals_, scope, *rows, filter, kept, count_max);
        if (!matched) {
            return std::unexpected(matched.error());
        }
        if (rows->size() < rows_max) {
            break;
        }
        last = rows->back().id;
    }
    return kept;
}

Result<ScopeCounts> Enrollments::counts(const IdScope& scope) {
    ScopeCounts counts;
    const Result<void> read = database_.read([&](Connection& connection) -> Result<void> {
        const auto ran = connection.run(select_counts, {scope.text()}, [&](const Row& row) {
            counts = {.enrollments = row.integer(0),
                      .enrollment_groups = row.integer(1),
                      .registrations = row.integer(2)};
        });
        return ran ? Result<void>() : std::unexpected(ran.error());
    });
    return read ? Result<ScopeCounts>(counts) : std::unexpected(read.error());
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
