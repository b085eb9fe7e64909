#pragma once
// What an enrollment must satisfy before it is stored (reference: dps-service 8.5). The shape of
// the document was checked when it was read; here it is held against itself and the instance.

#include "base/result.h"
#include "provisioning/enrollment.h"
#include "provisioning/instance.h"

namespace muster::provisioning {

/// Code::malformed, with the service's own words where they are known.
Result<void> validate(const IndividualEnrollment& enrollment, const Instance& instance);
Result<void> validate(const EnrollmentGroup& group, const Instance& instance);

} // namespace muster::provisioning
