#pragma once
// What the audit trail says of enrollments and registration records (audit.h): the documents that
// GET shows before and after, and for secrets only that they changed.
//
//     "keysChanged": true        in `after`, if a symmetric key is another one than before, or the
//                                key that calls of the function are signed with
//     "webhookUrlChanged": true  likewise; the query of a webhook's address often holds a key, so
//                                it shows as `?****` (as in dps-service 7), and so may the name
//                                before its host, which shows as `****@`

#include "provisioning/audit.h"
#include "provisioning/enrollment.h"
#include "provisioning/registration.h"

#include <optional>
#include <string>

namespace muster::provisioning {

/// When and by whom.
struct Signature {
    WallTime at;
    Principal by;
};

/// "enrollment.create", or ".update" if there was one before; "enrollmentGroup...." for groups.
Change put_change(const Signature& signature, const IndividualEnrollment* before,
                  const IndividualEnrollment& after);
Change put_change(const Signature& signature, const EnrollmentGroup* before,
                  const EnrollmentGroup& after);

/// "enrollment.delete"; the record that goes with it stands in `before` as registrationState.
Change erase_change(const Signature& signature, const IndividualEnrollment& before,
                    const std::optional<RegistrationRecord>& record);
/// "enrollmentGroup.delete"
Change erase_change(const Signature& signature, const EnrollmentGroup& before);
/// "registration.delete"
Change erase_change(const Signature& signature, const RegistrationRecord& before);

/// An enrollment as the audit trail shows it.
JsonObject audited_document(const IndividualEnrollment& enrollment);
JsonObject audited_document(const EnrollmentGroup& group);

} // namespace muster::provisioning
