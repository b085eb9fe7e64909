#include "base/text.h"
#include "provisioning/documents/instance_document.h"
#include "store/outcomes.h"
#include "store/sql/accompaniment.h"
#include "store/sql/audit_chain.h"
#include "store/sql/operator_ports.h"
#include "store/sql/purging.h"

namespace muster::store::sql {

using provisioning::Change;
using provisioning::Instance;
using provisioning::Write;

namespace {

// The writer is not held for longer than this takes by one long audit chain.
constexpr std::int64_t entries_at_once = 2000;

constexpr Statement select_instances{"SELECT scope, document FROM instance ORDER BY scope"};
constexpr Statement select_version{"SELECT version FROM instance WHERE scope = $1"};
constexpr Statement insert_instance{
    "INSERT INTO instance (scope, folded_name, version, document) VALUES ($1, $2, $3, $4)"};
constexpr Statement update_instance{
    "UPDATE instance SET folded_name = $2, version = $3, document = $4"
    " WHERE scope = $1 AND version = $5"};
constexpr Statement delete_instance{"DELETE FROM instance WHERE scope = $1"};
constexpr Statement select_entry_beyond{
    "SELECT sequence FROM audit WHERE scope = $1 ORDER BY sequence LIMIT 1 OFFSET $2"};
constexpr Statement delete_last_entries{
    "DELETE FROM audit WHERE scope = $1 AND sequence IN"
    " (SELECT sequence FROM audit WHERE scope = $1 ORDER BY sequence DESC LIMIT $2)"};
constexpr Statement delete_chain{"DELETE FROM audit WHERE scope = $1"};

Result<void> write_row(Connection& connection, const Instance& instance, std::int64_t expected,
                       std::string_view document) {
    const std::string& scope = instance.scope.text();
    const std::string name = to_lower(instance.name);
    const std::int64_t version = instance.stamp.version;
    const auto found = integer_of(connection, select_version, {scope}, 0);
    if (!found) {
        return std::unexpected(found.error());
    }
    if (*found != expected) {
        return version_conflict();
    }
    const Result<void> written =
        expected == 0 ? run_only(connection, insert_instance, {scope, name, version, document})
                      : must_change(connection, update_instance,
                                    {scope, name, version, document, expected}, version_conflict());
    // The version is right, so the key that is taken is the name.
    const bool is_taken = !written && written.error().code == Code::already_exists;
    return is_taken ? instance_name_taken() : written;
}

} // namespace

Result<std::vector<Instance>> Instances::all() {
    return instances_.read<Instance>("", select_instances, {}, provisioning::stored_instance);
}

Result<void> Instances::save(const Instance& instance, const Write& write) {
    const std::string document = instances_.seal({"", instance.scope.text()},
                                                 to_document(instance, provisioning::View::stored));
    return database_.write([&](Connection& connection) -> Result<void> {
        const auto written = write_row(connection, instance, write.expected.version, document);
        const bool is_new = write.expected.version == 0 && write.change != nullptr;
        const auto told =
            written && is_new
                ? append_to_chain(connection, provisioning::server_chain, *write.change)
                : written;
        return told ? write_accompaniment(connection, instance.scope, write, settings_.journal)
                    : told;
    });
}

Result<bool> Instances::purge(const IdScope& scope, std::size_t rows_max) {
    bool is_left = false;
    const Result<void> purged = database_.write([&](Connection& connection) -> Result<void> {
        const auto left = purge_rows(connection, scope, row_limit(rows_max));
        is_left = left.value_or(false);
        return left ? Result<void>() : std::unexpected(left.error());
    });
    return purged ? Result<bool>(is_left) : std::unexpected(purged.error());
}

/// A chain may be as long as the instance was busy. What goes first are the last entries: if this
/// is interrupted, what remains is still a chain.
Result<void> Instances::shorten_chain(const IdScope& scope) {
    for (bool is_long = true; is_long;) {
        const Result<void> shortened = database_.write([&](Connection& connection) -> Result<void> {
            const auto beyond =
                integer_of(connection, select_entry_beyond, {scope.text(), entries_at_once}, 0);
            if (!beyond) {
                return std::unexpected(beyond.error());
            }
            is_long = *beyond != 0;
            return is_long
                       ? run_only(connection, delete_last_entries, {scope.text(), entries_at_once})
                       : Result<void>();
        });
        if (!shortened) {
            return shortened;
        }
    }
    return {};
}

Result<void> Instances::erase(const IdScope& scope, const Change& change) {
    const auto version = read_integer(database_, select_version, {scope.text()}, 0);
    if (!version) {
        return std::unexpected(version.error());
    }
    if (*version == 0) {
        return no_such_instance();
    }
    if (Result<void> shortened = shorten_chain(scope); !shortened) {
        return shortened;
    }
    return database_.write([&](Connection& connection) -> Result<void> {
        const auto erased =
            must_change(connection, delete_instance, {scope.text()}, no_such_instance());
        if (!erased) {
            return erased;
        }
        const auto ended = run_only(connection, delete_chain, {scope.text()});
        return ended ? append_to_chain(connection, provisioning::server_chain, change) : ended;
    });
}

} // namespace muster::store::sql
