#pragma once
// The storage ports over SQL; engine neutral. The settings outlive them.

#include "hub/ports.h"
#include "provisioning/ports.h"
#include "store/sql/queries/twin_queries.h"
#include "store/sql/sealed_table.h"
#include "store/sql/settings.h"

namespace muster::store::sql {

class Enrollments final : public provisioning::EnrollmentStore {
  public:
    Enrollments(Database& database, const Settings& settings)
        : database_(database), settings_(settings),
          individuals_(database, "enrollment", settings.keys.get()),
          groups_(database, "enrollment_group", settings.keys.get()),
          records_(database, "registration", settings.keys.get()) {}

    Result<std::optional<provisioning::IndividualEnrollment>>
    find_individual(const IdScope& scope, const RegistrationId& id) override;
    Result<void> save(const IdScope& scope, const provisioning::IndividualEnrollment& enrollment,
                      const provisioning::Write& write) override;
    Result<std::vector<Result<void>>> save_all(const IdScope& scope,
                                               std::span<const provisioning::IndividualWrite> rows,
                                               const provisioning::Write& batch) override;
    Result<std::vector<provisioning::IndividualEnrollment>>
    find_individuals(const IdScope& scope, std::span<const RegistrationId> ids) override;
    Result<void> erase_individual(const IdScope& scope, const RegistrationId& id,
                                  const provisioning::Write& write,
                                  const provisioning::Remains& remains) override;
    Result<std::optional<provisioning::EnrollmentGroup>>
    find_group(const IdScope& scope, const EnrollmentGroupId& id) override;
    Result<void> save(const IdScope& scope, const provisioning::EnrollmentGroup& group,
                      const provisioning::Write& write) override;
    Result<void> erase_group(const IdScope& scope, const EnrollmentGroupId& id,
                             const provisioning::Write& write) override;
    Result<std::vector<provisioning::EnrollmentGroup>> groups(const IdScope& scope) override;
    Result<std::int64_t> groups_revision(const IdScope& scope) override;
    Result<std::vector<provisioning::IndividualEnrollment>>
    individuals(const IdScope& scope, const std::string& after, std::size_t count_max) override;
    Result<std::vector<provisioning::IndividualEnrollment>>
    individuals_where(const IdScope& scope, const provisioning::EnrollmentFilter& filter,
                      const std::string& after, std::size_t count_max) override;
    Result<provisioning::ScopeCounts> counts(const IdScope& scope) override;
    Result<std::optional<RegistrationId>>
    individual_with_thumbprint(const IdScope& scope, const std::string& sha256_thumbprint) override;

  private:
    Database& database_;
    const Settings& settings_;
    SealedTable individuals_;
    SealedTable groups_;
    SealedTable records_;
};

class Registrations final : public provisioning::RegistrationStore {
  public:
    Registrations(Database& database, const Settings& settings)
        : database_(database), settings_(settings),
          records_(database, "registration", settings.keys.get()) {}

    Result<std::optional<provisioning::RegistrationRecord>> find(const IdScope& scope,
                                                                 const RegistrationId& id) override;
    Result<void> save(const IdScope& scope, const provisioning::RegistrationRecord& record,
                      const provisioning::Write& write) override;
    Result<void> erase(const IdScope& scope, const RegistrationId& id,
                       const provisioning::Write& write) override;
    Result<std::vector<provisioning::RegistrationRecord>> of_group(const IdScope& scope,
                                                                   const EnrollmentGroupId& group,
                                                                   const std::string& after,
                                                                   std::size_t count_max) override;
    Result<std::vector<provisioning::RegistrationRecord>> at_hub(const IdScope& scope,
                                                                 const HubName& hub,
                                                                 const std::string& after,
                                                                 std::size_t count_max) override;
    Result<std::vector<provisioning::RegistrationRecord>>
    all(const IdScope& scope, const std::string& after, std::size_t count_max) override;
    Result<std::vector<provisioning::RegistrationRecord>>
    unfinished(const IdScope& scope, const std::string& after, std::size_t count_max) override;
    Result<std::vector<provisioning::HubCount>> hub_counts(const IdScope& scope) override;

