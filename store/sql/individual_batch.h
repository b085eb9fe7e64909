#pragma once
// Writing individual enrollments, one or many in a transaction. A row that is refused must leave no
// trace in a transaction that goes on: so it is checked before it is written, not undone after.

#include "provisioning/ports.h"
#include "store/sql/sealed_table.h"

#include <span>
#include <string>
#include <vector>

namespace muster::store::sql {

/// A row with everything that takes time done, before the writer is asked for.
struct EncodedIndividual {
    RegistrationId id;
    std::int64_t version = 0;
    provisioning::Expected expected;
    std::vector<std::string> thumbprints; // of its client certificates
    std::string document;                 // sealed
};

EncodedIndividual encode(const SealedTable& table, const IdScope& scope,
                         const provisioning::IndividualEnrollment& enrollment,
                         provisioning::Expected expected);

/// Errors: conflict, already_exists (a certificate), quota_exceeded; nothing is written then.
Result<void> write_individual(Connection& connection, const IdScope& scope,
                              const EncodedIndividual& row, const provisioning::Write& write);

/// The same for each of the rows, with an outcome for each. The error means the end of the
/// transaction.
Result<void> write_individuals(Connection& connection, const IdScope& scope,
                               std::span<const EncodedIndividual> rows,
                               const provisioning::Write& batch,
                               std::vector<Result<void>>& outcomes);

} // namespace muster::store::sql
