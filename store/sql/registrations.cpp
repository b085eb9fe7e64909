#include "provisioning/documents.h"
#include "store/outcomes.h"
#include "store/sql/ports.h"
#include "store/sql/rows.h"

namespace muster::store::sql {

using provisioning::DecidedByGroup;
using provisioning::Expected;
using provisioning::RegistrationRecord;

namespace {

constexpr Statement select_record{
    "SELECT document FROM registration WHERE scope = $1 AND folded_id = $2"};
constexpr Statement select_all{
    "SELECT document FROM registration WHERE scope = $1 AND folded_id > $2"
    " ORDER BY folded_id LIMIT $3"};
constexpr Statement select_of_group{
    "SELECT document FROM registration WHERE scope = $1 AND folded_group = $2 AND folded_id > $3"
    " ORDER BY folded_id LIMIT $4"};
constexpr Statement select_unfinished{
    "SELECT document FROM registration WHERE scope = $1 AND unfinished = 1"
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

} // namespace

Result<std::optional<RegistrationRecord>> Registrations::find(const IdScope& scope,
                                                              const RegistrationId& id) {
    return read_document<RegistrationRecord>(database_, select_record, {scope.text(), id.folded()},
                                             provisioning::stored_registration);
}

Result<void> Registrations::save(const IdScope& scope, const RegistrationRecord& record,
                                 Expected expected) {
    const std::string document = to_text(to_stored_document(record));
    const std::string_view status = to_string(record.status);
    const Value group = group_column(record);
    const std::int64_t unfinished = record.plan ? 1 : 0;
    return database_.write([&](Connection& connection) {
        if (expected.version == 0) {
            return must_change(connection, insert_record,
                               {scope.text(), record.id.folded(), record.stamp.version, status,
                                group, unfinished, document},
                               version_conflict());
        }
        return must_change(connection, update_record,
                           {scope.text(), record.id.folded(), record.stamp.version, status, group,
                            unfinished, document, expected.version},
                           version_conflict());
    });
}

Result<void> Registrations::erase(const IdScope& scope, const RegistrationId& id,
                                  Expected expected) {
    return database_.write([&](Connection& connection) {
        return must_change(connection, delete_record, {scope.text(), id.folded(), expected.version},
                           version_conflict());
    });
}

Result<std::vector<RegistrationRecord>> Registrations::of_group(const IdScope& scope,
                                                                const EnrollmentGroupId& group,
                                                                const std::string& after,
                                                                std::size_t count_max) {
    return read_documents<RegistrationRecord>(
        database_, select_of_group, {scope.text(), group.folded(), after, row_limit(count_max)},
        provisioning::stored_registration);
}

Result<std::vector<RegistrationRecord>>
Registrations::all(const IdScope& scope, const std::string& after, std::size_t count_max) {
    return read_documents<RegistrationRecord>(database_, select_all,
                                              {scope.text(), after, row_limit(count_max)},
                                              provisioning::stored_registration);
}

Result<std::vector<RegistrationRecord>> Registrations::unfinished(const IdScope& scope,
                                                                  std::size_t count_max) {
    return read_documents<RegistrationRecord>(database_, select_unfinished,
                                              {scope.text(), row_limit(count_max)},
                                              provisioning::stored_registration);
}

} // namespace muster::store::sql
