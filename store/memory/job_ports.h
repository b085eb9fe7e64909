#pragma once
// The ports of jobs and configurations over Tables.

#include "store/memory/tables.h"

namespace muster::store::memory {

class Jobs final : public hub::JobStore {
  public:
    explicit Jobs(Tables& tables) : tables_(tables) {}

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
    /// With its progress.
    hub::Job counted(const Key& key) const;

    Tables& tables_;
};

class Configurations final : public hub::ConfigurationStore {
  public:
    explicit Configurations(Tables& tables) : tables_(tables) {}

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
    Tables& tables_;
};

} // namespace muster::store::memory
