#pragma once
// Loads the enrollments that a device's claim leads to, and lets the rules identify it. The one way
// to an applicant, for devices that register and for those who ask what would happen if they did.

#include "provisioning/enrollment_facts.h"
#include "provisioning/identification.h"
#include "provisioning/planning.h"

#include <memory>
#include <optional>

namespace muster::provisioning {

/// Thread safe.
class Applicants {
  public:
    explicit Applicants(EnrollmentFacts& enrollments) : enrollments_(enrollments) {}

    /// Errors: those of identify() and the store's. The explanation grows in either case.
    Result<Applicant> identify(const Claim& claim, const std::shared_ptr<const Instance>& instance,
                               Explanation& explanation);

    /// What speaks against carrying out a stored plan now: its enrollment, or an individual one
    /// that shadows it since, was disabled or deleted.
    Result<std::optional<Decline>> objection_to(const RegistrationRecord& planned,
                                                const std::shared_ptr<const Instance>& instance);

    /// The enrollment that would decide for this record now, and its document as GET shows it; no
    /// terms if it is gone.
    struct Standing {
        std::shared_ptr<const EnrollmentTerms> terms;
        std::optional<DecidedBy> decided_by;
        std::optional<DeviceId> device_id; // if an individual enrollment names one
        JsonObject document;
    };

    Result<Standing> standing_of(const RegistrationRecord& record,
                                 const std::shared_ptr<const Instance>& instance);

  private:
    /// Error: attestation_failed, if the leaf presented is that of an individual enrollment.
    Result<void> check_leaf(const Claim& claim, Explanation& explanation);

    EnrollmentFacts& enrollments_;
};

} // namespace muster::provisioning
