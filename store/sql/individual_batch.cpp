#include "store/sql/individual_batch.h"

#include "provisioning/documents.h"
#include "store/outcomes.h"
#include "store/sql/counts.h"
#include "store/thumbprints.h"

namespace muster::store::sql {

using provisioning::ScopeCounts;
using provisioning::Write;

namespace {

constexpr Statement select_version{
    "SELECT version FROM enrollment WHERE scope = $1 AND folded_id = $2"};
constexpr Statement insert_individual{
    "INSERT INTO enrollment (scope, folded_id, id, version, document) VALUES ($1, $2, $3, $4, $5)"
    " ON CONFLICT (scope, folded_id) DO NOTHING"};
constexpr Statement update_individual{"UPDATE enrollment SET id = $3, version = $4, document = $5"
                                      " WHERE scope = $1 AND folded_id = $2 AND version = $6"};
constexpr Statement delete_certificates{
    "DELETE FROM enrollment_certificate WHERE scope = $1 AND folded_id = $2"};
constexpr Statement insert_certificate{
    "INSERT INTO enrollment_certificate (scope, sha256_thumbprint, folded_id) VALUES ($1, $2, $3)"
    " ON CONFLICT (scope, sha256_thumbprint) DO NOTHING"};
constexpr Statement count_other_holders{
    "SELECT COUNT(*) FROM enrollment_certificate"
    " WHERE scope = $1 AND sha256_thumbprint = $2 AND folded_id <> $3"};

/// The rows of one transaction, one after the other.
class Batch {
  public:
    Batch(Connection& connection, const IdScope& scope, const Write& write)
        : connection_(connection), scope_(scope), write_(write) {}

    Result<void> begin();
    Result<void> add(const EncodedIndividual& row);
    /// Counts what was created.
    Result<void> end();

  private:
    Result<void> check(const EncodedIndividual& row);
    Result<void> check_version(const EncodedIndividual& row);
    Result<void> check_certificates(const EncodedIndividual& row);
    Result<void> insert(const EncodedIndividual& row);
    Result<void> update(const EncodedIndividual& row);
    Result<void> write_certificates(const EncodedIndividual& row);

    Connection& connection_;
    const IdScope& scope_;
    const Write& write_;
    ScopeCounts counts_; // known if there is a quota
    std::int64_t created_ = 0;
};

Result<void> Batch::begin() {
    if (!write_.count_max) {
        return {};
    }
    const auto counts = add_to_counts(connection_, scope_, {});
    counts_ = counts.value_or(ScopeCounts{});
    return counts ? Result<void>() : std::unexpected(counts.error());
}

Result<void> Batch::check_version(const EncodedIndividual& row) {
    const auto version =
        integer_of(connection_, select_version, {scope_.text(), row.id.folded()}, 0);
    if (!version) {
        return std::unexpected(version.error());
    }
    if (*version != row.expected.version) {
        return version_conflict();
    }
    return {};
}

Result<void> Batch::check_certificates(const EncodedIndividual& row) {
    for (const std::string& thumbprint : row.thumbprints) {
        const auto others = integer_of(connection_, count_other_holders,
                                       {scope_.text(), thumbprint, row.id.folded()}, 0);
        if (!others) {
            return std::unexpected(others.error());
        }
        if (*others > 0) {
            return certificate_taken();
        }
    }
    return {};
}

/// What the statements would only tell after having changed something. The version comes first:
/// whoever has an old one must read again before anything else can be said.
Result<void> Batch::check(const EncodedIndividual& row) {
    const Result<void> room = row.expected.version == 0
                                  ? check_quota(counts_, counted_enrollments, write_)
                                  : Result<void>();
    if (room && row.thumbprints.empty()) {
        return {}; // the statement itself tells whether the version is right
    }
    if (const Result<void> current = check_version(row); !current) {
        return current;
    }
    if (const Result<void> free = check_certificates(row); !free) {
        return free;
    }
    return room;
}

Result<void> Batch::insert(const EncodedIndividual& row) {
    const auto inserted =
        must_change(connection_, insert_individual,
                    {scope_.text(), row.id.folded(), row.id.text(), row.version, row.document},
                    version_conflict());
    if (inserted) {
        ++created_;
        ++counts_.enrollments;
    }
    return inserted;
}

Result<void> Batch::update(const EncodedIndividual& row) {
    const auto updated = must_change(connection_, update_individual,
                                     {scope_.text(), row.id.folded(), row.id.text(), row.version,
                                      row.document, row.expected.version},
                                     version_conflict());
    return updated ? run_only(connection_, delete_certificates, {scope_.text(), row.id.folded()})
                   : updated;
}

Result<void> Batch::write_certificates(const EncodedIndividual& row) {
    for (const std::string& thumbprint : row.thumbprints) {
        const auto added =
            must_change(connection_, insert_certificate,
                        {scope_.text(), thumbprint, row.id.folded()}, certificate_taken());
        if (!added) {
            return added;
        }
    }
    return {};
}

Result<void> Batch::add(const EncodedIndividual& row) {
    if (const Result<void> checked = check(row); !checked) {
        return checked;
    }
    const Result<void> stored = row.expected.version == 0 ? insert(row) : update(row);
    return stored ? write_certificates(row) : stored;
}

Result<void> Batch::end() {
    if (created_ == 0) {
        return {};
    }
    const auto counted = add_to_counts(connection_, scope_, {.enrollments = created_});
    return counted ? Result<void>() : std::unexpected(counted.error());
}

/// Told about one row; anything else is the end of the whole transaction.
bool is_refusal(const Error& error) {
    return error.code == Code::conflict || error.code == Code::already_exists ||
           error.code == Code::quota_exceeded;
}

} // namespace

EncodedIndividual encode(const SealedTable& table, const IdScope& scope,
                         const provisioning::IndividualEnrollment& enrollment,
                         provisioning::Expected expected) {
    return {.id = enrollment.id,
            .version = enrollment.stamp.version,
            .expected = expected,
            .thumbprints = client_thumbprints(enrollment),
            .document = table.seal({scope.text(), enrollment.id.folded()},
                                   to_document(enrollment, provisioning::View::stored))};
}

Result<void> write_individual(Connection& connection, const IdScope& scope,
                              const EncodedIndividual& row, const Write& write) {
    Batch batch(connection, scope, write);
    if (const Result<void> begun = batch.begin(); !begun) {
        return begun;
    }
    const Result<void> added = batch.add(row);
    return added ? batch.end() : added;
}

Result<void> write_individuals(Connection& connection, const IdScope& scope,
                               std::span<const EncodedIndividual> rows, const Write& batch,
                               std::vector<Result<void>>& outcomes) {
    Batch writing(connection, scope, batch);
    if (const Result<void> begun = writing.begin(); !begun) {
        return begun;
    }
    for (const EncodedIndividual& row : rows) {
        Result<void> added = writing.add(row);
        if (!added && !is_refusal(added.error())) {
            return added;
        }
        outcomes.push_back(std::move(added));
    }
    return writing.end();
}

} // namespace muster::store::sql
