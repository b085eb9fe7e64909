#pragma once
// The enrollments as they would be if a proposal were applied: what it names shadows what is
// stored, what it removes is not there.

#include "provisioning/enrollment_facts.h"
#include "provisioning/explaining.h"

namespace muster::provisioning {

/// Refers to both; for one question.
class ProposedEnrollments final : public EnrollmentFacts {
  public:
    ProposedEnrollments(EnrollmentFacts& stored, const Proposal& proposal)
        : stored_(stored), proposal_(proposal) {}

    Result<std::optional<IndividualEnrollment>> individual(const IdScope& scope,
                                                           const RegistrationId& id) override;
    Result<std::optional<RegistrationId>> holder_of(const IdScope& scope,
                                                    const std::string& thumbprint) override;
    Result<std::shared_ptr<const GroupIndex>>
    groups(const std::shared_ptr<const Instance>& instance) override;

  private:
    [[nodiscard]] bool is_shadowed(const RegistrationId& id) const;
    [[nodiscard]] bool is_shadowed(const EnrollmentGroup& group) const;

    EnrollmentFacts& stored_;
    const Proposal& proposal_;
};

} // namespace muster::provisioning
