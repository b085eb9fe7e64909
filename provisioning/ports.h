#pragma once
// What the provisioning service needs of the outside, one small port per family of use cases.
//
// Thread rule: every port may be called from any worker. A write is durable when it returns.
// Versions: a write names what it expects; a mismatch is Code::conflict and changes nothing.

#include "base/result.h"
#include "provisioning/audit.h"
#include "provisioning/enrollment.h"
#include "provisioning/enrollment_filter.h"
#include "provisioning/hubs.h"
#include "provisioning/instance.h"
#include "provisioning/journal.h"
#include "provisioning/registration.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace muster::provisioning {

/// Expected stored version of a write: 0 means "not there yet".
struct Expected {
    std::int64_t version = 0;
};

/// What a write depends on, and what is stored together with it or not at all.
struct Write {
    Write(Expected expects) : expected(expects) {} // NOLINT: most writes have nothing else to say

    Expected expected;
    /// Creations only: Code::quota_exceeded if the scope holds so many of the kind already.
    std::optional<std::int64_t> count_max;
    const Change* change = nullptr;     // for the audit trail of the scope
    const DeviceEvent* event = nullptr; // for the journal of the scope

    [[nodiscard]] Write&& limited(std::optional<std::int64_t> maximum) && {
        count_max = maximum;
        return std::move(*this);
    }

    [[nodiscard]] Write&& audited(const Change& what) && {
        change = &what;
        return std::move(*this);
    }

    [[nodiscard]] Write&& noted(const DeviceEvent& what) && {
        event = &what;
        return std::move(*this);
    }
};

/// One row of a batch.
struct IndividualWrite {
    IndividualEnrollment enrollment;
    Expected expected;
};

/// How many there are.
struct ScopeCounts {
    std::int64_t enrollments = 0; // individual
    std::int64_t enrollment_groups = 0;
    std::int64_t registrations = 0;
};

/// What an erased record leaves behind (planning.h, remains_of).
using Remains = std::function<std::optional<RegistrationRecord>(const RegistrationRecord& erased)>;

/// How many devices of the scope are assigned to the hub, or on their way to it.
struct HubCount {
    HubName hub;
    std::int64_t devices = 0;
};

/// Keys of every method: the instance's ID scope, and the id without regard to case.
class EnrollmentStore {
  public:
    virtual ~EnrollmentStore() = default;

    virtual Result<std::optional<IndividualEnrollment>>
    find_individual(const IdScope& scope, const RegistrationId& id) = 0;
    virtual Result<void> save(const IdScope& scope, const IndividualEnrollment& enrollment,
                              const Write& write) = 0;
    /// One transaction, an outcome for each row: a refused row (conflict, already_exists,
    /// quota_exceeded) leaves the others alone. Ids within a batch differ. `batch` carries the
    /// quota and the one audit entry, which is written as settled_change() leaves it
    /// (batch_audit.h); its expected version is not used. The outer error means that nothing was
    /// written.
    virtual Result<std::vector<Result<void>>>
    save_all(const IdScope& scope, std::span<const IndividualWrite> rows, const Write& batch) = 0;
    /// Those of the ids that are there, in any order; for deciding about a batch.
    virtual Result<std::vector<IndividualEnrollment>>
    find_individuals(const IdScope& scope, std::span<const RegistrationId> ids) = 0;
    /// Removes the enrollment, and its registration record with it, in one transaction (dps-service
    /// 9.5). `remains` is called within it with the record, if there is one that was not erased
    /// before: what is left of it is stored; nothing is left: the record is deleted.
    virtual Result<void> erase_individual(const IdScope& scope, const RegistrationId& id,
                                          const Write& write, const Remains& remains) = 0;

    virtual Result<std::optional<EnrollmentGroup>> find_group(const IdScope& scope,
                                                              const EnrollmentGroupId& id) = 0;
    virtual Result<void> save(const IdScope& scope, const EnrollmentGroup& group,
                              const Write& write) = 0;
    virtual Result<void> erase_group(const IdScope& scope, const EnrollmentGroupId& id,
                                     const Write& write) = 0;

