#pragma once
// Loads the enrollments that a device's claim leads to, and lets the rules identify it. The one way
// to an applicant, for devices that register and for those who ask what would happen if they did.

#include "provisioning/current_instance.h"
#include "provisioning/group_index.h"
#include "provisioning/identification.h"
#include "provisioning/planning.h"
#include "provisioning/ports.h"

#include <memory>
#include <optional>

namespace muster::provisioning {

/// Thread safe.
class Applicants {
  public:
    explicit Applicants(EnrollmentStore& enrollments)
        : enrollments_(enrollments), groups_(enrollments) {}

    /// Errors: those of identify() and the store's. The explanation grows in either case.
    Result<Applicant> identify(const Claim& claim, const std::shared_ptr<const Instance>& instance,
                               Explanation& explanation);

    /// What speaks against carrying out a stored plan now: its enrollment, or an individual one
    /// that shadows it since, was disabled or deleted.
    Result<std::optional<Decline>> objection_to(const RegistrationRecord& planned,
                                                const std::shared_ptr<const Instance>& instance);

    Result<std::shared_ptr<const GroupIndex>>
    groups(const std::shared_ptr<const Instance>& instance) {
        return groups_.current(instance);
    }

  private:
    /// Error: attestation_failed, if the leaf presented is that of an individual enrollment.
    Result<void> check_leaf(const Claim& claim, Explanation& explanation);

    EnrollmentStore& enrollments_;
    GroupCache groups_;
};

} // namespace muster::provisioning
