#pragma once
// The storage ports of the operator's side over Tables.

#include "store/memory/tables.h"

namespace muster::store::memory {

class Instances final : public provisioning::InstanceStore {
  public:
    explicit Instances(Tables& tables) : tables_(tables) {}

    Result<std::vector<provisioning::Instance>> all() override;
    Result<void> save(const provisioning::Instance& instance,
                      const provisioning::Write& write) override;
    Result<bool> purge(const IdScope& scope, std::size_t rows_max) override;
    Result<void> erase(const IdScope& scope, const provisioning::Change& change) override;

  private:
    Tables& tables_;
};

class Tokens final : public provisioning::TokenStore {
  public:
    explicit Tokens(Tables& tables) : tables_(tables) {}

    Result<std::vector<provisioning::AdminToken>> all() override;
    Result<void> add(const provisioning::AdminToken& token,
                     const provisioning::Change& change) override;
    Result<void> erase(const std::string& id, const provisioning::Change& change) override;

  private:
    Tables& tables_;
};

class Audit final : public provisioning::AuditStore {
  public:
    explicit Audit(Tables& tables) : tables_(tables) {}

    Result<std::vector<provisioning::AuditEntry>> read(const IdScope& scope, std::int64_t after,
                                                       std::size_t count_max) override;
    Result<void> append(const IdScope& scope, const provisioning::Change& change) override;

  private:
    Tables& tables_;
};

class Journal final : public provisioning::JournalStore {
  public:
    explicit Journal(Tables& tables) : tables_(tables) {}

    Result<void> append(const IdScope& scope,
                        std::span<const provisioning::DeviceEvent> events) override;
    Result<std::vector<provisioning::DeviceEvent>> find(const IdScope& scope,
                                                        const provisioning::JournalQuery& query,
                                                        std::int64_t before,
                                                        std::size_t count_max) override;

  private:
    Tables& tables_;
};

class FleetOperations final : public provisioning::FleetOperationStore {
  public:
    explicit FleetOperations(Tables& tables) : tables_(tables) {}

    Result<std::vector<provisioning::FleetOperation>> all(const IdScope& scope) override;
    Result<void> save(const IdScope& scope, const provisioning::FleetOperation& operation,
                      std::int64_t expected_version, const provisioning::Change* change) override;

  private:
    Tables& tables_;
};

} // namespace muster::store::memory
