#pragma once
// What the provisioning service needs of the outside, one small port per family of use cases.
//
// Thread rule: every port may be called from any worker. A write is durable when it returns.
// Versions: a write names what it expects; a mismatch is Code::conflict and changes nothing.

#include "base/result.h"
#include "provisioning/enrollment.h"
#include "provisioning/registration.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace muster::provisioning {

/// Expected stored version of a write: 0 means "not there yet".
struct Expected {
    std::int64_t version = 0;
};

/// Keys of every method: the instance's ID scope, and the id without regard to case.
class EnrollmentStore {
  public:
    virtual ~EnrollmentStore() = default;

    virtual Result<std::optional<IndividualEnrollment>>
    find_individual(const IdScope& scope, const RegistrationId& id) = 0;
    virtual Result<void> save(const IdScope& scope, const IndividualEnrollment& enrollment,
                              Expected expected) = 0;
    /// Removes the enrollment and its registration record in one transaction (dps-service 9.5).
    virtual Result<void> erase_individual(const IdScope& scope, const RegistrationId& id,
                                          Expected expected) = 0;

    virtual Result<std::optional<EnrollmentGroup>> find_group(const IdScope& scope,
                                                              const EnrollmentGroupId& id) = 0;
    virtual Result<void> save(const IdScope& scope, const EnrollmentGroup& group,
                              Expected expected) = 0;
    virtual Result<void> erase_group(const IdScope& scope, const EnrollmentGroupId& id,
                                     Expected expected) = 0;

    /// Every group of the scope, ordered by folded id. Groups are few; individuals are not.
    virtual Result<std::vector<EnrollmentGroup>> groups(const IdScope& scope) = 0;

    /// Grows with every change of a group of the scope; lets groups() be cached by its readers.
    virtual Result<std::int64_t> groups_revision(const IdScope& scope) = 0;

    /// Individuals after `after` (folded id, empty for the start), ordered by folded id.
    virtual Result<std::vector<IndividualEnrollment>>
    individuals(const IdScope& scope, const std::string& after, std::size_t count_max) = 0;

    /// The client certificate of another individual enrollment is not accepted twice
    /// (dps-service 14, 15): the id that holds this SHA-256 thumbprint, if any.
    virtual Result<std::optional<RegistrationId>>
    individual_with_thumbprint(const IdScope& scope, const std::string& sha256_thumbprint) = 0;
};

class RegistrationStore {
  public:
    virtual ~RegistrationStore() = default;

    virtual Result<std::optional<RegistrationRecord>> find(const IdScope& scope,
                                                           const RegistrationId& id) = 0;
    virtual Result<void> save(const IdScope& scope, const RegistrationRecord& record,
                              Expected expected) = 0;
    virtual Result<void> erase(const IdScope& scope, const RegistrationId& id,
                               Expected expected) = 0;

    /// Records decided by the group, ordered by folded id, after `after`.
    virtual Result<std::vector<RegistrationRecord>> of_group(const IdScope& scope,
                                                             const EnrollmentGroupId& group,
                                                             const std::string& after,
                                                             std::size_t count_max) = 0;

    /// Every record of the scope, ordered by folded id, after `after`.
    virtual Result<std::vector<RegistrationRecord>>
    all(const IdScope& scope, const std::string& after, std::size_t count_max) = 0;

    /// Records with an unfinished plan, at most so many: read at start-up and finished.
    virtual Result<std::vector<RegistrationRecord>> unfinished(const IdScope& scope,
                                                               std::size_t count_max) = 0;
};

/// The hubs, in this process or elsewhere.
class Hubs {
  public:
    virtual ~Hubs() = default;

    /// Makes sure that the hub knows the device with this credential, enabled, and with the initial
    /// twin if it was not there before (then in one atomic step). Idempotent. Errors: not_found (no
    /// such hub), unavailable (try again), everything else is final.
    virtual Result<void> ensure_device(const HubName& hub, const DeviceProvision& provision) = 0;
};

} // namespace muster::provisioning
