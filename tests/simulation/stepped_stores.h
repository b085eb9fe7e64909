#pragma once
// The stores of provisioning as one process reaches them: each call is a step, and what is written
// is shown to the rules at the moment it is stored.

#include "provisioning/fleet/operation.h"
#include "provisioning/ports.h"
#include "tests/simulation/port_steps.h"
#include "tests/simulation/rules.h"

namespace muster::simulation {

class SteppedEnrollments final : public provisioning::EnrollmentStore {
  public:
    SteppedEnrollments(provisioning::EnrollmentStore& store, PortSteps& steps, Rules& rules)
        : store_(store), steps_(steps), rules_(rules) {}

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
    provisioning::EnrollmentStore& store_;
    PortSteps& steps_;
    Rules& rules_;
};

class SteppedRegistrations final : public provisioning::RegistrationStore {
  public:
    SteppedRegistrations(provisioning::RegistrationStore& store, PortSteps& steps, Rules& rules)
        : store_(store), steps_(steps), rules_(rules) {}

    using Record = provisioning::RegistrationRecord;

    Result<std::optional<Record>> find(const IdScope& scope, const RegistrationId& id) override;
    Result<void> save(const IdScope& scope, const Record& record,
                      const provisioning::Write& write) override;
    Result<void> erase(const IdScope& scope, const RegistrationId& id,
                       const provisioning::Write& write) override;
    Result<std::vector<Record>> of_group(const IdScope& scope, const EnrollmentGroupId& group,
                                         const std::string& after, std::size_t count_max) override;
    Result<std::vector<Record>> at_hub(const IdScope& scope, const HubName& hub,
                                       const std::string& after, std::size_t count_max) override;
    Result<std::vector<Record>> all(const IdScope& scope, const std::string& after,
                                    std::size_t count_max) override;
    Result<std::vector<Record>> unfinished(const IdScope& scope, const std::string& after,
                                           std::size_t count_max) override;
    Result<std::vector<provisioning::HubCount>> hub_counts(const IdScope& scope) override;

  private:
    provisioning::RegistrationStore& store_;
    PortSteps& steps_;
    Rules& rules_;
};

class SteppedInstances final : public provisioning::InstanceStore {
  public:
    SteppedInstances(provisioning::InstanceStore& store, PortSteps& steps, Rules& rules)
        : store_(store), steps_(steps), rules_(rules) {}

    Result<std::vector<provisioning::Instance>> all() override {
        return steps_.stored([&] { return store_.all(); });
    }

    Result<void> save(const provisioning::Instance& instance,
                      const provisioning::Write& write) override {
        return steps_.stored([&] {
            rules_.instance_changed(instance);
            return store_.save(instance, write);
        });
    }

    Result<bool> purge(const IdScope& scope, std::size_t rows_max) override {
        return steps_.stored([&] { return store_.purge(scope, rows_max); });
    }

    Result<void> erase(const IdScope& scope, const provisioning::Change& change) override {
        return steps_.stored([&] { return store_.erase(scope, change); });
    }

  private:
    provisioning::InstanceStore& store_;
    PortSteps& steps_;
    Rules& rules_;
};

class SteppedFleetOperations final : public provisioning::FleetOperationStore {
  public:
    SteppedFleetOperations(provisioning::FleetOperationStore& store, PortSteps& steps)
        : store_(store), steps_(steps) {}

    Result<std::vector<provisioning::FleetOperation>> all(const IdScope& scope) override {
        return steps_.stored([&] { return store_.all(scope); });
    }

    Result<void> save(const IdScope& scope, const provisioning::FleetOperation& operation,
                      std::int64_t expected_version, const provisioning::Change* change) override {
        return steps_.stored(
            [&] { return store_.save(scope, operation, expected_version, change); });
    }

  private:
    provisioning::FleetOperationStore& store_;
    PortSteps& steps_;
};

/// "assigned hub-1; plan: move decided to hub-2 (a1b2..); chores: erase at hub-1", for the story.
std::string summary_of(const provisioning::RegistrationRecord& record);

} // namespace muster::simulation