  private:
    Database& database_;
    const Settings& settings_;
    SealedTable records_;
};

class Devices final : public hub::DeviceStore {
  public:
    Devices(Database& database, const Settings& settings)
        : database_(database), devices_(database, "device", settings.keys.get()) {}

    Result<std::optional<hub::Device>> find_device(const HubName& hub,
                                                   const hub::IdentityId& id) override;
    Result<std::optional<hub::DeviceWithTwin>> find(const HubName& hub,
                                                    const hub::IdentityId& id) override;
    Result<void> create(const HubName& hub, std::span<const hub::DeviceWithTwin> identities,
                        hub::EventBatch& events) override;
    Result<void> update_device(const HubName& hub, const hub::Device& device,
                               std::int64_t expected_version) override;
    Result<void> update_twin(const HubName& hub, const hub::IdentityId& id, const hub::Twin& twin,
                             std::int64_t expected_version, hub::EventBatch& events) override;
    Result<void> erase(const HubName& hub, const hub::IdentityId& id, std::int64_t expected_version,
                       hub::EventBatch& events) override;
    Result<std::vector<hub::Device>> list(const HubName& hub, const std::string& after,
                                          std::size_t count_max) override;
    Result<std::vector<hub::Device>> modules(const HubName& hub, const DeviceId& device) override;
    Result<hub::IdentityCounts> counts(const HubName& hub) override;

  private:
    Database& database_;
    SealedTable devices_;
};

class Sessions final : public hub::SessionStore {
  public:
    explicit Sessions(Database& database) : database_(database) {}

    Result<std::vector<hub::StoredSubscription>> load(const HubName& hub,
                                                      const hub::IdentityId& id) override;
    Result<void> save(const HubName& hub, const hub::IdentityId& id,
                      const std::vector<hub::StoredSubscription>& subscriptions) override;

  private:
    Database& database_;
};

class Events final : public hub::EventStore {
  public:
    explicit Events(Database& database) : database_(database) {}

    Result<void> append(const HubName& hub, hub::EventBatch& batch) override;
    Result<std::vector<hub::Event>> read(const HubName& hub, const hub::EventRange& range) override;
    Result<hub::EventExtent> extent(const HubName& hub, std::optional<int> partition) override;
    Result<void> save_position(const HubName& hub, const hub::EventGroup& group,
                               const hub::EventPosition& position, std::size_t groups_max) override;
    Result<std::vector<hub::EventPosition>> positions(const HubName& hub,
                                                      const hub::EventGroup& group) override;
    Result<std::vector<hub::GroupPositions>> groups(const HubName& hub,
                                                    hub::EventGroup::Kind kind) override;
    Result<void> erase_positions(const HubName& hub, const hub::EventGroup& group) override;

  private:
    Database& database_;
};

class Messages final : public hub::MessageStore {
  public:
    explicit Messages(Database& database) : database_(database) {}

    Result<hub::MessageQueue> load_queue(const HubName& hub, const hub::IdentityId& id) override;
    Result<void> save_queue(const HubName& hub, const hub::IdentityId& id,
                            const hub::QueueChange& change, std::int64_t expected_version) override;
    Result<std::vector<hub::CloudMessage>>
    read_messages(const HubName& hub, const hub::IdentityId& id,
                  std::span<const std::int64_t> sequences) override;
    Result<std::vector<std::int64_t>> counts(const HubName& hub,
                                             std::span<const hub::IdentityId> ids) override;
    Result<std::vector<hub::IdentityId>> with_expired(const HubName& hub, WallTime now,
                                                      std::size_t count_max) override;

  private:
    Database& database_;
};

class Feedback final : public hub::FeedbackStore {
  public:
    explicit Feedback(Database& database) : database_(database) {}

    Result<std::vector<hub::FeedbackRecord>> read_feedback(const HubName& hub, WallTime since,
                                                           std::size_t count_max) override;
    Result<void> erase_feedback(const HubName& hub,
                                std::span<const std::int64_t> sequences) override;
    Result<std::int64_t> drop_feedback(const HubName& hub, WallTime before,
                                       std::size_t count_max) override;

  private:
    Database& database_;
};

} // namespace muster::store::sql
