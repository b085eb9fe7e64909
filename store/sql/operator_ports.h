#pragma once
// The storage ports of the operator's side over SQL; engine neutral. The settings outlive
// them.

#include "provisioning/administration/tokens.h"
#include "provisioning/fleet/operation.h"
#include "provisioning/ports.h"
#include "store/sql/sealed_table.h"
#include "store/sql/settings.h"

namespace muster::store::sql {

class Instances final : public provisioning::InstanceStore {
  public:
    Instances(Database& database, const Settings& settings)
        : database_(database), settings_(settings),
          instances_(database, "instance", settings.keys.get()) {}

    Result<std::vector<provisioning::Instance>> all() override;
    Result<void> save(const provisioning::Instance& instance,
                      const provisioning::Write& write) override;
    Result<bool> purge(const IdScope& scope, std::size_t rows_max) override;
    Result<void> erase(const IdScope& scope, const provisioning::Change& change) override;

  private:
    Result<void> shorten_chain(const IdScope& scope);

    Database& database_;
    const Settings& settings_;
    SealedTable instances_;
};

class Tokens final : public provisioning::TokenStore {
  public:
    explicit Tokens(Database& database) : database_(database) {}

    Result<std::vector<provisioning::AdminToken>> all() override;
    Result<void> add(const provisioning::AdminToken& token,
                     const provisioning::Change& change) override;
    Result<void> erase(const std::string& id, const provisioning::Change& change) override;

  private:
    Database& database_;
};

class Audit final : public provisioning::AuditStore {
  public:
    explicit Audit(Database& database) : database_(database) {}

    Result<std::vector<provisioning::AuditEntry>> read(const IdScope& scope, std::int64_t after,
                                                       std::size_t count_max) override;
    Result<void> append(const IdScope& scope, const provisioning::Change& change) override;

  private:
    Database& database_;
};

class Journal final : public provisioning::JournalStore {
  public:
    Journal(Database& database, const Settings& settings)
        : database_(database), settings_(settings) {}

    Result<void> append(const IdScope& scope,
                        std::span<const provisioning::DeviceEvent> events) override;
    Result<std::vector<provisioning::DeviceEvent>> find(const IdScope& scope,
                                                        const provisioning::JournalQuery& query,
                                                        std::int64_t before,
                                                        std::size_t count_max) override;

  private:
    Database& database_;
    const Settings& settings_;
};

class FleetOperations final : public provisioning::FleetOperationStore {
  public:
    explicit FleetOperations(Database& database) : database_(database) {}

    Result<std::vector<provisioning::FleetOperation>> all(const IdScope& scope) override;
    Result<void> save(const IdScope& scope, const provisioning::FleetOperation& operation,
                      std::int64_t expected_version, const provisioning::Change* change) override;

  private:
    Database& database_;
};

} // namespace muster::store::sql
