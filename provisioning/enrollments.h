#pragma once
// The operator's use cases on enrollments and registration records (reference: dps-service 2 to 4,
// 7, 8): load, decide, save with an expected version, reply.

#include "base/clock.h"
#include "base/random.h"
#include "provisioning/instance.h"
#include "provisioning/ports.h"

#include <optional>
#include <string>

namespace muster::provisioning {

/// The If-Match header as understood by every client (dps-service 2.5).
struct IfMatch {
    enum class Kind : std::uint8_t { absent, any, exactly };
    Kind kind = Kind::absent;
    ETag etag; // with exactly

    /// `*` and `"*"` are any; `E` and `"E"` are the same etag.
    static IfMatch from_header(std::string_view value);
};

/// A registration record beside its enrollment, as GET of an individual enrollment shows it.
struct EnrollmentView {
    IndividualEnrollment enrollment;
    std::optional<RegistrationRecord> registration;
};

/// Thread safe. Errors of all: not_found, already_exists, precondition, malformed, plus the
/// store's.
class Enrollments {
  public:
    Enrollments(const Instance& instance, EnrollmentStore& enrollments,
                RegistrationStore& registrations, const Clock& clock, Random& random);

    /// Creates or replaces. `wanted` carries what the caller set; keys and certificates that it
    /// leaves open are kept from the stored one or generated (dps-service 6.4, 7).
    Result<IndividualEnrollment> put(IndividualEnrollment wanted, const IfMatch& if_match);
    Result<EnrollmentGroup> put(EnrollmentGroup wanted, const IfMatch& if_match);

    Result<EnrollmentView> get(const RegistrationId& id);
    Result<EnrollmentGroup> get(const EnrollmentGroupId& id);

    Result<void> erase(const RegistrationId& id, const IfMatch& if_match);
    Result<void> erase(const EnrollmentGroupId& id, const IfMatch& if_match);

    Result<std::vector<IndividualEnrollment>> individuals(const std::string& after,
                                                          std::size_t count_max);
    Result<std::vector<EnrollmentGroup>> groups();

    Result<RegistrationRecord> registration(const RegistrationId& id);
    Result<void> erase_registration(const RegistrationId& id, const IfMatch& if_match);
    Result<std::vector<RegistrationRecord>> registrations_of(const EnrollmentGroupId& group,
                                                             const std::string& after,
                                                             std::size_t count_max);

  private:
    const Instance& instance_;
    EnrollmentStore& enrollments_;
    RegistrationStore& registrations_;
    const Clock& clock_;
    Random& random_;
};

} // namespace muster::provisioning
