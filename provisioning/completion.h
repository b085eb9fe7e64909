#pragma once
// An enrollment as it is to be stored. Credential material that its writer left open is kept from
// the stored one, or generated (reference: dps-service 6.4, 7).

#include "base/random.h"
#include "base/result.h"
#include "provisioning/enrollment.h"
#include "provisioning/instance.h"

namespace muster::provisioning {

/// Checked, and whole but for its stamp. `stored` is null if there is nothing stored yet. Error:
/// malformed, also if a slot that holds only an `info` names no stored certificate.
Result<IndividualEnrollment> completed(IndividualEnrollment wanted,
                                       const IndividualEnrollment* stored, const Instance& instance,
                                       Random& random);
Result<EnrollmentGroup> completed(EnrollmentGroup wanted, const EnrollmentGroup* stored,
                                  const Instance& instance, Random& random);

} // namespace muster::provisioning
