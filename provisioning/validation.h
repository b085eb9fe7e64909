#pragma once
// What an enrollment must satisfy before it is stored (reference: dps-service 8.5). The shape of
// the document was checked when it was read; here it is held against itself and the instance.

#include "base/result.h"
#include "provisioning/enrollment.h"
#include "provisioning/instance.h"

namespace muster::provisioning {

/// Code::malformed, with the service's own words where they are known.
///
/// Of certificates only the strength of the key is judged (crypto/strength.h): whoever breaks a
/// weak one is the device, and here is the first place to say so. Expired ones, those that are not
/// valid yet, and purposes that do not fit are taken as the real service takes them
/// (dps-service 6.5); a device that comes with one is told.
Result<void> validate(const IndividualEnrollment& enrollment, const Instance& instance);
Result<void> validate(const EnrollmentGroup& group, const Instance& instance);

} // namespace muster::provisioning
