#pragma once
// A certificate stands for one enrollment only (reference: dps-service 6.5; 14, 15). The same one
// in both slots of an enrollment is fine, and so is a CA that several enrollments refer to by name.

#include "base/result.h"
#include "provisioning/ports.h"

namespace muster::provisioning {

/// Errors: already_exists, plus the store's.
Result<void> check_certificates_unique(const IndividualEnrollment& enrollment, const IdScope& scope,
                                       EnrollmentStore& store);
Result<void> check_certificates_unique(const EnrollmentGroup& group, const IdScope& scope,
                                       EnrollmentStore& store);

} // namespace muster::provisioning
