#include "provisioning/documents.h"
#include "store/outcomes.h"
#include "store/sql/accompaniment.h"
#include "store/sql/counts.h"
#include "store/sql/ports.h"

namespace muster::store::sql {

using provisioning::DecidedByGroup;
using provisioning::RegistrationRecord;
using provisioning::Write;

namespace {

constexpr Statement select_record{
    "SELECT document FROM registration WHERE scope = $1 AND folded_id = $2"};
constexpr Statement select_all{
    "SELECT folded_id, document FROM registration WHERE scope = $1 AND folded_id > $2"
    " ORDER BY folded_id LIMIT $3"};
constexpr Statement select_of_group{"SELECT folded_id, document FROM registration"
                                    " WHERE scope = $1 AND folded_group = $2 AND folded_id > $3"
                                    " ORDER BY folded_id LIMIT $4"};
constexpr Statement select_unfinished{
    "SELECT folded_id, document FROM registration WHERE scope = $1 AND unfinished = 1"
    " ORDER BY folded_id LIMIT $2"};
constexpr Statement insert_record{
    "INSERT INTO registration"
    " (scope, folded_id, version, status, folded_group, unfinished, document)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (scope, folded_id) DO NOTHING"};
constexpr Statement update_record{
    "UPDATE registration"
    " SET version = $3, status = $4, folded_group = $5, unfinished = $6, document = $7"
    " WHERE scope = $1 AND folded_id = $2 AND version = $8"};
constexpr Statement delete_record{
    "DELETE FROM registration WHERE scope = $1 AND folded_id = $2 AND version = $3"};

Value group_column(const RegistrationRecord& record) {
    const auto* decided =
        record.decided_by ? std::get_if<DecidedByGroup>(&*record.decided_by) : nullptr;
    return decided == nullptr ? Value(Null{}) : Value(std::string_view(decided->id.folded()));
}

/// The columns of a record, encoded before the writer is asked for.
struct Columns {
    std::string_view id;
    std::int64_t version = 0;
    std::string_view status;
    Value group;
    std::int64_t unfinished = 0;
    std::string document;
};

Result<void> create(Connection& connection, const IdScope& scope, const Columns& record,
                    const Write& write) {
    const auto created = must_change(connection, insert_record,
                                     {scope.text(), record.id, record.version, record.status,
                                      record.group, record.unfinished, record.document},
                                     version_conflict());
    return created ? count_creation(connection, scope, counted_registrations, write) : created;
}

Result<void> update(Connection& connection, const IdScope& scope, const Columns& record,
                    const Write& write) {
    return must_change(connection, update_record,
                       {scope.text(), record.id, record.version, record.status, record.group,
                        record.unfinished, record.document, write.expected.version},
                       version_conflict());
}

} // namespace

Result<std::optional<RegistrationRecord>> Registrations::find(const IdScope& scope,
                                                              const RegistrationId& id) {
    return records_.find<RegistrationRecord>({scope.text(), id.folded()}, select_record,
                                             {scope.text(), id.folded()},
                                             provisioning::stored_registration);
}

Result<void> Registrations::save(const IdScope& scope, const RegistrationRecord& record,
                                 const Write& write) {
    const std::string& id = record.id.folded();
    const Columns columns{.id = id,
                          .version = record.stamp.version,
                          .status = to_string(record.status),
                          .group = group_column(record),
                          .unfinished = record.plan ? 1 : 0,
                          .document =
                              records_.seal({scope.text(), id}, to_stored_document(record))};
    return database_.write([&](Connection& connection) -> Result<void> {
        const auto saved = write.expected.version == 0 ? create(connection, scope, columns, write)
                                                       : update(connection, scope, columns, write);
        return saved ? write_accompaniment(connection, scope, write, settings_.journal) : saved;
    });
}

Result<void> Registrations::erase(const IdScope& scope, const RegistrationId& id,
                                  const Write& write) {
    return database_.write([&](Connection& connection) -> Result<void> {
        const auto erased =
            must_change(connection, delete_record,
                        {scope.text(), id.folded(), write.expected.version}, version_conflict());
        if (!erased) {
            return erased;
        }
        const auto counted = add_to_counts(connection, scope, {.registrations = -1});
        return counted ? write_accompaniment(connection, scope, write, settings_.journal)
                       : std::unexpected(counted.error());
    });
}

Result<std::vector<RegistrationRecord>> Registrations::of_group(const IdScope& scope,
                                                                const EnrollmentGroupId& group,
                                                                const std::string& after,
                                                                std::size_t count_max) {
    return records_.read<RegistrationRecord>(
        scope.text(), select_of_group, {scope.text(), group.folded(), after, row_limit(count_max)},
        provisioning::stored_registration);
}

Result<std::vector<RegistrationRecord>>
Registrations::all(const IdScope& scope, const std::string& after, std::size_t count_max) {
    return records_.read<RegistrationRecord>(scope.text(), select_all,
                                             {scope.text(), after, row_limit(count_max)},
                                             provisioning::stored_registration);
}

Result<std::vector<RegistrationRecord>> Registrations::unfinished(const IdScope& scope,
                                                                  std::size_t count_max) {
    return records_.read<RegistrationRecord>(scope.text(), select_unfinished,
                                             {scope.text(), row_limit(count_max)},
                                             provisioning::stored_registration);
}

} // namespace muster::store::sql
