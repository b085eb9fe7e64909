#pragma once
// What identification needs to know of the enrollments of an instance: as they are stored, or as
// somebody proposes them (proposed_enrollments.h).

#include "provisioning/group_index.h"
#include "provisioning/ports.h"

#include <memory>
#include <optional>
#include <string>

namespace muster::provisioning {

/// Thread safe. Errors: the store's.
class EnrollmentFacts {
  public:
    virtual ~EnrollmentFacts() = default;

    virtual Result<std::optional<IndividualEnrollment>> individual(const IdScope& scope,
                                                                   const RegistrationId& id) = 0;

    /// The individual enrollment that holds the certificate with this SHA-256 thumbprint.
    virtual Result<std::optional<RegistrationId>> holder_of(const IdScope& scope,
                                                            const std::string& thumbprint) = 0;

    virtual Result<std::shared_ptr<const GroupIndex>>
    groups(const std::shared_ptr<const Instance>& instance) = 0;
};

class StoredEnrollments final : public EnrollmentFacts {
  public:
    explicit StoredEnrollments(EnrollmentStore& store) : store_(store), groups_(store) {}

    Result<std::optional<IndividualEnrollment>> individual(const IdScope& scope,
                                                           const RegistrationId& id) override {
        return store_.find_individual(scope, id);
    }

    Result<std::optional<RegistrationId>> holder_of(const IdScope& scope,
                                                    const std::string& thumbprint) override {
        return store_.individual_with_thumbprint(scope, thumbprint);
    }

    Result<std::shared_ptr<const GroupIndex>>
    groups(const std::shared_ptr<const Instance>& instance) override {
        return groups_.current(instance);
    }

  private:
    EnrollmentStore& store_;
    GroupCache groups_;
};

} // namespace muster::provisioning