    /// Every group of the scope, ordered by folded id. Groups are few; individuals are not.
    virtual Result<std::vector<EnrollmentGroup>> groups(const IdScope& scope) = 0;

    /// Grows with every change of a group of the scope; lets groups() be cached by its readers.
    virtual Result<std::int64_t> groups_revision(const IdScope& scope) = 0;

    /// Individuals after `after` (folded id, empty for the start), ordered by folded id.
    virtual Result<std::vector<IndividualEnrollment>>
    individuals(const IdScope& scope, const std::string& after, std::size_t count_max) = 0;

    /// The same, those that the filter matches. Looks at rows in order and in bounded batches until
    /// it has `count_max` matches or the scope ends.
    virtual Result<std::vector<IndividualEnrollment>>
    individuals_where(const IdScope& scope, const EnrollmentFilter& filter,
                      const std::string& after, std::size_t count_max) = 0;

    virtual Result<ScopeCounts> counts(const IdScope& scope) = 0;

    /// The client certificate of another individual enrollment is not accepted twice
    /// (dps-service 14, 15): the id that holds this SHA-256 thumbprint, if any.
    virtual Result<std::optional<RegistrationId>>
    individual_with_thumbprint(const IdScope& scope, const std::string& sha256_thumbprint) = 0;
};

/// A record that was erased (RegistrationRecord::erased) is found by find() and unfinished() only;
/// it is in no list and counts for no quota.
class RegistrationStore {
  public:
    virtual ~RegistrationStore() = default;

    virtual Result<std::optional<RegistrationRecord>> find(const IdScope& scope,
                                                           const RegistrationId& id) = 0;
    /// A record that is there but erased and comes back counts as a creation for `count_max`.
    virtual Result<void> save(const IdScope& scope, const RegistrationRecord& record,
                              const Write& write) = 0;
    /// Nothing is left of it.
    virtual Result<void> erase(const IdScope& scope, const RegistrationId& id,
                               const Write& write) = 0;

    /// Records decided by the group, ordered by folded id, after `after`.
    virtual Result<std::vector<RegistrationRecord>> of_group(const IdScope& scope,
                                                             const EnrollmentGroupId& group,
                                                             const std::string& after,
                                                             std::size_t count_max) = 0;

    /// Records assigned to the hub, ordered by folded id, after `after`. One whose plan ends at
    /// another hub is still among them.
    virtual Result<std::vector<RegistrationRecord>> at_hub(const IdScope& scope, const HubName& hub,
                                                           const std::string& after,
                                                           std::size_t count_max) = 0;

    /// Every record of the scope, ordered by folded id, after `after`.
    virtual Result<std::vector<RegistrationRecord>>
    all(const IdScope& scope, const std::string& after, std::size_t count_max) = 0;

    /// Records with an unfinished plan or chores, ordered by folded id, after `after`. Those that
    /// cannot be read are logged and left out: they must not keep the others from being finished.
    virtual Result<std::vector<RegistrationRecord>>
    unfinished(const IdScope& scope, const std::string& after, std::size_t count_max) = 0;

    /// Of each hub that has any: records by the hub of their plan, else of their assignment.
    virtual Result<std::vector<HubCount>> hub_counts(const IdScope& scope) = 0;
};

class InstanceStore {
  public:
    virtual ~InstanceStore() = default;
    virtual Result<std::vector<Instance>> all() = 0;
    /// The change that makes a new one goes into the server's chain, too. Error: also
    /// already_exists, if another scope has the name.
    virtual Result<void> save(const Instance& instance, const Write& write) = 0;
    /// Removes up to `rows_max` rows of everything that the scope holds, the instance itself and
    /// its audit chain not counted; false once nothing is left.
    virtual Result<bool> purge(const IdScope& scope, std::size_t rows_max) = 0;
    /// The instance and its audit chain; the change goes into the server's chain.
    virtual Result<void> erase(const IdScope& scope, const Change& change) = 0;
};

} // namespace muster::provisioning
