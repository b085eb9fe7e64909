#pragma once
// One change of one enrollment: load, decide, save with an expected version, try again if somebody
// was faster. What Enrollments offers one at a time and in bulk is built of these.

#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "provisioning/enrollments.h"
#include "provisioning/instance.h"
#include "provisioning/ports.h"
#include "provisioning/principal.h"

#include <memory>
#include <mutex>
#include <optional>
#include <vector>

namespace muster::provisioning {

/// What a change needs, for the length of one request: the instance is a snapshot.
struct Desk {
    std::shared_ptr<const Instance> instance;
    EnrollmentStore& enrollments;
    RegistrationStore& registrations;
    const Clock& clock;
    Random& random;
    const Principal& by;
    std::mutex& placing_certificates; // held while a group is given certificates
};

Result<IndividualEnrollment> put_enrollment(const Desk& desk, const IndividualEnrollment& wanted,
                                            const IfMatch& if_match);
Result<EnrollmentGroup> put_enrollment(const Desk& desk, const EnrollmentGroup& wanted,
                                       const IfMatch& if_match);

Result<void> erase_enrollment(const Desk& desk, const RegistrationId& id, const IfMatch& if_match);
Result<void> erase_enrollment(const Desk& desk, const EnrollmentGroupId& id,
                              const IfMatch& if_match);

Result<void> erase_registration(const Desk& desk, const RegistrationId& id,
                                const IfMatch& if_match);

Result<std::optional<IndividualEnrollment>> find_enrollment(const Desk& desk,
                                                            const RegistrationId& id);
Result<std::optional<EnrollmentGroup>> find_enrollment(const Desk& desk,
                                                       const EnrollmentGroupId& id);

/// What a resource is called in messages.
std::string_view kind_of(const RegistrationId& id);
std::string_view kind_of(const EnrollmentGroupId& id);

} // namespace muster::provisioning
