#pragma once
// The ports of jobs and configurations over SQL; engine neutral. The settings outlive them.

#include "hub/configurations/configuration_store.h"
#include "hub/jobs/job_store.h"
#include "store/sql/sealed_table.h"
#include "store/sql/settings.h"

namespace muster::store::sql {

class Jobs final : public hub::JobStore {
  public:
    Jobs(Database& database, const Settings& settings)
        : database_(database), jobs_(database, "hub_job", settings.keys.get()),
          rows_(database, "hub_job_device", settings.keys.get()) {}

    Result<void> create(const HubName& hub, const hub::Job& job, std::int64_t active_max) override;
    Result<std::optional<hub::Job>> find(const HubName& hub, const hub::JobId& id) override;
    Result<void> save(const HubName& hub, const hub::Job& job,
                      std::int64_t expected_version) override;
    Result<std::vector<hub::Job>> list(const HubName& hub, const hub::JobFilter& filter,
                                       const std::optional<hub::JobPosition>& after,
                                       std::size_t count_max) override;
    Result<std::vector<hub::Job>> unfinished(const HubName& hub, std::size_t count_max) override;
    Result<void> add_devices(const HubName& hub, const hub::Job& job, std::int64_t expected_version,
                             std::span<const hub::DeviceJob> rows) override;
    Result<void> save_devices(const HubName& hub, const hub::JobId& job,
                              std::span<const hub::DeviceJob> rows) override;
    Result<std::vector<hub::DeviceJob>> devices(const HubName& hub, const hub::JobId& job,
                                                hub::DeviceJobStatus status,
                                                const std::string& after,
                                                std::size_t count_max) override;
    Result<std::vector<hub::DeviceJob>> device_rows(const HubName& hub,
                                                    const hub::DeviceJobFilter& filter,
                                                    const std::string& after,
                                                    std::size_t count_max) override;
    Result<std::int64_t> erase_ended(const HubName& hub, WallTime before,
                                     std::int64_t count_max) override;

  private:
    Result<std::vector<hub::Job>> read_jobs(const HubName& hub, const Statement& statement,
                                            std::initializer_list<Value> values);

    Database& database_;
    SealedTable jobs_;
    SealedTable rows_;
};

class Configurations final : public hub::ConfigurationStore {
  public:
    Configurations(Database& database, const Settings& settings)
        : database_(database), rows_(database, "configuration", settings.keys.get()) {}

    Result<std::vector<hub::Configuration>> all(const HubName& hub) override;
    Result<std::optional<hub::Configuration>> find(const HubName& hub,
                                                   const hub::ConfigurationId& id) override;
    Result<void> create(const HubName& hub, const hub::Configuration& configuration,
                        std::int64_t count_max) override;
    Result<void> save(const HubName& hub, const hub::Configuration& configuration,
                      std::int64_t expected_version) override;
    Result<void> erase(const HubName& hub, const hub::ConfigurationId& id,
                       std::int64_t expected_version) override;
    Result<hub::ConfigurationRevisions> revisions(const HubName& hub) override;
    Result<void> set_applied(const HubName& hub, std::int64_t revision) override;
    Result<void> save_metrics(const HubName& hub, const hub::ConfigurationId& id,
                              const hub::ConfigurationMetrics& metrics) override;

  private:
    Result<std::vector<hub::Configuration>> read(const HubName& hub, const Statement& statement,
                                                 std::initializer_list<Value> values);

    Database& database_;
    SealedTable rows_;
};

} // namespace muster::store::sql
