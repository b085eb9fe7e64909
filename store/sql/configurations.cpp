#include "hub/configurations/configuration_documents.h"
#include "store/outcomes.h"
#include "store/sql/job_ports.h"
#include "store/sql/rows.h"

namespace muster::store::sql {

using hub::Configuration;
using hub::ConfigurationId;
using hub::ConfigurationMetrics;
using hub::ConfigurationRevisions;

namespace {

constexpr Statement select_all{
    "SELECT id, document, metrics FROM configuration WHERE hub = $1 ORDER BY id"};
constexpr Statement select_one{
    "SELECT id, document, metrics FROM configuration WHERE hub = $1 AND id = $2"};
constexpr Statement count_all{"SELECT COUNT(*) FROM configuration WHERE hub = $1"};
constexpr Statement insert_configuration{
    "INSERT INTO configuration (hub, id, version, document, metrics) VALUES ($1, $2, $3, $4, $5)"
    " ON CONFLICT (hub, id) DO NOTHING"};
constexpr Statement update_configuration{"UPDATE configuration SET version = $3, document = $4"
                                         " WHERE hub = $1 AND id = $2 AND version = $5"};
constexpr Statement delete_configuration{
    "DELETE FROM configuration WHERE hub = $1 AND id = $2 AND version = $3"};
constexpr Statement update_metrics{
    "UPDATE configuration SET metrics = $3 WHERE hub = $1 AND id = $2"};
constexpr Statement count_change{
    "INSERT INTO hub_configurations (hub, changed, applied) VALUES ($1, 1, 0)"
    " ON CONFLICT (hub) DO UPDATE SET changed = hub_configurations.changed + 1"};
constexpr Statement update_applied{
    "UPDATE hub_configurations SET applied = $2 WHERE hub = $1 AND applied < $2"};
constexpr Statement select_revisions{
    "SELECT changed, applied FROM hub_configurations WHERE hub = $1"};

/// A row as copied.
struct Copied {
    std::string id;
    std::string document;
    std::string metrics;
};

} // namespace

Result<std::vector<Configuration>> Configurations::read(const HubName& hub,
                                                        const Statement& statement,
                                                        std::initializer_list<Value> values) {
    std::vector<Copied> rows;
    const Result<void> read = database_.read([&](Connection& connection) -> Result<void> {
        const auto ran = connection.run(statement, values, [&](const Row& row) {
            rows.push_back(
                {std::string(row.text(0)), std::string(row.text(1)), std::string(row.text(2))});
        });
        return ran ? Result<void>() : std::unexpected(ran.error());
    });
    if (!read) {
        return std::unexpected(read.error());
    }
    std::vector<Configuration> configurations;
    for (const Copied& row : rows) {
        auto configuration = rows_.open<Configuration>({hub.text(), row.id}, row.document,
                                                       hub::stored_configuration);
        if (!configuration) {
            return std::unexpected(std::move(configuration.error()));
        }
        auto metrics = from_text<ConfigurationMetrics>(row.metrics, hub::stored_metrics);
        if (!metrics) {
            return std::unexpected(std::move(metrics.error()));
        }
        configuration->metrics = std::move(*metrics);
        configurations.push_back(std::move(*configuration));
    }
    return configurations;
}

Result<std::vector<Configuration>> Configurations::all(const HubName& hub) {
    return read(hub, select_all, {hub.text()});
}

Result<std::optional<Configuration>> Configurations::find(const HubName& hub,
                                                          const ConfigurationId& id) {
    auto found = read(hub, select_one, {hub.text(), id.text()});
    if (!found) {
        return std::unexpected(std::move(found.error()));
    }
    return found->empty() ? std::nullopt : std::optional(std::move(found->front()));
}

Result<void> Configurations::create(const HubName& hub, const Configuration& configuration,
                                    std::int64_t count_max) {
    const std::string document =
        rows_.seal({hub.text(), configuration.id.text()}, hub::to_stored_document(configuration));
    const std::string metrics = to_text(hub::to_stored_document(configuration.metrics));
    return database_.write([&](Connection& connection) -> Result<void> {
        const auto created = must_change(
            connection, insert_configuration,
            {hub.text(), configuration.id.text(), configuration.version, document, metrics},
            configuration_exists());
        if (!created) {
            return created;
        }
        const auto count = integer_of(connection, count_all, {hub.text()}, 0);
        if (!count) {
            return std::unexpected(count.error());
        }
        return *count > count_max ? too_many_configurations()
                                  : run_only(connection, count_change, {hub.text()});
    });
}

Result<void> Configurations::save(const HubName& hub, const Configuration& configuration,
                                  std::int64_t expected_version) {
    const std::string document =
        rows_.seal({hub.text(), configuration.id.text()}, hub::to_stored_document(configuration));
    return database_.write([&](Connection& connection) -> Result<void> {
        const auto saved = must_change(connection, update_configuration,
                                       {hub.text(), configuration.id.text(), configuration.version,
                                        document, expected_version},
                                       version_conflict());
        return saved ? run_only(connection, count_change, {hub.text()}) : saved;
    });
}

Result<void> Configurations::erase(const HubName& hub, const ConfigurationId& id,
                                   std::int64_t expected_version) {
    return database_.write([&](Connection& connection) -> Result<void> {
        const auto erased =
            must_change(connection, delete_configuration, {hub.text(), id.text(), expected_version},
                        version_conflict());
        return erased ? run_only(connection, count_change, {hub.text()}) : erased;
    });
}

Result<ConfigurationRevisions> Configurations::revisions(const HubName& hub) {
    ConfigurationRevisions revisions;
    const Result<void> read = database_.read([&](Connection& connection) -> Result<void> {
        const auto ran = connection.run(select_revisions, {hub.text()}, [&](const Row& row) {
            revisions = {.changed = row.integer(0), .applied = row.integer(1)};
        });
        return ran ? Result<void>() : std::unexpected(ran.error());
    });
    return read ? Result<ConfigurationRevisions>(revisions) : std::unexpected(read.error());
}

Result<void> Configurations::set_applied(const HubName& hub, std::int64_t revision) {
    return database_.write([&](Connection& connection) {
        return run_only(connection, update_applied, {hub.text(), revision});
    });
}

Result<void> Configurations::save_metrics(const HubName& hub, const ConfigurationId& id,
                                          const ConfigurationMetrics& metrics) {
    const std::string text = to_text(hub::to_stored_document(metrics));
    return database_.write([&](Connection& connection) {
        return run_only(connection, update_metrics, {hub.text(), id.text(), text});
    });
}

} // namespace muster::store::sql
