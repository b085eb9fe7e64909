#include "base/log.h"
#include "provisioning/documents.h"
#include "store/outcomes.h"
#include "store/sql/accompaniment.h"
#include "store/sql/counts.h"
#include "store/sql/ports.h"
#include "store/sql/registration_rows.h"

namespace muster::store::sql {

using provisioning::HubCount;
using provisioning::RegistrationRecord;
using provisioning::Write;

namespace {

constexpr Statement select_record{
    "SELECT document FROM registration WHERE scope = $1 AND folded_id = $2"};
constexpr Statement select_all{
    "SELECT folded_id, document FROM registration"
    " WHERE scope = $1 AND folded_id > $2 AND erased = 0 ORDER BY folded_id LIMIT $3"};
constexpr Statement select_of_group{"SELECT folded_id, document FROM registration"
                                    " WHERE scope = $1 AND folded_group = $2 AND folded_id > $3"
                                    " ORDER BY folded_id LIMIT $4"};
constexpr Statement select_at_hub{"SELECT folded_id, document FROM registration"
                                  " WHERE scope = $1 AND assigned_hub = $2 AND folded_id > $3"
                                  " ORDER BY folded_id LIMIT $4"};
constexpr Statement select_unfinished{
    "SELECT folded_id, document FROM registration"
    " WHERE scope = $1 AND unfinished = 1 AND folded_id > $2 ORDER BY folded_id LIMIT $3"};
constexpr Statement select_hub_counts{"SELECT hub, COUNT(*) FROM registration"
                                      " WHERE scope = $1 AND hub IS NOT NULL GROUP BY hub"
                                      " ORDER BY hub"};
constexpr Statement insert_record{
    "INSERT INTO registration (scope, folded_id, version, status, folded_group, hub, assigned_hub,"
    " unfinished, erased, document)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (scope, folded_id) DO NOTHING"};
constexpr Statement update_record{
    "UPDATE registration SET version = $3, status = $4, folded_group = $5, hub = $6,"
    " assigned_hub = $7, unfinished = $8, erased = $9, document = $10"
    " WHERE scope = $1 AND folded_id = $2 AND version = $11 AND erased = $12"};
constexpr Statement delete_record{
    "DELETE FROM registration WHERE scope = $1 AND folded_id = $2 AND version = $3"
    " RETURNING erased"};

void log_unreadable(const IdScope& scope, const std::string& id, const Error& error) {
    log::error("a registration record cannot be read, its device is left as it is",
               {{"scope", scope.text()},
                {"registration_id", id},
                {"detail", error.detail},
                {"cause", error.cause}});
}

/// A record, encoded before the writer is asked for.
struct Encoded {
    std::string_view id;
    std::int64_t version = 0;
    RegistrationColumns columns;
    std::string document;
};

Result<void> insert(Connection& connection, const IdScope& scope, const Encoded& row) {
    const RegistrationColumns& columns = row.columns;
    return must_change(connection, insert_record,
                       {scope.text(), row.id, row.version, columns.status, columns.group,
                        columns.hub, columns.assigned_hub, columns.unfinished, columns.erased,
                        row.document},
                       version_conflict());
}

/// In that version, and erased or not; false if it is not so.
struct Found {
    std::int64_t version = 0;
    std::int64_t erased = 0;
};

Result<bool> update(Connection& connection, const IdScope& scope, const Encoded& row,
                    const Found& found) {
    const RegistrationColumns& columns = row.columns;
    const auto changed = connection.run(
        update_record, {scope.text(), row.id, row.version, columns.status, columns.group,
                        columns.hub, columns.assigned_hub, columns.unfinished, columns.erased,
                        row.document, found.version, found.erased});
    return changed ? Result<bool>(*changed > 0) : std::unexpected(changed.error());
}

/// Writes the row in the place of what is expected. Tells how many listed records it replaced: an
/// erased one is none.
Result<std::int64_t> write_row(Connection& connection, const IdScope& scope, const Encoded& row,
                               std::int64_t expected) {
    if (expected == 0) {
        const auto inserted = insert(connection, scope, row);
        return inserted ? Result<std::int64_t>(0) : std::unexpected(inserted.error());
    }
    for (const std::int64_t erased : {0, 1}) {
        const auto updated = update(connection, scope, row, {expected, erased});
        if (!updated) {
            return std::unexpected(updated.error());
        }
        if (*updated) {
            return 1 - erased;
        }
    }
    return version_conflict();
}

/// The quota is that of the listed records; who comes back is a new one.
Result<void> count(Connection& connection, const IdScope& scope, std::int64_t change,
                   const Write& write) {
    if (change > 0) {
        return count_creation(connection, scope, counted_registrations, write);
    }
    if (change == 0) {
        return {};
    }
    const auto counted = add_to_counts(connection, scope, {.registrations = change});
    return counted ? Result<void>() : std::unexpected(counted.error());
}

Result<void> save_row(Connection& connection, const IdScope& scope, const Encoded& row,
                      const Write& write) {
    const auto replaced = write_row(connection, scope, row, write.expected.version);
    if (!replaced) {
        return std::unexpected(replaced.error());
    }
    const std::int64_t listed = 1 - row.columns.erased;
    return count(connection, scope, listed - *replaced, write);
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
    const Encoded row{.id = id,
                      .version = record.stamp.version,
                      .columns = columns_of(record),
                      .document = records_.seal({scope.text(), id}, to_stored_document(record))};
    return database_.write([&](Connection& connection) -> Result<void> {
        const auto saved = save_row(connection, scope, row, write);
        return saved ? write_accompaniment(connection, scope, write, settings_.journal) : saved;
    });
}

Result<void> Registrations::erase(const IdScope& scope, const RegistrationId& id,
                                  const Write& write) {
    return database_.write([&](Connection& connection) -> Result<void> {
        const auto was_erased = integer_of(connection, delete_record,
                                           {scope.text(), id.folded(), write.expected.version}, -1);
        if (!was_erased) {
            return std::unexpected(was_erased.error());
        }
        if (*was_erased < 0) {
            return version_conflict();
        }
        const auto counted = count(connection, scope, *was_erased - 1, write);
        return counted ? write_accompaniment(connection, scope, write, settings_.journal) : counted;
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

Result<std::vector<RegistrationRecord>> Registrations::at_hub(const IdScope& scope,
                                                              const HubName& hub,
                                                              const std::string& after,
                                                              std::size_t count_max) {
    return records_.read<RegistrationRecord>(
        scope.text(), select_at_hub, {scope.text(), hub.text(), after, row_limit(count_max)},
        provisioning::stored_registration);
}

Result<std::vector<RegistrationRecord>>
Registrations::all(const IdScope& scope, const std::string& after, std::size_t count_max) {
    return records_.read<RegistrationRecord>(scope.text(), select_all,
                                             {scope.text(), after, row_limit(count_max)},
                                             provisioning::stored_registration);
}

Result<std::vector<RegistrationRecord>>
Registrations::unfinished(const IdScope& scope, const std::string& after, std::size_t count_max) {
    std::vector<RegistrationRecord> found;
    std::string position = after;
    for (bool is_last = false; !is_last && found.size() < count_max;) {
        const std::size_t wanted = count_max - found.size();
        const auto rows =
            records_.rows(select_unfinished, {scope.text(), position, row_limit(wanted)});
        if (!rows) {
            return std::unexpected(rows.error());
        }
        for (const StoredRow& row : *rows) {
            auto record = records_.open<RegistrationRecord>({scope.text(), row.id}, row.document,
                                                            provisioning::stored_registration);
            if (record) {
                found.push_back(*std::move(record));
            } else {
                log_unreadable(scope, row.id, record.error());
            }
            position = row.id;
        }
        is_last = rows->size() < wanted;
    }
    return found;
}

Result<std::vector<HubCount>> Registrations::hub_counts(const IdScope& scope) {
    std::vector<HubCount> counts;
    const auto read = database_.read([&](Connection& connection) -> Result<void> {
        const auto ran = connection.run(select_hub_counts, {scope.text()}, [&](const Row& row) {
            counts.push_back({.hub = HubName(row.text(0)), .devices = row.integer(1)});
        });
        return ran ? Result<void>() : std::unexpected(ran.error());
    });
    if (!read) {
        return std::unexpected(read.error());
    }
    return counts;
}

} // namespace muster::store::sql
